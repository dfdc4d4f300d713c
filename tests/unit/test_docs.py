"""The pages that are written from docstrings are up to date, and nothing claims too much."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_nothing_we_print_claims_that_a_cluster_is_compliant() -> None:
    allowed = {"compliance", "compliancies", "compliancy"}
    for file in (ROOT / "haven_iac").rglob("*.py"):
        for word in re.findall(r"[A-Za-z]*complian[A-Za-z]*", file.read_text()):
            assert word.lower() in allowed or word[0].isupper(), f"{file}: {word}"

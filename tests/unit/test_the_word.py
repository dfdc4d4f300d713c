"""Without a result of the checker, no command and no report says that a cluster has what only the checker can give."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from haven_iac.cli import app as command
from haven_iac.compliance.formats import KINDS
from haven_iac.compliance.words import LANGUAGES
from tests.mutations import MUTATIONS, document

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"compliant|voldoet aan (de )?haven|conform haven", re.IGNORECASE)
TOPICS = ("one zone", "nothing but nodes", "a sandbox", "a deviation changes nothing", "as it is")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    for number, name in enumerate(TOPICS):
        spec = document(**MUTATIONS[name][0])
        file = tmp_path / "stacks" / f"Pulumi.s{number}.yaml"
        file.write_text(yaml.safe_dump({"config": {"haven:cluster": spec}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAVEN_PROJECT", str(tmp_path))
    return tmp_path


def say(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.argv", ["haven-iac", *words])
    with pytest.raises(SystemExit):
        command.main()
    written = capsys.readouterr()
    return written.out + written.err


def commands() -> Iterator[list[str]]:
    """Return every subcommand there is, those of groups too."""
    root: Any = typer.main.get_command(command.app)
    queue: list[tuple[list[str], Any]] = [([], root)]
    while queue:
        words, one = queue.pop()
        yield words
        queue += [([*words, name], inner) for name, inner in getattr(one, "commands", {}).items()]


EVERY = sorted(commands())
OFFLINE: list[list[str]] = [
    ["validate", "--all"],
    ["validate", "--all", "--json"],
    ["schema"],
    ["schema", "--file"],
    ["data", "show"],
    ["data", "show", "--yaml"],
    ["data", "show", "--json"],
    ["verify", "--print-rbac"],
    ["verify", "--print-rbac", "--json"],
    ["verify", "history", "--offline"],
    ["verify", "history", "--offline", "--lang", "nl"],
    ["toolchain", "list"],
    ["versions"],
    ["mirror", "list"],
    ["status", "-s", "nobody"],
    ["verify", "-s", "nobody"],
    ["plan", "-s", "nobody", "--json"],
]


@pytest.mark.parametrize("words", EVERY, ids=[" ".join(words) or "haven-iac" for words in EVERY])
def test_no_help_says_it(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = say(*words, "--help", monkeypatch=monkeypatch, capsys=capsys)
    assert "Usage" in text
    assert not WORD.search(text)


@pytest.mark.parametrize("words", OFFLINE, ids=[" ".join(words) for words in OFFLINE])
def test_no_command_says_it(
    words: list[str], project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = say(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert text.strip()
    assert not WORD.search(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(len(TOPICS)), ids=TOPICS)
def test_no_plan_and_no_report_of_one_says_it(
    number: int,
    language: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [f"verdict{suffix}" for suffix in KINDS]
    reports = [word for file in files for word in ("--report", file)]
    common = ("plan", "-s", f"s{number}", "--lang", language, "--profile", "bio2")
    text = say(*common, "--html", "plan.html", *reports, monkeypatch=monkeypatch, capsys=capsys)
    text += say(*common, "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert "written to verdict.html" in text
    for content in (text, *((project / file).read_text() for file in [*files, "plan.html"])):
        assert len(content) > 1000
        assert not WORD.search(content)


def test_the_pages_of_the_project_do_not_promise_it_either() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for line in page.read_text().splitlines():
            assert not WORD.search(line) or "evidence" in line.lower(), f"{page}: {line}"

"""The page in a real browser: nothing in it runs, nothing sticks out, and it can be printed."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from haven_iac.compliance.dossier import Dossier
from haven_iac.compliance.formats import render
from tests.unit.test_compliance_formats import HOSTILE, explained, hostile

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not BROWSER, reason="there is no Chromium on this machine")

POLICY = re.compile(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")
PROBE = """<script>
window.alert = () => { document.body.dataset.ran = "yes" };
addEventListener("load", () => {
  const all = [...document.querySelectorAll("body *")], drawing = document.querySelector("svg").getBoundingClientRect();
  const seen = {
    scripts: document.scripts.length, images: document.images.length, links: document.links.length,
    handlers: all.filter(one => [...one.attributes].some(a => a.name.startsWith("on"))).length,
    wide: document.documentElement.scrollWidth - innerWidth, drawn: [drawing.width > 100, drawing.height > 50],
    text: document.body.innerText, language: document.documentElement.lang,
  };
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
  document.body.append(told);
});
</script>"""


def browse(folder: Path, page: str, *flags: str) -> str:
    """Open a page and return its document as the browser has it."""
    file = folder / "page.html"
    file.write_text(page)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [BROWSER, *options, *flags, file.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


@pytest.mark.parametrize(
    ("make", "language", "width"), [(hostile, "en", 1200), (explained, "nl", 600)], ids=["hostile names", "narrow"]
)
def test_the_page_is_inert_and_fits(make: Callable[[], Dossier], language: str, width: int, tmp_path: Path) -> None:
    page = render(make(), ".html", language)
    assert len(POLICY.findall(page)) == 1
    open_to_scripts = POLICY.sub("", page).replace("</head>", f"{PROBE}</head>", 1)
    found = browse(tmp_path, open_to_scripts, f"--window-size={width},2000", "--dump-dom")
    told = re.search(r'<pre id="told">([^<]*)</pre>', found)
    assert told, found[:2000]
    seen = json.loads(base64.b64decode(told[1]))
    assert "data-ran" not in found
    assert (seen["scripts"], seen["images"], seen["links"], seen["handlers"]) == (1, 0, 0, 0)  # the probe's own
    assert seen["wide"] <= 0
    assert seen["drawn"] == [True, True]
    assert seen["language"] == language
    if make is hostile:
        assert HOSTILE[:60] in seen["text"]


def test_the_page_can_be_printed(tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browse(tmp_path, render(explained(), ".html", "nl"), f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    pages = re.findall(rb"/Type\s*/Page\b", paper.read_bytes())
    assert 2 < len(pages) < 20

"""Makes the pictures in docs/screenshots: runs the real command on a cluster of its own, in a terminal of its own.

Run `python docs/screenshots.py`. The page is pictured with Chromium; without one that picture is left as it is.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "screenshots"
COLUMNS = 120
TITLES = {"plan": "haven-iac plan", "up": "haven-iac up", "status": "haven-iac status"}


def terminal(project: Path, *words: str) -> str:
    """Run the command in a terminal and return what it wrote, colours included."""
    reader, writer = pty.openpty()
    env = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "haven_iac.cli.app", *words],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    text = b""
    while True:
        try:
            block = os.read(reader, 65536)
        except OSError:
            break
        if not block:
            break
        text += block
    os.close(reader)
    if process.wait():
        raise SystemExit(text.decode(errors="replace"))
    return text.decode(errors="replace")


def last_picture(text: str) -> str:
    """Return what stands on the screen in the end: lines that were drawn over are gone."""
    lines: list[str] = []
    row = 0
    for piece in text.replace("\r\n", "\n").split("\n"):
        ups = piece.count("\x1b[1A")
        row -= ups
        shown = piece.rsplit("\x1b[2K", 1)[-1].rsplit("\r", 1)[-1]
        shown = shown.replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[1A", "")
        row = max(row, 0)
        del lines[row:]
        lines.append(shown)
        row += 1
    return "\n".join(lines)


def picture(name: str, text: str) -> None:
    """Write one SVG."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(last_picture(text)))
        console.save_svg(str(FOLDER / f"{name}.svg"), title=TITLES[name])


def page(project: Path) -> None:
    """Write the picture of the page that `plan --html` makes."""
    file = project / "plan.html"
    terminal(project, "plan", "--html", str(file))
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print("no Chromium here: docs/screenshots/page.png is left as it is", file=sys.stderr)
        return
    size = "--window-size=1200,2000"
    target = f"--screenshot={FOLDER / 'page.png'}"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size, target]
    subprocess.run([browser, *flags, file.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Make every picture."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "voorbeeld"
        project.mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        picture("plan", terminal(project, "plan"))
        page(project)
        try:
            picture("up", terminal(project, "up", "--yes"))
            picture("status", terminal(project, "status"))
        finally:
            terminal(project, "destroy", "--yes")


if __name__ == "__main__":
    main()

"""Bad stack files, each with what the command says of it; `HAVEN_UPDATE_GOLDEN=1` writes the answers anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from haven_iac.cli import app
from haven_iac.errors import ExitCode

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "golden" / "bad").glob("*.yaml"))
ALLOWED = {ExitCode.SPEC, ExitCode.CLOUD, ExitCode.VERDICT}


def say(
    project: Path, *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Return the exit status of the command, and what it wrote."""
    monkeypatch.chdir(project)
    monkeypatch.setattr("sys.argv", ["haven-iac", *words])
    with pytest.raises(SystemExit) as ended:
        app.main()
    written = capsys.readouterr()
    return int(str(ended.value.code or 0)), written.out + written.err


def project_with(case: Path, folder: Path) -> Path:
    """Return a project whose stack `bad` is that file."""
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks" / "profiles", folder / "stacks" / "profiles")
    shutil.copy(case, folder / "stacks" / "Pulumi.bad.yaml")
    return folder


def test_there_are_enough() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_bad_input_is_explained_and_nothing_is_made(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = project_with(case, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    status, text = say(project, "up", "-s", "bad", monkeypatch=monkeypatch, capsys=capsys)
    assert status in ALLOWED, text
    assert "Traceback" not in text
    assert sorted(tmp_path.rglob("*")) == before
    lines = text.splitlines()
    assert lines
    for line in lines:
        assert line.startswith("HVN"), text
        assert "; " in line, line
    golden = case.with_suffix(".txt")
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()

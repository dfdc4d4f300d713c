"""What a killed engine leaves half-written beside its state is taken away, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from haven_iac.deploy.backend import SETTLED, mend


def test_only_what_was_cut_short_goes(tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "haven"
    folder.mkdir(parents=True)
    files = {
        "lab.json": "{}",
        "lab.json.attrs": "",
        "lab.json.18eb24c2da505573.tmp": "{",
        "lab.json.bak": "{}",
        "lab.json.bak.attrs": '{"md5": "x"}',
        "new.json.attrs": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (100, 100))
    os.utime(folder / "new.json.attrs", (200, 200))
    assert mend(tmp_path, 200 + SETTLED / 2)
    assert {file.name for file in folder.iterdir()} == {
        "lab.json",
        "lab.json.bak",
        "lab.json.bak.attrs",
        "new.json.attrs",
    }
    assert not mend(tmp_path, 200 + SETTLED)
    assert not (folder / "new.json.attrs").exists()

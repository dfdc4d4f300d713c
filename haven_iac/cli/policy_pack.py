"""`haven-iac policy-pack`: Haven's checks as a Pulumi policy pack, ready to use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, emit
from haven_iac.errors import ToolchainError

Directory = Annotated[
    Path | None,
    typer.Option("--directory", "-d", file_okay=False, help="Where to put it; the cache of this machine if unset."),
]

_FILES = ("PulumiPolicy.yaml", "__main__.py", "requirements.txt")
_STAMP = "made-with.txt"
_PATHS = "haven-iac.pth"
"""File in the pack's environment that lets it find this haven-iac, behind its own packages."""


def policy_pack(directory: Directory = None, as_json: JsonOption = False) -> None:
    """Make a Pulumi policy pack of Haven's checks, once, and print its folder for `pulumi --policy-pack`.

    It has an environment of its own, because the policy library and haven-iac want different versions of others; that
    library comes from your package index. `compliance.enforce: mandatory` makes a failing check stop the run, with the
    pack or without.
    """
    folder = (directory or _cache()).absolute()
    made = make(folder)
    if as_json:
        emit({"folder": str(folder), "made": made})
    else:
        print(folder)


def _cache() -> Path:
    import hashlib

    from haven_iac.toolchain.cache import cache_folder

    return cache_folder().parent / f"policy-pack-{hashlib.sha256(_stamp().encode()).hexdigest()[:12]}"


def _stamp() -> str:
    """Return what a pack is made of: this Python, this haven-iac, and the pack's own files."""
    return "\n".join([sys.executable, str(_root()), *((source() / name).read_text() for name in _FILES)])


def source() -> Path:
    """Return the folder of the pack in this package."""
    return Path(__file__).parents[1] / "compliance" / "policy_pack"


def make(folder: Path) -> bool:
    """Make the pack in a folder, or leave it when it is as it should be; return whether it was made.

    Raises:
        ToolchainError: its environment could not be made.
    """
    stamp, record = _stamp(), folder / _STAMP
    if record.is_file() and record.read_text() == stamp and (folder / "venv" / "bin" / "python").exists():
        return False
    run.say(f"making the policy pack in {folder}; its library comes from your package index")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record.unlink(missing_ok=True)
        for name in _FILES:
            shutil.copy(source() / name, folder / name)
        _environment(folder)
        record.write_text(stamp)
    except OSError as error:
        raise ToolchainError(
            f"{folder} cannot be used for the policy pack: {error.strerror}", fix="name another folder with --directory"
        ) from None
    return True


def _environment(folder: Path) -> None:
    venv = folder / "venv"
    python = venv / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise ToolchainError(
                f"the environment of the policy pack could not be made: {' '.join(said)}",
                fix="see that your package index can be reached (pip config list), and run this again",
            )
    [packages] = venv.glob("lib/python*/site-packages")
    # Behind the pack's own packages: what it has itself goes first.
    (packages / _PATHS).write_text(f"{_root()}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")


def _root() -> Path:
    return Path(__file__).parents[2]

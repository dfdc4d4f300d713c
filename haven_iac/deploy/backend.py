"""Where state lives when nobody said where: a file backend and a generated passphrase inside the project."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from haven_iac.errors import DeployError
from haven_iac.project import Project
from haven_iac.toolchain import Tools, pulumi_home

SETTLED = 2.0
"""Seconds after which nobody writes to a small file any more."""

_SALT = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)


def configured(project: Project) -> bool:
    """Return whether the user has chosen a backend: by variable, in Pulumi.yaml, or by logging in."""
    if os.environ.get("PULUMI_BACKEND_URL"):
        return True
    if re.search(r"^backend:", (project.root / "Pulumi.yaml").read_text(), re.MULTILINE):
        return True
    try:
        return bool(json.loads((pulumi_home() / "credentials.json").read_text()).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


def own_state(project: Project) -> Path:
    """Return the folder of our own file backend."""
    return project.state / "state"


def _passphrase(project: Project) -> Path:
    return project.state / "passphrase"


def environment(project: Project, tools: Tools, say: Callable[[str], None]) -> dict[str, str]:
    """Return everything that the engine needs to know.

    Args:
        project: whose stacks are run.
        tools: where the engine is.
        say: is told once when a passphrase was generated.
    """
    private = project.state / "tmp"
    project.state.mkdir(mode=0o700, exist_ok=True)
    private.mkdir(mode=0o700, exist_ok=True)
    # The Kubernetes plugin leaves kubeconfigs in the temporary folder: this one is private and goes after the run.
    env = {**tools.env(), "TMPDIR": str(private)}
    if configured(project):
        return env
    own_state(project).mkdir(mode=0o700, parents=True, exist_ok=True)
    if mend(own_state(project), time.time()):
        time.sleep(SETTLED)
        mend(own_state(project), time.time())
    env["PULUMI_BACKEND_URL"] = own_state(project).as_uri()
    if not (os.environ.get("PULUMI_CONFIG_PASSPHRASE") or os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")):
        file = _passphrase(project)
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(secrets.token_urlsafe(32))
            say(f"state is kept in {own_state(project)}, encrypted with the passphrase in {file}")
        env["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(file)
    return env


def mend(folder: Path, now: float) -> bool:
    """Remove what an engine that was killed left half-written; the state itself is always whole.

    Beside each file the backend keeps another one with what kind of file it is, which it writes in place: cut short, it
    keeps the stack from being read, and missing it does no harm.

    Args:
        folder: of the file backend.
        now: seconds since 1970; what is younger than a few seconds is somebody's at work.

    Returns:
        Whether something that keeps a stack from being read was left alone, as it is that young.
    """
    young = False
    for file in folder.glob(".pulumi/stacks/**/*.json*"):
        with contextlib.suppress(OSError):
            if file.suffix == ".tmp" or (file.suffix == ".attrs" and not _whole(file)):
                if now - file.stat().st_mtime >= SETTLED:
                    file.unlink()
                else:
                    young = young or file.suffix == ".attrs"
    return young


def _whole(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_text()), dict)
    except ValueError:
        return False


def forget_stale_salt(project: Project, stack: str) -> None:
    """Drop a salt that belongs to state which is gone, so that a new passphrase can be used.

    Raises:
        DeployError: the file holds encrypted values that only the lost passphrase can read.
    """
    file = project.stack_file(stack)
    if configured(project) or _passphrase(project).exists() or not file.is_file():
        return
    if os.environ.get("PULUMI_CONFIG_PASSPHRASE") or os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        return
    text = file.read_text()
    if not _SALT.search(text):
        return
    if "secure:" in text:
        raise DeployError(
            f"{file} holds values that were encrypted with a passphrase which is not here",
            fix="set PULUMI_CONFIG_PASSPHRASE_FILE to it, or set those secrets again",
        )
    file.write_text(_SALT.sub("", text))


def clean(project: Project, stack: str) -> None:
    """Remove what a destroyed stack leaves in our own backend; the passphrase goes with the last secret."""
    shutil.rmtree(project.state / "tmp", ignore_errors=True)
    shutil.rmtree(project.verdicts(stack), ignore_errors=True)
    with contextlib.suppress(OSError):
        project.verdicts(stack).parent.rmdir()
    for name in (f"{stack}.run.json", f"{stack}.plan.json", f"{stack}.look.json"):
        (project.state / name).unlink(missing_ok=True)
    if not _passphrase(project).exists():
        return
    left = [p for p in own_state(project).rglob("stacks/**/*.json")]
    if left:
        return
    files = [project.stack_file(name) for name in project.stack_names()]
    if any("secure:" in file.read_text() for file in files):
        return
    for file in files:
        text = file.read_text()
        if _SALT.search(text):
            file.write_text(_SALT.sub("", text))
    shutil.rmtree(own_state(project), ignore_errors=True)
    _passphrase(project).unlink(missing_ok=True)
    if project.state.is_dir() and not any(project.state.iterdir()):
        project.state.rmdir()

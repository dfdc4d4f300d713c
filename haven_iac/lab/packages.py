"""OpenStack's Python packages in an environment of their own, and the database server of the system.

Installed once, from the user's own package index, in versions that are pinned; never vendored.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from haven_iac.clouds.local.lock import locked
from haven_iac.errors import LabError
from haven_iac.lab.place import Place

INSIDE = Path(__file__).parent / "inside"
"""What runs in that environment: the package `haven_lab` there."""

_LISTS = (INSIDE / "requirements.txt", INSIDE / "constraints.txt")
_OLDEST, _NEWEST = (3, 11), (3, 12)
"""Versions of Python that OpenStack 2025.1 was tested with and that this project takes."""

_SERVER = ("mariadbd", "mariadb", "mariadb-install-db")
_PACKAGES = ("mariadb-server-core", "mariadb-client-core")
_WAIT = 1800.0
"""Seconds that another run which installs is waited for."""

Say = Callable[[str], None]


def venv(place: Place) -> Path:
    """Return the folder of the environment for the pinned versions, whether it is there or not."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _LISTS)).hexdigest()[:12]
    return place.cache / f"openstack-{digest}"


def python(place: Place) -> Path:
    """Return the interpreter of the environment."""
    return venv(place) / "bin" / "python"


def database_tool(name: str) -> str | None:
    """Return where a program of the database server is, or None."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


def ensure(place: Place, say: Say) -> None:
    """Install what is missing.

    Raises:
        LabError: something cannot be installed; nothing half-made is taken for whole later.
    """
    _database(say)
    if _whole(place):
        return
    place.cache.mkdir(parents=True, exist_ok=True)
    with locked(venv(place), _WAIT):
        if not _whole(place):
            _install(place, say)


def missing(place: Place) -> list[str]:
    """Return what `ensure` would have to install."""
    absent = [] if _whole(place) else ["OpenStack's Python packages (about 700 MB, once)"]
    return absent + ([] if all(map(database_tool, _SERVER)) else [" and ".join(_PACKAGES)])


def _mark(place: Place) -> Path:
    return venv(place) / ".installed"


def _whole(place: Place) -> bool:
    return _mark(place).is_file() and python(place).exists()


def _database(say: Say) -> None:
    if all(map(database_tool, _SERVER)):
        return
    wanted = " ".join(_PACKAGES)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LabError("the database server MariaDB is not here", fix=f"install it as root: apt-get install {wanted}")
    say(f"installing {wanted}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *_PACKAGES]):
        done = subprocess.run(["apt-get", *argv], env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(
                f"apt-get {argv[0]} failed: {_last(done.stderr or done.stdout)}",
                fix=f"install {wanted}, then run again",
            )


def _install(place: Place, say: Say) -> None:
    folder, log = venv(place), place.cache / "install.log"
    say("installing OpenStack's Python packages from your package index; once")
    if folder.exists():
        shutil.rmtree(folder)
    lists = ["--quiet", "--constraint", str(_LISTS[1]), "--requirement", str(_LISTS[0])]
    pip = [str(python(place)), "-m", "pip"]
    with log.open("wb") as output:

        def run(*argv: str) -> bool:
            env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            return not subprocess.run(argv, stdout=output, stderr=subprocess.STDOUT, env=env, check=False).returncode

        # uv takes a tenth of the time; where it cannot be had, pip does it.
        done = run(_interpreter(), "-m", "venv", str(folder)) and (
            (
                run(*pip, "install", "--quiet", "uv")
                and run(str(folder / "bin" / "uv"), "pip", "install", "--python", str(python(place)), *lists)
            )
            or run(*pip, "install", *lists)
        )
        if not done:
            raise LabError(
                f"installing OpenStack's packages failed: {_last(log.read_text(errors='replace'))}",
                fix=f"the whole log is {log}; check that your package index can be reached, and run again",
            )
        run(str(python(place)), "-m", "compileall", "-q", "-j", "0", str(folder / "lib"))
    _mark(place).touch()


def _interpreter() -> str:
    """Return a Python that OpenStack runs on: our own if it is one.

    Raises:
        LabError: there is none.
    """
    if _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return sys.executable
    for version in (_NEWEST, _OLDEST):
        if found := shutil.which(f"python{version[0]}.{version[1]}"):
            return found
    raise LabError(
        f"OpenStack 2025.1 runs on Python {_OLDEST[0]}.{_OLDEST[1]} and {_NEWEST[0]}.{_NEWEST[1]}, and neither is here",
        fix=f"install python{_NEWEST[0]}.{_NEWEST[1]} with its venv module",
    )


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return " | ".join(lines[-3:])[:500] or "it said nothing"

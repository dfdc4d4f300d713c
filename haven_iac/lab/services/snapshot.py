"""A filled lab kept in the cache, so that the next one starts in seconds."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from haven_iac.errors import LabError
from haven_iac.lab.packages import INSIDE, database_tool
from haven_iac.lab.place import Place
from haven_iac.lab.services import configuration, database, schemas, settings
from haven_iac.lab.services.database import Database
from haven_iac.lab.services.settings import Settings

_PARTS = ("mysql", "keystone", "images")
_ORIGIN = "origin.txt"
"""In the archive: the state folder that it was made in; Glance's records hold it."""


def path(place: Place, lab: Settings) -> Path:
    """Return where the snapshot for exactly this kind of lab is, whether it is there or not."""
    digest = hashlib.sha256()
    sources = (INSIDE / "content.py", INSIDE / "requirements.txt", INSIDE / "constraints.txt")
    ours = [Path(str(module.__file__)) for module in (configuration, database, schemas, settings)]
    for source in (*sources, *ours):
        digest.update(source.read_bytes())
    digest.update(",".join(lab.services).encode())
    digest.update(_version().encode())
    return place.cache / f"snapshot-{digest.hexdigest()[:16]}.tar.gz"


def restore(archive: Path, lab: Settings) -> bool:
    """Fill the state folder from a snapshot; return whether there was a usable one."""
    if not archive.is_file():
        return False
    done = subprocess.run(["tar", "-xzf", str(archive), "-C", str(lab.state)], capture_output=True, check=False)
    if done.returncode:  # damaged: it will be made again
        archive.unlink(missing_ok=True)
        for part in _PARTS:
            shutil.rmtree(lab.state / part, ignore_errors=True)
    return done.returncode == 0


def adopt(lab: Settings, server: Database) -> None:
    """Correct, in the running database, what depends on the folder that the snapshot was made in."""
    origin = lab.state / _ORIGIN
    if not origin.is_file():
        return
    before = origin.read_text().strip()
    if before != str(lab.state):
        change = f"REPLACE(value, 'file://{before}/', 'file://{lab.state}/')"
        server.sql(f"UPDATE glance.image_locations SET value = {change}")  # noqa: S608  (our own paths)
    origin.unlink()


def keep(archive: Path, lab: Settings) -> None:
    """Make a snapshot; the database server is stopped, and nothing else changes its files.

    Raises:
        LabError: it cannot be written.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".snapshot", dir=archive.parent) as folder:
        origin, part = Path(folder) / _ORIGIN, Path(folder) / "part"
        origin.write_text(str(lab.state))
        argv = ["tar", "-I", "gzip -1", "-cf", str(part), "-C", folder, _ORIGIN, "-C", str(lab.state), *_PARTS]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"the snapshot {archive} cannot be written: {done.stderr.strip()}")
        os.replace(part, archive)


def _version() -> str:
    """Return the version of the database server, whose files the snapshot holds."""
    program = database_tool("mariadbd")
    if program is None:
        return ""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()

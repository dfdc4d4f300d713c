"""One run at a time in one folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haven_iac.errors import DeployError

WAIT_SECONDS = 180.0
"""How long another run is waited for: longer than any start or stop takes."""


@contextmanager
def locked(folder: Path, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a folder alone.  The lock lies beside it, ends with its holder, and leaves no file behind.

    Raises:
        DeployError: another process holds it for too long.
    """
    path = folder.parent / f".{folder.name}.lock"
    deadline = time.monotonic() + seconds
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(handle, path):
                break
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
                os.close(handle)
                raise DeployError(
                    f"process {holder or 'unknown'} has been working on the local cluster in {folder} "
                    f"for {seconds:.0f} seconds",
                    fix="wait for it, or end it",
                ) from None
            time.sleep(0.1)
        os.close(handle)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _same(handle: int, path: Path) -> bool:
    """Return whether the file that we locked is still the one at its path; its last holder removes it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False

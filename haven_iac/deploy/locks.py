"""Who holds a stack in a file backend; a lock is cleared only when its holder is dead."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from haven_iac.errors import StackLockedError

PATIENCE = 60.0
"""Seconds that an engine whose command was killed gets to finish what is in flight."""


@dataclass(frozen=True)
class Lock:
    """One lock file."""

    path: Path
    pid: int
    user: str
    host: str
    since: str

    @property
    def here(self) -> bool:
        """Return whether the holder ran on this machine."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Return whether the holder still runs; one on another machine is taken to be alive."""
        return not self.here or _is_engine(self.pid)


def locks(backend: str, project: str, stack: str) -> list[Lock]:
    """Return the locks of one stack; empty for a backend that keeps no files on this machine.

    Args:
        backend: URL of the backend.
        project: name in Pulumi.yaml.
        stack: name of the stack.
    """
    url = urlparse(backend)
    if url.scheme != "file":
        return []
    folder = Path(unquote(url.path)) / ".pulumi" / "locks" / "organization" / project / stack
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            data = json.loads(path.read_text())
            found.append(Lock(path, int(data["pid"]), data["username"], data["hostname"], data["timestamp"]))
        except (OSError, ValueError, KeyError):
            continue
    return found


def clear_stale(found: list[Lock], orphan: int | None, say: Callable[[str], None]) -> None:
    """Remove locks whose holder is dead.

    Args:
        found: what `locks` returned.
        orphan: pid of an engine whose command is dead; it is asked to stop and waited for.
        say: is told what is done.

    Raises:
        StackLockedError: somebody who is alive holds the stack.
    """
    for lock in found:
        if lock.alive and lock.here and lock.pid == orphan:
            say(f"the engine of an earlier run (process {lock.pid}) is still at work; asking it to stop")
            _stop(lock.pid)
        if lock.alive:
            where = f"process {lock.pid}" if lock.here else f"process {lock.pid} on {lock.host}"
            raise StackLockedError(
                f"the stack is locked by {lock.user}, {where}, since {lock.since[:19]}",
                fix="wait for that run, or stop it with Ctrl-C where it runs",
            )
        lock.path.unlink(missing_ok=True)
        say(f"cleared the lock of process {lock.pid}, which is gone")


def _is_engine(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX" and b"pulumi" in os.path.basename(words[0])


def _stop(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    os.kill(pid, signal.SIGINT)
    while _is_engine(pid) and time.monotonic() < deadline:
        time.sleep(0.2)

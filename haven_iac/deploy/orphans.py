"""Processes that a killed run has left: plugins of an engine that is dead go on by themselves."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from haven_iac.interrupted import MARK

PATIENCE = 10.0
"""Seconds that a process gets to end before it is killed."""


def new_mark() -> str:
    """Return a value for one run."""
    return secrets.token_hex(16)


def carrying(mark: str) -> Iterator[int]:
    """Yield every process of one run."""
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)


def end(mark: str) -> int:
    """End what a dead run has left, and return how many processes that were."""
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while found := list(carrying(mark)):
        late = time.monotonic() > deadline
        for pid in found:
            if late or pid not in ended:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
                ended.add(pid)
        time.sleep(0.1)
    return len(ended)

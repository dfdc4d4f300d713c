"""One process kept running, as the kubelet keeps a container running."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LONGEST_PAUSE = 30.0
"""Seconds between two starts, at most."""

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One container's program.

    Args:
        command: to run.
        environment: all of it.
        log: file for its output.
        once: it is not started again after its end.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, *, once: bool = False
    ) -> None:
        self.command, self.environment, self.log, self.once = list(command), dict(environment), log, once
        self.restarts = 0
        self.exit_code: int | None = None
        self._pause, self._started, self._retry_at = 1.0, 0.0, 0.0
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Return whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def ended(self) -> int | None:
        """Return the exit status of what runs once and has ended, else None."""
        return self._child.poll() if self.once and self._child else None

    @property
    def settled(self) -> bool:
        """Return whether it runs well, as far as can be seen."""
        return self.running and (self.exit_code is None or time.monotonic() - self._started > 5)

    def keep(self) -> None:
        """Start it, or start it again once the pause after a crash is over."""
        if self.running or self.ended is not None:
            return
        now = time.monotonic()
        if self._child is not None:
            self.exit_code = self._child.returncode
            self._child = None
            self._pause = 1.0 if now - self._started > 60 else min(self._pause * 2, LONGEST_PAUSE)
            self._retry_at = now + self._pause
            self.restarts += 1
        if now < self._retry_at:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"+ {' '.join(self.command)}\n".encode())
            log.flush()
            self._child = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self._started = now

    def terminate(self) -> None:
        """Ask it to end."""
        if self._child and self.running:
            self._child.terminate()

    def wait(self, grace: float = 10.0) -> None:
        """Wait until it has ended; after the grace it is ended."""
        if not self._child or not self.running:
            return
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def last_words(self) -> str:
        """Return the last line of the log, for the pod's status."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, os.path.getsize(self.log) - 4096))
                lines = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:1000] if lines else ""

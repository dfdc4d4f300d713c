"""Processes that outlive the command, known so well that no stranger is ever ended.

A process is ours when its pid, its start time and the folder that it works in are all as recorded.  The folder is
compared by identity, not by name: a project that was moved keeps its processes, a copy of it never touches them.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

MARK = "HAVEN_IAC_PROCESS"
"""Environment variable that every process of ours carries; its value is the process's name."""

STOP_SECONDS = 15.0
"""How long a process may take to end before it is killed."""

LOG_BYTES = 20 * 2**20
"""A log that is larger is emptied at the next start."""


class State(StrEnum):
    """What became of a process."""

    RUNNING = "running"
    DEAD = "dead"
    """It was started, nobody stopped it, and it is gone."""
    STOPPED = "not started"


@dataclass(frozen=True)
class Process:
    """One process of ours."""

    name: str
    pid: int
    started: str
    """The boot's id, and when it started in clock ticks since then."""
    fingerprint: str
    """Of everything it was started with; another one means that it has to be started again."""

    @property
    def memory(self) -> int:
        """Return its resident memory in bytes; 0 when it does not run."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            return 0

    @property
    def age(self) -> float:
        """Return for how many seconds it has been running."""
        ticks = int(self.started.rpartition(":")[2])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return max(0.0, uptime - ticks / os.sysconf("SC_CLK_TCK"))


def started(pid: int) -> str | None:
    """Return when a process started, or None when there is none (or only its corpse)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"


class Processes:
    """The processes of one cluster, recorded in its folder.

    Args:
        folder: where they are recorded, and work.
        moves_to: where they work after their start, for programs that choose that themselves.
    """

    def __init__(self, folder: Path, moves_to: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._works_in = (moves_to or folder).absolute()
        self._run = self._folder / "run"

    def recorded(self, name: str) -> Process | None:
        """Return a process as it was recorded, whether it runs or not."""
        try:
            entry = json.loads((self._run / f"{name}.json").read_text())
            return Process(name, int(entry["pid"]), str(entry["started"]), str(entry["fingerprint"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def running(self, name: str) -> Process | None:
        """Return a process if exactly that one still runs."""
        process = self.recorded(name)
        return process if process and self._is_ours(process) else None

    def state(self, name: str) -> State:
        """Return what became of a process."""
        if self.running(name):
            return State.RUNNING
        return State.DEAD if self.recorded(name) else State.STOPPED

    def names(self) -> list[str]:
        """Return the name of every recorded process."""
        return sorted(path.stem for path in self._run.glob("*.json"))

    def log(self, name: str) -> Path:
        """Return the log of a process."""
        return self._folder / "logs" / f"{name}.log"

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], fingerprint: str) -> Process:
        """Start a process that outlives us, working in the cluster's folder, and record it."""
        for folder in (self._run, self._folder / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.log(name)
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            if output.tell() > LOG_BYTES:
                output.truncate(0)
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env={**env, MARK: name},
                start_new_session=True,
            )
        child.returncode = 0  # it is meant to outlive us: no warning when this object goes
        process = Process(name, child.pid, started(child.pid) or "", fingerprint)
        self._record(process)
        return process

    def stop(self, name: str, seconds: float = STOP_SECONDS) -> None:
        """End one process: politely, then not; one that is not ours any more is left alone."""
        process = self.recorded(name)
        if process and self._is_ours(process):
            _end(process.pid, process.started, seconds)
        (self._run / f"{name}.json").unlink(missing_ok=True)

    def stop_strays(self) -> list[str]:
        """End processes of this folder that no record names: a run that was killed may leave them.

        Returns:
            The names of those that were ended.
        """
        known = {p.pid for p in map(self.running, self.names()) if p}
        ended = []
        for pid, name in self._marked():
            start = started(pid)
            if pid not in known and start:
                _end(pid, start, STOP_SECONDS)
                ended.append(name)
        return ended

    def _is_ours(self, process: Process) -> bool:
        _reap(process.pid)
        return started(process.pid) == process.started and self._works_here(process.pid)

    def _works_here(self, pid: int) -> bool:
        try:
            return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), self._works_in.stat())
        except OSError:
            return False

    def _marked(self) -> Iterator[tuple[int, str]]:
        """Yield pid and name of every process that carries our mark and works here, or did before its folder went."""
        gone = f"{self._folder.resolve()} (deleted)"
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            pid = int(entry.name)
            with suppress(OSError):
                if not self._works_here(pid) and os.readlink(f"/proc/{pid}/cwd") != gone:
                    continue
                for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    if variable.startswith(MARK.encode() + b"="):
                        yield pid, variable.partition(b"=")[2].decode()

    def _record(self, process: Process) -> None:
        temporary = self._run / f".{process.name}"
        temporary.write_text(json.dumps(asdict(process)))
        os.replace(temporary, self._run / f"{process.name}.json")


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """Give a handle of a process; it never comes to mean another one, whatever becomes of the pid."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _end(pid: int, start: str, seconds: float) -> None:
    """End exactly the process that started then."""
    with _handle(pid) as handle:
        if handle is None or started(pid) != start:
            return
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 30.0)):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], patience)[0]:
                break
    deadline = time.monotonic() + 5
    while started(pid) == start and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.01)
    _reap(pid)


def _reap(pid: int) -> None:
    """Collect a child of ours that has ended; a process of an earlier run is not ours to collect."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

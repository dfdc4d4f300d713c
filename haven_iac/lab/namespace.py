"""The network namespace of a lab: only loopback inside, so nothing else on the machine is in its way.

Root gets a named one, as `ip netns` makes it.  Anybody else gets one inside a user namespace of their own, kept by a
sleeping process.  Entering is `nsenter` for a command, or `inside` for a piece of this process.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from haven_iac.clouds.local.processes import Processes
from haven_iac.errors import LabError
from haven_iac.lab.place import Place

T = TypeVar("T")

_NAMED = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_HOLDER = "namespace"


@dataclass(frozen=True)
class Namespace:
    """The network namespace of one lab."""

    place: Place

    @property
    def name(self) -> str:
        """Return what `ip netns` calls it."""
        return f"haven-{self.place.name}"

    @property
    def file(self) -> Path | None:
        """Return the file that stands for it, or None when there is none."""
        if holder := Processes(self.place.state).running(_HOLDER):
            return Path(f"/proc/{holder.pid}/ns/net")
        named = _NAMED / self.name
        return named if os.geteuid() == 0 and named.is_file() else None

    @property
    def here(self) -> bool:
        """Return whether this process is in it."""
        try:
            return self.file is not None and os.path.samestat(os.stat(self.file), os.stat("/proc/thread-self/ns/net"))
        except OSError:
            return False

    def ensure(self) -> None:
        """Make it when there is none, and switch its loopback on.

        Raises:
            LabError: this user may not make one.
        """
        if self.here:
            return
        if self.file is None:
            if os.geteuid() == 0:
                _run(["ip", "netns", "add", self.name])
            else:
                self._hold()
        _run(self.command(["ip", "link", "set", "lo", "up"]))

    def remove(self) -> None:
        """Remove it; processes inside keep what they have until they end."""
        if os.geteuid() == 0 and (_NAMED / self.name).exists():
            _run(["ip", "netns", "delete", self.name])
        Processes(self.place.state).stop(_HOLDER, 1.0)

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs another one inside.

        Raises:
            LabError: there is no such namespace.
        """
        file = self.file
        if file is None:
            raise LabError(f"there is no lab {self.place.name}", fix="`haven-iac lab up` starts one")
        if self.here:
            return list(argv)
        entered = ["nsenter", f"--net={file}"]
        if file.parent != _NAMED:
            entered += [f"--user={file.with_name('user')}", "--preserve-credentials"]
        return [*entered, "--", *argv]

    def inside(self, work: Callable[[], T]) -> T:
        """Run a piece of this process inside, in a thread of its own; others stay where they are.

        Raises:
            LabError: there is no such namespace, or only a new process could enter it.
        """
        file = self.file
        if file is None:
            raise LabError(f"there is no lab {self.place.name}", fix="`haven-iac lab up` starts one")
        if self.here:
            return work()
        if file.parent != _NAMED:
            raise LabError("a process cannot enter another user namespace half-way", fix="use `haven-iac lab exec`")
        found: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                with self.entered():
                    found.append(work())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, name=f"in-{self.name}")
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have the calling thread, and what it starts, inside for a while; for root only.

        Raises:
            LabError: there is no such namespace, or it cannot be entered.
        """
        file = self.file
        if file is None:
            raise LabError(f"there is no lab {self.place.name}", fix="`haven-iac lab up` starts one")
        if self.here:
            yield
            return
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(file, os.O_RDONLY)
        try:
            _enter(inside)
            yield
        finally:
            _enter(before)
            os.close(inside)
            os.close(before)

    def _hold(self) -> None:
        """Start the process that keeps the namespace of a user who is not root."""
        self.place.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv = ["unshare", "--user", "--map-root-user", "--net", "--", "sleep", "infinity"]
        probe = subprocess.run([*argv[:5], "true"], capture_output=True, text=True, check=False)
        if probe.returncode:
            raise LabError(
                f"this user may not make a network namespace: {probe.stderr.strip()}",
                fix="run it as root, or allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, "
                "kernel.apparmor_restrict_unprivileged_userns)",
            )
        processes = Processes(self.place.state)
        holder = processes.start(_HOLDER, argv, {"PATH": os.environ.get("PATH", os.defpath)}, "")
        own = os.stat("/proc/self/ns/net")
        for _ in range(200):
            try:
                if not os.path.samestat(os.stat(f"/proc/{holder.pid}/ns/net"), own):
                    return
            except OSError:
                pass
            threading.Event().wait(0.02)
        raise LabError("the process that keeps the network namespace did not start", fix="see its log, or run as root")


def _enter(handle: int) -> None:
    """Move the calling thread into a network namespace."""
    if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
        said = os.strerror(ctypes.get_errno())
        raise LabError(f"the network namespace cannot be entered: {said}", fix="run it as root")


def _run(argv: Sequence[str]) -> None:
    tool = argv[0]
    if shutil.which(tool) is None:
        raise LabError(f"{tool} is not here", fix="apt-get install iproute2 util-linux")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(
            f"{' '.join(argv)} failed: {done.stderr.strip()}",
            fix="containers need the capabilities SYS_ADMIN and NET_ADMIN for this",
        )

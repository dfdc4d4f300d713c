"""The processes of a cluster's control plane."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from haven_iac.clouds.local.processes import Processes
from haven_iac.lab.machines.control_plane import COMPONENTS
from haven_iac.lab.machines.errors import ClusterError

START_SECONDS = 90.0
"""Until the API must be ready."""


class Components:
    """They outlive us; blocking.

    Args:
        folder: of the cluster.
        ready: says whether the API is ready.
    """

    def __init__(self, folder: Path, ready: Callable[[], bool]) -> None:
        self._folder, self._ready = folder, ready
        self._processes = Processes(folder)
        self.closing = False
        """Whether the cluster is about to go: what still starts gives up."""
        self._gate = threading.Lock()
        """One start or stop at a time."""

    def running(self) -> list[str]:
        """Return the names of those that run."""
        return [name for name in COMPONENTS if self._processes.running(name)]

    def start(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Start those that do not run, each with its command.

        Raises:
            ClusterError: the API does not come up.
        """
        with self._gate:
            self._spawn(commands, "etcd", "kube-apiserver")
            self._wait_ready()
            self._spawn(commands, *COMPONENTS[2:])

    def stop(self) -> None:
        """End all of them."""
        with self._gate:
            self._end()

    def _spawn(self, commands: Mapping[str, Sequence[str]], *names: str) -> None:
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder)}
        for name in names:
            if not self._processes.running(name):
                self._processes.start(name, commands[name], env, "")

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            dead = [name for name in ("etcd", "kube-apiserver") if not self._processes.running(name)]
            if dead or self.closing or time.monotonic() > deadline:
                name = dead[0] if dead else "kube-apiserver"
                said = self._last_words(name)
                self._end()
                raise ClusterError(f"{name if dead else 'kube-apiserver is not ready'}: {said}")
            time.sleep(0.1)

    def _last_words(self, name: str) -> str:
        try:
            text = self._processes.log(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        starts = ("E", "F", '{"level":"fatal')
        errors = [line for line in lines if "rror" in line.split(" ")[0] or line.startswith(starts)]
        return (errors or lines or [""])[-1][:500]

    def _end(self) -> None:
        for name in reversed(COMPONENTS):
            self._processes.stop(name, 0.0)

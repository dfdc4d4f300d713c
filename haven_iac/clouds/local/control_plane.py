"""A control plane on this machine: etcd, the API server and its companions, in one folder.

It knows no Pulumi.  Every method may be called at any time, by any process, after any kill: what it does depends on
what is in the folder and on which processes run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven_iac.clouds.local import commands
from haven_iac.clouds.local.lock import locked
from haven_iac.clouds.local.pki import Pki, write
from haven_iac.clouds.local.probe import Probe
from haven_iac.clouds.local.processes import Process, Processes, State
from haven_iac.clouds.local.settings import Settings
from haven_iac.errors import DeployError, ToolchainError, UnreachableError

READY_SECONDS = 120.0
"""How long everything may take to answer; four seconds is usual on an idle machine."""

_RECORD = "cluster.json"
TEMPORARY = "tmp"
"""Folder for the temporary files of the processes, in the cluster's folder, where they work."""


@dataclass(frozen=True)
class Status:
    """One process of a control plane."""

    name: str
    state: State
    process: Process | None
    """None unless it runs."""


class ControlPlane:
    """The control plane that lives in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.processes = Processes(self.folder)

    # What is there

    def settings(self) -> Settings | None:
        """Return what the cluster was created with, or None when there is none in this folder."""
        try:
            return Settings.of(self._record()["settings"])
        except (KeyError, TypeError, ValueError):
            return None

    def status(self) -> list[Status]:
        """Return every process, in the order in which they are started."""
        found = {name: self.processes.running(name) for name in commands.ORDER}
        return [Status(n, State.RUNNING if p else self.processes.state(n), p) for n, p in found.items()]

    @property
    def running(self) -> bool:
        """Return whether every process runs."""
        return all(one.state is State.RUNNING for one in self.status())

    def holds(self, material: Mapping[str, str]) -> bool:
        """Return whether the cluster in this folder was made with that key material."""
        return self._record().get("material") == _digest(material) and self.settings() is not None

    # What changes it

    def create(self, settings: Settings, material: Mapping[str, str]) -> None:
        """Make the cluster run, with these settings.

        A cluster with the same key material that is here already is adopted, data and all; anything else in the
        folder is what a run that was killed has left, and is removed.

        Raises:
            DeployError: it does not start; the end of the log says why.
            ToolchainError: a tool is missing.
        """
        with locked(self.folder):
            if not self.holds(material):
                self._wipe()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            Pki(self.folder / "pki").adopt(material)
            # Last, so that a folder with a record is a folder with its keys.
            record = {"settings": settings.as_dict(), "material": _digest(material)}
            write(self.folder / _RECORD, json.dumps(record, indent=1))
            self._start(settings)

    def ensure_running(self) -> list[str]:
        """Start again whatever does not run, or runs with something that has changed since.

        Returns:
            The names of the processes that were started.

        Raises:
            DeployError: there is no cluster here, or it does not start; the end of the log says why.
            ToolchainError: a tool is missing.
        """
        with locked(self.folder):
            settings = self.settings()
            if settings is None:
                raise DeployError(f"there is no local cluster in {self.folder}", fix="make it with `haven-iac up`")
            return self._start(settings)

    def stop(self) -> None:
        """Stop every process and keep the data."""
        with locked(self.folder):
            self._stop()

    def destroy(self) -> None:
        """Stop every process and remove the folder."""
        with locked(self.folder):
            self._wipe()
        with suppress(OSError):  # not empty: other clusters
            self.folder.parent.rmdir()

    # How

    def _record(self) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / _RECORD).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _stop(self, seconds: float = 15.0) -> None:
        self.processes.stop_strays()
        for name in (*(n for n in self.processes.names() if n not in commands.ORDER), *reversed(commands.ORDER)):
            self.processes.stop(name, seconds)

    def _wipe(self) -> None:
        self._stop(3.0)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _start(self, settings: Settings) -> list[str]:
        locations, versions = _tools()
        commands.prepare(self.folder, settings)
        (self.folder / TEMPORARY).mkdir(mode=0o700, exist_ok=True)
        self.processes.stop_strays()
        prints = {c: c.fingerprint(self.folder, versions.get(c.name, "")) for c in commands.commands(settings)}
        to_start = [c for c, fingerprint in prints.items() if not self._runs(c.name, fingerprint)]
        for command in reversed(to_start):
            self.processes.stop(command.name)
        self._check_ports(settings, {c.name for c in to_start})
        for wave in (commands.STORE, commands.COMPANIONS):
            for command in (c for c in to_start if c.name in wave):
                argv = [*commands.start_of(command.name, locations), *command.arguments]
                self.processes.start(command.name, argv, _environment(), prints[command])
            self._wait(settings, wave)
        return [c.name for c in to_start]

    def _runs(self, name: str, fingerprint: str) -> bool:
        process = self.processes.running(name)
        return process is not None and process.fingerprint == fingerprint

    def _check_ports(self, settings: Settings, to_start: set[str]) -> None:
        owner = {"kube-apiserver": "kube-apiserver", "etcd": "etcd", "etcd-peer": "etcd"}
        taken = {name: port for name, port in settings.endpoint.taken().items() if owner[name] in to_start}
        if taken:
            ports = ", ".join(f"{port} (for {name})" for name, port in taken.items())
            raise DeployError(
                f"somebody else listens on {settings.endpoint.address}, port {ports}",
                fix="end what listens there, then run `haven-iac up` again",
            )

    def _wait(self, settings: Settings, names: tuple[str, ...]) -> None:
        """Wait until these processes do their work."""
        deadline = time.monotonic() + READY_SECONDS
        probe = Probe(self.folder / "pki", settings.endpoint)
        while True:
            for name in names:
                if self.processes.state(name) is not State.RUNNING:
                    raise DeployError(
                        f"{name} ended right after it was started: {self._last_words(name)}",
                        fix=f"its log is {self.processes.log(name)}",
                    )
            if not (reason := probe.missing(names)):
                return
            if time.monotonic() > deadline:
                raise UnreachableError(
                    f"the control plane at {settings.endpoint.server} is not ready after {READY_SECONDS:.0f} seconds: "
                    f"{reason}",
                    fix=f"see the logs in {self.folder / 'logs'}",
                )
            time.sleep(0.1)

    def _last_words(self, name: str) -> str:
        try:
            lines = self.processes.log(name).read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return " / ".join(line[:300] for line in lines[-3:]) or "it said nothing"


def _digest(material: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(material), sort_keys=True).encode()).hexdigest()


def _tools() -> tuple[dict[str, Path], dict[str, str]]:
    """Return where each tool is, and its version; only what can be had quickly is got here."""
    from haven_iac.toolchain import ensure, survey

    found = survey(["local"])
    if slow := [one.tool.name for one in found if one.source == "build"]:
        raise ToolchainError(f"{', '.join(slow)} are not installed", fix="run `haven-iac toolchain install`")
    tools = ensure(["local"])
    return {name: tools.path(name) for name in commands.TOOLS}, {one.tool.name: one.tool.version for one in found}


def _environment() -> dict[str, str]:
    """Return the environment of every process: nothing of the user's, who may have secrets there."""
    import haven_iac

    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    # Their temporary files are the cluster's: those of the run that starts them go with that run.
    return {
        **kept,
        "TMPDIR": TEMPORARY,
        "PYTHONPATH": str(Path(haven_iac.__file__).parent.parent),
        "PYTHONUNBUFFERED": "1",
    }

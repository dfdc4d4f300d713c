"""Starts, stops and describes a lab."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from haven_iac.clouds.local.lock import locked
from haven_iac.clouds.local.processes import Process, Processes
from haven_iac.errors import LabError
from haven_iac.lab import extras, packages
from haven_iac.lab.filling import Filling
from haven_iac.lab.namespace import Namespace
from haven_iac.lab.place import Place
from haven_iac.lab.services import configuration, environment
from haven_iac.lab.services.database import NAME as DATABASE
from haven_iac.lab.services.database import Database
from haven_iac.lab.services.processes import Services, answers
from haven_iac.lab.services.settings import OPTIONAL, PORTS, Settings

CONTROLLERS = "controllers"
PROGRAMS = ("machines", CONTROLLERS)
"""Our own programs beside the services: what boots servers, and what runs the cloud controllers of clusters."""

TOOLS = ("local", "lab")
"""Groups of tools that every lab needs."""

_READY = "ready"

Say = Callable[[str], None]


def silent(text: str) -> None:
    """Say nothing."""


class Lab:
    """One lab.

    Args:
        place: where it is.
        say: is told what is done; nothing is said when left out.
    """

    def __init__(self, place: Place, say: Say = silent) -> None:
        self.place, self._say = place, say
        self.namespace = Namespace(place)
        self.processes = Processes(place.state)

    # What is there

    @property
    def exists(self) -> bool:
        """Return whether there is a lab of that name, running or not."""
        return self.place.settings_file.is_file()

    @property
    def settings(self) -> Settings:
        """Return what the services are configured with."""
        services = tuple(PORTS)
        with suppress(OSError, ValueError, KeyError, TypeError):
            services = tuple(json.loads(self.place.settings_file.read_text())["services"])
        return Settings(self.place.state, packages.venv(self.place), services)

    @property
    def extras(self) -> tuple[str, ...]:
        """Return what it runs for real beside the cloud, such as backup."""
        return extras.chosen(self.place.settings_file)

    def tools(self, more: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return the groups of tools that it needs.

        Args:
            more: what it is to run for real; what it does, when left out.

        Raises:
            LabError: nobody knows what it is to run.
        """
        extras.check(more or ())
        return (*TOOLS, *(extras.EXTRAS[name] for name in (self.extras if more is None else more)))

    def environment(self) -> dict[str, str]:
        """Return what a command inside the lab should find in its environment: the cloud, and OpenStack's client."""
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(packages.venv(self.place) / "bin")])
        return {
            "OS_CLIENT_CONFIG_FILE": str(self.place.clouds_file),
            "OS_CLOUD": configuration.USER,
            "HAVEN_LAB": self.place.name,
            "PATH": path,
        }

    def status(self) -> dict[str, Any]:
        """Return what runs, for people and machines; the caller is inside the lab when `answers` matters.

        Raises:
            LabError: there is no such lab.
        """
        if not self.exists:
            raise LabError(f"there is no lab {self.place.name}", fix="`haven-iac lab up` starts one")
        names = (DATABASE, *self.settings.services, *PROGRAMS)
        inside = self.namespace.file is not None
        found = []
        for name in names:
            process = self._process(name)
            entry: dict[str, Any] = {"name": name, "pid": process.pid if process else None}
            entry["memoryMiB"] = process.memory >> 20 if process else None
            if name in PORTS:
                entry["answers"] = bool(process and inside and answers(name))
            found.append(entry)
        return {
            "name": self.place.name,
            "simulated": True,
            "state": str(self.place.state),
            "namespace": self.namespace.name if inside else None,
            "running": all(one["pid"] for one in found),
            "services": found,
            "with": list(self.extras),
            **self._machines(),
            "environment": self.environment(),
        }

    # What changes it

    def prepare(self) -> None:
        """Install packages and make the namespace; needs the way to package indexes, so not from inside.

        Raises:
            LabError: something cannot be had.
        """
        packages.ensure(self.place, self._say)
        self.place.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.namespace.ensure()

    def up(
        self, without: Sequence[str] | None = None, *, more: Sequence[str] | None = None, fresh: bool = False
    ) -> None:
        """Start everything that does not run; the caller is inside the lab's namespace and has prepared it.

        Args:
            without: services to leave out; as it was, else none, when left out.
            more: what it runs for real beside the cloud, such as backup; as it was, else nothing, when left out.
            fresh: fill the cloud anew, even where a snapshot would do.

        Raises:
            LabError: something does not start; logs say why.
        """
        self.tools(more)
        with locked(self.place.state):
            self._choose(without)
            if more is not None and extras.remember(self.place.settings_file, more):
                self.processes.stop(CONTROLLERS, 10.0)  # what runs pods begins anew, below
            lab = self.settings
            if self._runs(lab):
                return
            (self.place.run / _READY).unlink(missing_ok=True)
            configuration.write(lab)
            environment.write(lab)
            filling = Filling(self.place, lab, self._say)
            filling.serve(fresh=fresh)
            filling.content("workers")
            self.start_programs()
            (self.place.run / _READY).touch()

    def start_programs(self) -> None:
        """Start our own programs where they do not run."""
        env = {
            **{name: os.environ[name] for name in ("LANG", "TZ", "TMPDIR") if name in os.environ},
            "PATH": os.pathsep.join([*self._tool_folders(), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(Path(packages.__file__).parent.parent.parent),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(self.place.state),
        }
        for name in PROGRAMS:
            if not self.processes.running(name):
                argv = [sys.executable, "-m", f"haven_iac.lab.{name}", str(self.place.state)]
                self.processes.start(name, argv, env, "")

    def restart_programs(self) -> None:
        """Stop our own programs and start them again; what they look after goes on."""
        with locked(self.place.state):
            for name in PROGRAMS:
                self.processes.stop(name, 10.0)
            self.start_programs()

    def down(self, *, wipe: bool = False) -> None:
        """Stop everything, also clusters and the namespace.

        Args:
            wipe: remove the state too; the cache stays.
        """
        if not self.place.state.is_dir():
            return
        with locked(self.place.state):
            for name in PROGRAMS:
                self.processes.stop(name, 10.0)
            for folder in sorted(self.place.clusters.glob("*")):
                cluster = Processes(folder)
                for name in cluster.names():
                    cluster.stop(name, 0.0)
            Services(self.settings, self._say).stop()
            Database(self.settings).stop()
            self.processes.stop_strays()
            (self.place.run / _READY).unlink(missing_ok=True)
            self.namespace.remove()
            if wipe:
                shutil.rmtree(self.place.state)

    # How

    def _process(self, name: str) -> Process | None:
        return Database(self.settings).process if name == DATABASE else self.processes.running(name)

    def _choose(self, without: Sequence[str] | None) -> None:
        if without is None and self.exists:
            return
        unknown = [name for name in without or () if name not in OPTIONAL]
        if unknown:
            raise LabError(
                f"a lab cannot do without {', '.join(unknown)}", fix=f"it can do without {', '.join(OPTIONAL)}"
            )
        services = [name for name in PORTS if name not in (without or ())]
        if self.exists and list(self.settings.services) != services:
            raise LabError(
                "the lab has other services already", fix=f"`haven-iac lab down --wipe -n {self.place.name}` first"
            )
        found = {"services": services, "made": time.time(), "with": list(self.extras)}
        self.place.settings_file.write_text(json.dumps(found, indent=1))

    def _runs(self, lab: Settings) -> bool:
        everything = (DATABASE, *lab.services, *PROGRAMS)
        return (self.place.run / _READY).exists() and all(map(self._process, everything))

    def _tool_folders(self) -> list[str]:
        from haven_iac.toolchain import ensure

        return ensure(self.tools()).folders

    def _machines(self) -> dict[str, Any]:
        """Return what the program that boots machines last said."""
        try:
            found: dict[str, Any] = json.loads((self.place.run / "machines.status").read_text())
        except (OSError, ValueError):
            found = {}
        return {"machines": found.get("machines", []), "clusters": found.get("clusters", [])}

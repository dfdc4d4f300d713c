"""systemd of a machine: units that are on its disk are started, watched and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from haven_iac.lab.machines.guest import units
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.units import Command, Unit

BUILT_IN = frozenset(
    f"{name}.service"
    for name in (
        *("systemd-sysctl", "systemd-timesyncd", "systemd-modules-load", "systemd-journald", "systemd-resolved"),
        *("systemd-networkd", "ssh", "sshd", "cron", "apparmor", "unattended-upgrades", "cloud-init", "cloud-final"),
        *("cloud-config", "networking", "systemd-logind", "snapd", "multipathd", "needrestart", "dbus"),
    )
)
"""Services of the image: they run, and starting them again does nothing but what `Systemd.react` says."""

_LONGEST_PAUSE = 30.0


class UnitFailedError(Exception):
    """A unit's main program ended with an error; the text is its last line."""


class Host(Protocol):
    """What a machine gives to its units."""

    def log(self, text: str) -> None:
        """Write to the console."""

    async def execute(self, words: Sequence[str], env: Mapping[str, str], label: str) -> int:
        """Run a command in the root; return its exit status."""

    async def kubernetes(self, unit: Unit, env: Mapping[str, str], ready: Callable[[], Awaitable[None]]) -> None:
        """Be a node: return never, or raise UnitFailedError; `ready` is awaited once it is one."""


@dataclass
class State:
    """What became of one unit."""

    active: str = "inactive"
    enabled: bool = False
    task: asyncio.Task[None] | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first attempt of a start has ended, either way."""
    said: str = ""


class Systemd:
    """The units of one machine.

    Args:
        host: the machine.
        root: its disk.
        speed: how many of the machine's seconds pass in one.
    """

    def __init__(self, host: Host, root: Root, speed: float) -> None:
        self._host, self._root, self._speed = host, root, speed
        self.states: dict[str, State] = {}
        self.react: dict[str, Callable[[], None]] = {}
        """What starting a service of the image does."""

    def find(self, name: str) -> Unit | None:
        """Return a unit that is on the disk, with its drop-ins, or None."""
        texts: list[str] = []
        for folder in units.FOLDERS:
            if text := self._root.text(f"{folder}/{name}"):
                texts.append(text)
                break
        if not texts:
            return None
        for folder in reversed(units.FOLDERS):
            texts += [self._root.text(path) for path in self._root.files(f"{folder}/{name}.d", (".conf",))]
        return units.parse(name, texts)

    def state(self, name: str) -> State:
        """Return what became of a unit."""
        if name not in self.states:
            built_in = name in BUILT_IN
            self.states[name] = State("active" if built_in else "inactive", built_in or self._wanted(name).exists())
        return self.states[name]

    def enable(self, name: str, *, on: bool) -> None:
        """Have a unit started at each boot, or not."""
        self.state(name).enabled = on
        link = self._wanted(name)
        if on and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.touch()
        elif not on:
            link.unlink(missing_ok=True)

    def _wanted(self, name: str) -> Path:
        return self._root.path("/etc/systemd/system/multi-user.target.wants") / name

    def enabled(self) -> list[str]:
        """Return the units that start at a boot."""
        return [path.rpartition("/")[2] for path in self._root.files("/etc/systemd/system/multi-user.target.wants")]

    async def start(self, name: str, *, wait: bool = True) -> int:
        """Start a unit; return what systemctl would.

        Args:
            name: with its ending.
            wait: until it has started, or failed.
        """
        state = self.state(name)
        if name in BUILT_IN:
            self.react.get(name, lambda: None)()
            return 0
        unit = self.find(name)
        if unit is None:
            return 5
        if not state.task or state.task.done():
            state.settled = asyncio.Event()
            state.active = "activating"
            state.task = asyncio.create_task(self._live(unit, state))
        if not wait:
            return 0
        await state.settled.wait()
        return 0 if state.active in ("active", "inactive") else 1

    async def stop(self, name: str) -> None:
        """Stop a unit."""
        state = self.state(name)
        if state.task:
            state.task.cancel()
            with suppress(asyncio.CancelledError):
                await state.task
            self._host.log(f"systemd[1]: Stopped {name}")
        state.task, state.active = None, "inactive"

    def kill(self) -> None:
        """Drop everything: the machine is off."""
        for state in self.states.values():
            if state.task:
                state.task.cancel()
        self.states.clear()

    async def _live(self, unit: Unit, state: State) -> None:
        """Start a unit, and start it again when it should be."""
        pause = unit.pause
        while True:
            state.active = "activating"
            if not state.said:
                self._host.log(f"systemd[1]: Starting {unit.name}")
            try:
                await self._once(unit, state)
            except UnitFailedError as error:
                state.active = "failed"
                if str(error) != state.said:  # not the same words again and again
                    state.said = str(error)
                    self._host.log(str(error))
                    self._host.log(f"systemd[1]: {unit.name}: Failed with result 'exit-code'.")
                state.settled.set()
                if unit.restart not in ("always", "on-failure"):
                    return
            else:
                state.settled.set()
                if unit.restart != "always" or unit.kind == "oneshot":
                    state.active = "active" if unit.remains else "inactive"
                    return
            await asyncio.sleep(max(pause / self._speed, 0.2))
            pause = min(pause * 1.5, max(_LONGEST_PAUSE, unit.pause))

    async def _once(self, unit: Unit, state: State) -> None:
        env = dict(unit.environment)
        for name in unit.environment_files:
            text = self._root.read(name.lstrip("-"))
            if text is None and not name.startswith("-"):
                raise UnitFailedError(f"systemd[1]: {unit.name}: Failed to load environment files: No such file")
            env |= units.environment_file((text or b"").decode(errors="replace"))

        async def started() -> None:
            for command in unit.after:
                await self._run(unit, command, env)
            state.active = "active"
            if state.said:
                self._host.log(f"systemd[1]: Starting {unit.name}")
            state.said = ""
            self._host.log(f"systemd[1]: Started {unit.name}")
            state.settled.set()

        for command in unit.before:
            await self._run(unit, command, env)
        if unit.kubernetes:
            if not self._executable(unit.start[0].program):
                raise UnitFailedError(f"systemd[1]: {unit.name}: Failed at step EXEC: No such file or directory")
            await self._host.kubernetes(unit, env, started)
            return
        if unit.kind == "oneshot":
            for command in unit.start:
                await self._run(unit, command, env)
            await started()
            return
        main = asyncio.create_task(self._run(unit, unit.start[0], env)) if unit.start else None
        try:
            await started()
            if main:
                await main
        finally:
            if main:
                main.cancel()

    async def _run(self, unit: Unit, command: Command, env: Mapping[str, str]) -> None:
        label = unit.name.rpartition(".")[0]
        code = await self._host.execute(command.words, env, label)
        if code and not command.ignore:
            raise UnitFailedError(f"systemd[1]: {unit.name}: Main process exited, code=exited, status={code}")

    def _executable(self, program: str) -> bool:
        path = self._root.path(program)
        return path.is_file() and bool(path.stat().st_mode & 0o111)

"""The system of one machine: its root, what runs in it, and the commands that it asks the lab to do."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from haven_iac.lab.machines.guest import accounts
from haven_iac.lab.machines.guest.browser import Result
from haven_iac.lab.machines.guest.commands import Call, Commands
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.userdata import CloudInit, WrittenFile

_PATIENCE = 10.0
"""Seconds that a command which asked is waited for to take its answer."""

_LINE = 4000
"""Characters of a console line."""


class Guest:
    """What runs on a machine while it is on.

    Args:
        root: its disk.
        commands: its stand-ins.
        log: writes to its console.
        record: file that takes what was asked, a line of JSON for each.
    """

    def __init__(self, root: Root, commands: Commands, record: Path) -> None:
        self.root, self.commands, self._record = root, commands, record
        self._running: set[asyncio.subprocess.Process] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._fifo = -1
        self._heard = b""

    # Power

    def open(self) -> None:
        """Begin to listen for commands that ask."""
        path = self.root.folder / "run/haven-lab/asked"
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir(parents=True)
        os.mkfifo(path, 0o600)
        self._fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fifo, self._hear)

    def close(self) -> None:
        """End everything that runs, at once: the power is off."""
        if self._fifo >= 0:
            asyncio.get_running_loop().remove_reader(self._fifo)
            os.close(self._fifo)
            self._fifo = -1
        for task in self._answering:
            task.cancel()
        for process in self._running:
            with suppress(ProcessLookupError):
                process.kill()

    # What cloud-init does

    async def first_boot(self, init: CloudInit) -> None:
        """Do all that user data ask for, in cloud-init's order."""
        log = self.commands.power.log
        for note in init.notes:
            log(f"cloud-init[1]: {note}")
        await self.boot_commands(init)
        for file in init.files:
            if not file.deferred:
                self._write(file)
        for user in init.users:
            accounts.add_user(self.root, "ubuntu" if user == "default" else user)
        if init.packages:
            self.commands.packages |= set(init.packages)
            log(f"cloud-init[1]: packages {' '.join(init.packages)}: taken as installed")
        for file in init.files:
            if file.deferred:
                self._write(file)
        scripts = {f"part-{number:03d}": data for number, data in enumerate(init.scripts, 1)}
        if init.runcmd:
            scripts["runcmd"] = ("#!/bin/sh\n" + "\n".join(init.runcmd) + "\n").encode()
        failed = 0
        for name, data in scripts.items():
            path = f"/var/lib/cloud/instance/scripts/{name}"
            self.root.write(path, data, 0o700)
            failed += bool(await self.execute([path], {}, "cloud-init"))
        if failed:
            log(f"cloud-init[1]: WARNING: Failed to run module scripts_user: {failed} of {len(scripts)} failed")
        self.root.write("/var/lib/cloud/instance/boot-finished", "")
        log(f"cloud-init[1]: finished: {len(init.files)} files written, {len(scripts)} scripts run")

    async def boot_commands(self, init: CloudInit) -> None:
        """Run what user data ask for at every boot."""
        for number, line in enumerate(init.bootcmd):
            path = f"/var/lib/cloud/instance/bootcmd-{number}"
            self.root.write(path, line if line.startswith("#!") else f"#!/bin/sh\n{line}\n", 0o700)
            if await self.execute([path], {}, "cloud-init"):
                self.commands.power.log("cloud-init[1]: WARNING: Failed to run bootcmd module")

    def _write(self, file: WrittenFile) -> None:
        try:
            self.root.put(file)
        except OSError as error:
            self.commands.power.log(f"cloud-init[1]: WARNING: Failed to write {file.path}: {error.strerror}")

    # What runs

    async def execute(self, words: Sequence[str], env: Mapping[str, str], label: str) -> int:
        """Run a command in the root, its output on the console; return its exit status."""
        argv = self.root.command([*(f"{key}={value}" for key, value in env.items()), *words])
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 20,
        )
        self._running.add(process)
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                self.commands.power.log(f"{label}: {line.decode(errors='replace').rstrip()[:_LINE]}")
            return await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        finally:
            self._running.discard(process)

    # What asks

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._heard += os.read(self._fifo, 65536)
        *names, self._heard = self._heard.split(b"\n")
        for name in names:
            task = asyncio.create_task(self._answer(self.root.folder / "run/haven-lab" / Path(name.decode()).name))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, folder: Path) -> None:
        words = (folder / "words").read_bytes().decode(errors="replace").split("\0")[:-1]
        pairs = (folder / "env").read_bytes().decode(errors="replace").split("\0")
        env = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        call = Call(words[0], tuple(words[1:]), env, (folder / "folder").read_text())
        try:
            result = await self.commands.run(call)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a fault of the lab itself
            result = Result(125, b"", f"lab: {call.name}: {error!r}\n".encode())
            self.commands.power.log(f"lab: {call.name}: {error!r}")
        self._note(call, result.code)
        (folder / "out").write_bytes(result.out)
        (folder / "err").write_bytes(result.err)
        await self._deliver(folder / "done", result.code)

    def _note(self, call: Call, code: int) -> None:
        with self._record.open("a") as file:
            entry = {"time": round(time.time(), 3), "command": call.name, "words": call.words, "code": code}
            file.write(json.dumps(entry) + "\n")

    async def _deliver(self, path: Path, code: int) -> None:
        """Give the exit status once the command reads it; it may be gone."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    return
                await asyncio.sleep(0.005)
                continue
            os.write(handle, f"{code}\n".encode())
            os.close(handle)
            return

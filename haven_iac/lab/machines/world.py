"""Every machine of a lab, and the cloud and clusters that they are in."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from haven_iac.lab.inside.faults import Faults
from haven_iac.lab.kube import write_private
from haven_iac.lab.machines import control_plane, supervisor
from haven_iac.lab.machines.cloud import Cloud
from haven_iac.lab.machines.clusters import Clusters
from haven_iac.lab.machines.guest.root import make_template
from haven_iac.lab.machines.health import Health
from haven_iac.lab.machines.machine import Machine
from haven_iac.lab.machines.network import EMPTY, Network, Source, Target, UnreachableError
from haven_iac.lab.machines.proxy import SSH_PORT, Proxy
from haven_iac.lab.rest import RestError

API_PORT = 6443

ANSWERS, ANSWERS_PORT = "127.79.0.1", 8080
"""Where something answers for the pods behind node ports: no pod runs, so all of them say the same over HTTP."""

_TICK = 0.25
"""Seconds between two looks at the files of machines."""


class World:
    """All of it.

    Args:
        state: folder of the lab.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder, clusters = state / "machines", state / "clusters"
        self.volumes, self.outside, self.template = state / "volumes", state / "outside", state / "guest"
        for path in (self.folder, clusters, self.volumes, self.outside):
            path.mkdir(mode=0o700, exist_ok=True)
        self.log = logging.getLogger("machines")
        self.faults = Faults(str(state / "faults.json"))
        self.speed = float(os.environ.get("HAVEN_LAB_SPEED", "10"))
        self.version = ""
        """Of Kubernetes, here: `v1.36.3`."""
        self.machines: dict[str, Machine] = {}
        self.clusters = Clusters(clusters, self.machines, self.faults, self._report)
        self.health = Health(lambda: self.network, self.backend, state / "run" / "health.json")
        self.network = self._snapshot(EMPTY)
        self.proxy = Proxy(self.route)
        self.cloud = Cloud(state)
        self._stamps: dict[str, int] = {}
        """Machine id, to its file's time."""

    # Questions

    def serves(self, machine_id: str, port: int) -> bool:
        """Return whether a machine answers on that port."""
        machine = self.machines.get(machine_id)
        if not machine or not machine.up or machine.state == "hung":
            return False
        if port == SSH_PORT:
            return machine.state != "booting"
        cluster = self.clusters.of(machine)
        member = cluster.member(machine.disk) if cluster else None
        if machine.member and cluster and cluster.up and port in cluster.node_ports:
            return True
        if not machine.member or not cluster or not cluster.up or not member or member["role"] != "server":
            return False
        return port == API_PORT or (port == supervisor.PORT and cluster.record["distribution"] == "rke2")

    def backend(self, target: Target) -> tuple[str, int]:
        """Return where a target is here.

        Raises:
            UnreachableError: it has gone.
        """
        cluster = self.clusters.of(self.machines[target.machine])
        if cluster is None:
            raise UnreachableError("connection refused")
        return (ANSWERS, ANSWERS_PORT) if target.port in cluster.node_ports else (cluster.address, target.port)

    def route(self, address: str, port: int) -> tuple[str, tuple[str, int]]:
        """Return machine id, and where it is here, for a connection from outside.

        Raises:
            UnreachableError: nobody answers.
        """
        target = self.network.dial(Source(), address, port)
        if target.port == SSH_PORT:
            return target.machine, (address, SSH_PORT)
        return target.machine, self.backend(target)

    # Machines

    async def _follow_machines(self) -> None:
        resume = True  # the first look
        while True:
            entries = [entry for entry in os.scandir(self.folder) if entry.name.endswith(".json")]
            found = {entry.name.removesuffix(".json"): entry.stat().st_mtime_ns for entry in entries}
            for machine_id in set(self.machines) - set(found):
                self._forget(machine_id)
            for machine_id in sorted(found):
                if self._stamps.get(machine_id) != found[machine_id]:
                    self._stamps[machine_id] = found[machine_id]
                    self._update(machine_id, resume=resume)
            resume = False
            await asyncio.sleep(_TICK)

    def _forget(self, machine_id: str) -> None:
        self._stamps.pop(machine_id, None)
        self.machines.pop(machine_id).forget()
        self.proxy.drop(machine_id)
        self.clusters.poke()

    def _update(self, machine_id: str, *, resume: bool) -> None:
        try:
            record = json.loads((self.folder / f"{machine_id}.json").read_text())
        except FileNotFoundError:
            return
        machine = self.machines.get(machine_id)
        if machine and machine.disk != record["disk"]:  # rebuilt
            self._forget(machine_id)
            machine = None
        if not machine:
            machine = self.machines[machine_id] = Machine(self, record)
        rebooted = record["boots"] != machine.record["boots"]
        machine.plug(record)
        if machine.up and (record["power"] == "off" or rebooted):
            machine.power_off()
            self.proxy.drop(machine_id)
            self.clusters.poke()
        if not machine.up and record["power"] == "on" and (rebooted or machine.state == "off"):
            machine.power_on(resume=resume and self.clusters.of(machine) is not None)

    # The cloud

    async def _follow_cloud(self) -> None:
        while True:
            await self._guarded("cloud", self._look_at_cloud)
            await asyncio.sleep(0.3)

    async def _look_at_cloud(self) -> None:
        if self.machines:
            if stale := self.cloud.stale():
                raw = await asyncio.to_thread(self.cloud.read, stale)
                self.network = self._snapshot(raw)
        else:  # nothing could answer
            self.network = self._snapshot(EMPTY)
            self.cloud.forget()
        await self.proxy.follow(self.network.public_endpoints((SSH_PORT, supervisor.PORT, API_PORT)))

    def _snapshot(self, raw: Mapping[str, Any]) -> Network:
        return Network(raw, self.serves, self.health.lets)

    async def _guarded(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except RestError as error:
            self.log.warning("%s: %s", what, error)
        except Exception:
            self.log.exception(what)

    def _report(self) -> None:
        """Write what `lab status` shows."""
        machines = [
            {
                "id": machine.id,
                "name": machine.record["name"],
                "state": machine.state,
                "address": machine.address,
                "unit": machine.plan.unit if machine.plan else None,
                "cluster": getattr(self.clusters.of(machine), "id", None),
            }
            for machine in sorted(self.machines.values(), key=lambda one: str(one.record["name"]))
        ]
        clusters = [
            {
                "id": cluster.id,
                "api": "up" if cluster.up else "down",
                "members": len(cluster.record["members"]),
                "kubeconfig": cluster.record["kubeconfig"],
            }
            for cluster in self.clusters.by_id.values()
        ]
        said = {"machines": machines, "clusters": clusters, "listeners": self.proxy.endpoints()}
        write_private(self.state / "run" / "machines.status", json.dumps(said, indent=1).encode())

    # Life

    async def run(self) -> None:
        """Follow everything until cancelled; clusters go on without us."""
        make_template(self.template, self.speed)
        self.clusters.load()
        process = await asyncio.create_subprocess_exec(
            control_plane.binary("kube-apiserver"), "--version", stdout=asyncio.subprocess.PIPE
        )
        self.version = (await process.communicate())[0].decode().split()[-1]
        self.log.info("%s, %d clusters", self.version, len(self.clusters.by_id))
        answering = await asyncio.start_server(_answer, ANSWERS, ANSWERS_PORT)
        try:
            await asyncio.gather(
                self._follow_machines(), self.clusters.follow(), self._follow_cloud(), self.health.follow()
            )
        finally:
            answering.close()
            for machine in self.machines.values():
                machine.halt()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer for a pod."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        body = b"a lab answers for pods that do not run\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
    writer.close()

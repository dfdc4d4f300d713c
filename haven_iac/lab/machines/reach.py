"""What one machine reaches, and what its network tells it."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from haven_iac.lab.machines.network import Target
from haven_iac.lab.rest import RestError

if TYPE_CHECKING:
    from haven_iac.lab.machines.machine import Machine
    from haven_iac.lab.machines.world import World


class Reach:
    """The network as a machine sees it; the `Net` of its commands.

    Args:
        world: that the machine is in.
        machine: whose network it is.
    """

    def __init__(self, world: World, machine: Machine) -> None:
        self._world, self._machine = world, machine

    async def settled(self, seconds: float = 15.0) -> None:
        """Wait until what is known of the cloud has its interfaces; a machine boots later than its port is made."""
        wanted = {interface["port_id"] for interface in self._machine.record["interfaces"]}
        deadline = time.monotonic() + seconds
        while not wanted <= self._world.network.ports.keys() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def dial(self, address: str, port: int) -> Target:
        """Return who answers a connection.

        Raises:
            UnreachableError: nobody does.
        """
        network = self._world.network
        return network.dial(network.source_of(self._machine.record["interfaces"]), address, port)

    async def connect(self, host: str, port: int) -> tuple[str, int]:
        """Return where a connection ends here.

        Raises:
            UnreachableError: nowhere.
        """
        return self._world.backend(self.dial(host, port))

    async def resolve(self, name: str) -> str | None:
        """Return the address of a name as the machine sees it: itself an address, its hosts file, its project, DNS."""
        with suppress(ValueError):
            return str(ipaddress.ip_address(name))
        for line in self._machine.root.text("/etc/hosts").splitlines():
            words = line.partition("#")[0].split()
            if name in words[1:]:
                return words[0]
        for other in self._world.machines.values():
            near = other.record["project_id"] == self._machine.record["project_id"]
            if near and other.record["hostname"] == name and other.address:
                return other.address
        with suppress(RestError):
            return await asyncio.to_thread(self._world.cloud.lookup, name)
        return None

    def way_out(self) -> bool:
        """Return whether the machine reaches what is beyond its cloud."""
        return self._world.network.way_out(self._machine.record["interfaces"])

    def metadata(self, path: str) -> bytes | None:
        """Return what the metadata service says about the machine, or None."""
        record, kept = self._machine.record, path.strip("/").replace("2018-08-27", "latest")
        if kept == "openstack/latest/meta_data.json":
            names = ("name", "hostname", "availability_zone", "project_id")
            said = {"uuid": record["id"], **{name: record[name] for name in names}, "meta": record["metadata"]}
            return json.dumps(said).encode()
        if kept == "latest/meta-data/instance-id":
            return f"i-{record['id'][:8]}".encode()
        return None

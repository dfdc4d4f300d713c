"""Every cluster of a lab: founded by machines, followed while they last, found again after a restart."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from haven_iac.clouds.local.processes import Processes
from haven_iac.lab.inside.faults import Faults
from haven_iac.lab.machines import manifests
from haven_iac.lab.machines.cluster import Cluster

if TYPE_CHECKING:
    from haven_iac.lab.machines.machine import Machine

log = logging.getLogger("machines")


class Clusters:
    """Those of one lab.

    Args:
        folder: with a folder for each.
        machines: of the lab, by id.
        faults: of the lab.
        report: is called after each look at them.
    """

    def __init__(
        self, folder: Path, machines: Mapping[str, Machine], faults: Faults, report: Callable[[], None]
    ) -> None:
        self._folder, self._machines, self._faults, self._report = folder, machines, faults, report
        self.by_id: dict[str, Cluster] = {}
        self._reserved: set[str] = set()
        """Addresses of clusters that are being made."""
        self._poked = asyncio.Event()

    def of(self, machine: Machine) -> Cluster | None:
        """Return the cluster that a machine is a member of, or None."""
        return next((cluster for cluster in self.by_id.values() if cluster.member(machine.disk)), None)

    def removed(self, machine: Machine) -> bool:
        """Return whether a machine was a member once."""
        return any(machine.disk in cluster.record["removed"] for cluster in self.by_id.values())

    async def found(self, machine: Machine) -> Cluster:
        """Return a new cluster with this machine as its first server.

        Raises:
            ClusterError: it does not come up.
            PkiError: its authorities are of no use.
        """
        plan, address = machine.plan, machine.address
        assert plan is not None
        assert address is not None
        if fault := self._faults.strike("api", name=machine.record["name"]):
            machine.log(f'{plan.unit}: level=info msg="Waiting for etcd"')
            await asyncio.sleep(float(fault.parameters["seconds"]))
        used = self._reserved | {cluster.address for cluster in self.by_id.values()}
        place = next(one for one in (f"127.78.{number}.1" for number in range(1, 255)) if one not in used)
        self._reserved.add(place)
        folder = self._folder / f"{machine.node}-{machine.id[:8]}"
        made: Cluster | None = None
        try:
            made = await asyncio.to_thread(Cluster.create, folder, place, machine.record, plan, machine.root, address)
            given = f"custom {', '.join(made.custom)}" if made.custom else "all generated"
            machine.log(f'{plan.unit}: level=info msg="certificates: {given}"')
            self.by_id[made.id] = made
            async with made.lock:
                await made.start()
            await asyncio.to_thread(manifests.apply, made.kube(), manifests.CRDS.read_bytes())
            await made.register(machine.record, plan, machine.node, address)
        except BaseException:
            if made:
                self.by_id.pop(made.id, None)
                await made.remove()
            else:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self._reserved.discard(place)
        return made

    def load(self) -> None:
        """Find those that are there; what was still being made is removed, as its machine will begin anew."""
        for folder in sorted(self._folder.iterdir()):
            try:
                cluster = Cluster.load(folder)
            except (OSError, ValueError, KeyError) as error:
                log.warning("cluster %s: %r; removed", folder.name, error)
                processes = Processes(folder)
                for name in processes.names():
                    processes.stop(name, 0.0)
                shutil.rmtree(folder)
            else:
                self.by_id[cluster.id] = cluster

    def poke(self) -> None:
        """Look at them now: something has changed."""
        self._poked.set()

    async def follow(self) -> None:
        """Look at each of them again and again, until cancelled."""
        while True:
            self._poked.clear()
            started = [cluster for cluster in self.by_id.values() if cluster.record["members"]]
            await asyncio.gather(*map(self._look, started))
            self._report()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), 2)

    async def _look(self, cluster: Cluster) -> None:
        machines = self._machines.values()
        try:
            if any(cluster.member(machine.disk) for machine in machines):
                await cluster.follow({machine.disk for machine in machines if machine.member})
            else:
                log.info("cluster %s: its last machine is gone", cluster.id)
                del self.by_id[cluster.id]
                await cluster.remove()
        except Exception:
            log.exception("cluster %s", cluster.id)

"""How a machine comes into a cluster: back into its own, into a new one, or into that of the server it is told."""

from __future__ import annotations

import asyncio
import urllib.parse
from typing import TYPE_CHECKING

from haven_iac.lab.machines.cluster import Cluster
from haven_iac.lab.machines.errors import ClusterError
from haven_iac.lab.machines.network import UnreachableError

if TYPE_CHECKING:
    from haven_iac.lab.machines.machine import Machine


async def join_or_found(machine: Machine) -> Cluster:
    """Return the cluster that a machine with a plan is a member of from now on.

    Raises:
        ClusterError: it is not let in, or the cluster does not come up.
        UnreachableError: it has no network.
        NodeError: its configuration gives no valid Node.
        PkiError: the authorities on its disk are of no use.
    """
    world, plan = machine.world, machine.plan
    assert plan is not None
    if not machine.address:
        raise UnreachableError("network is unreachable")
    if cluster := world.clusters.of(machine):  # was a member before
        machine.member = True  # its etcd counts at once
        world.clusters.poke()
        if plan.role == "server":
            await _quorum(machine, cluster)
        await cluster.register(machine.record, plan, machine.node, machine.address)
        return cluster
    if plan.role == "server" and world.clusters.removed(machine):
        raise ClusterError("this server is not a member of the etcd cluster: its Node was deleted")
    if plan.starts_cluster:
        return await world.clusters.found(machine)
    server = plan.one("server")
    url = urllib.parse.urlsplit(server)
    if url.scheme != "https" or not url.hostname:
        raise ClusterError(f"only https:// URLs are supported, invalid scheme: {server}")
    try:
        address = await machine.net.resolve(url.hostname)
        if address is None:
            raise UnreachableError("no such host")
        target = machine.net.dial(address, url.port or 443)
    except UnreachableError as error:
        text = f'failed to get CA certs: Get "{server}/cacerts": dial tcp {url.netloc}: {error}'
        raise ClusterError(text) from error
    if target.port != plan.supervisor_port:
        raise ClusterError(f"failed to get CA certs: {server}/cacerts: 401 Unauthorized")
    found = world.clusters.of(world.machines[target.machine])
    assert found is not None
    found.admission.check(plan)
    await found.register(machine.record, plan, machine.node, machine.address)
    return found


async def _quorum(machine: Machine, cluster: Cluster) -> None:
    """Wait, as etcd does, until enough other servers are there."""
    if not cluster.up:
        machine.log("etcd: waiting for other members of the cluster")
    while not cluster.up:
        if machine.world.clusters.by_id.get(cluster.id) is not cluster:
            raise ClusterError("its cluster is gone")
        await asyncio.sleep(0.2)

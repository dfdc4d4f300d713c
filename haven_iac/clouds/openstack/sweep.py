"""Takes away what a cluster's controllers made in the cloud and nobody else will: by the cluster's identity, exactly.

Everything of another cluster is left alone, whatever its name looks like: each mark is compared as a whole, or up to
a character that no identity can have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from haven_iac.clouds.openstack.names import named
from haven_iac.errors import DeployError, Problem

if TYPE_CHECKING:
    from openstack.connection import Connection

PATIENCE = 300.0
"""Seconds that everything of one kind gets to go."""
PAUSE = 1.0

CINDER_KEY = "cinder.csi.openstack.org/cluster"
MANILA_KEY = "manila.csi.openstack.org/cluster"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Thing:
    """Something in the cloud."""

    id: str
    name: str


@dataclass(frozen=True)
class Kind:
    """One kind of things that controllers make, and how they are known and removed."""

    word: str
    service: str
    """In the catalogue; a cloud without it has none of these."""
    listed: Callable[[Any, str], Iterable[Any]]
    """Takes a connection and an identity; returns what carries it."""
    delete: Callable[[Any, Any], object]


def belongs(kind: str, one: Mapping[str, Any], identity: str) -> bool:
    """Return whether something was made by the controllers of that very cluster.

    Args:
        kind: load balancer, floating IP, security group, volume or share (with its snapshots).
        one: its name, description and metadata.
        identity: of the cluster.
    """
    name, description = str(one.get("name") or ""), str(one.get("description") or "")
    metadata = one.get("metadata") or {}
    if kind == "load balancer":
        return name.startswith(f"kube_service_{identity}_")
    if kind == "floating IP":
        wanted = "Floating IP for Kubernetes external service "
        return description.startswith(wanted) and description.endswith(f" from cluster {identity}")
    if kind == "security group":
        return name.startswith("lb-sg-") and description.endswith(f" in cluster {identity}")
    if kind == "volume":
        return bool(metadata.get(CINDER_KEY) == identity)
    if kind == "share":
        return bool(metadata.get(MANILA_KEY) == identity)
    raise ValueError(kind)


def sweep(connection: Connection, identity: str, say: Say, *, patience: float = PATIENCE) -> list[str]:
    """Remove what is left of one cluster, and return what that was.

    Args:
        connection: to the cloud.
        identity: of the cluster.
        say: is told what is removed.
        patience: seconds that everything of one kind gets to go.

    Raises:
        DeployError: something would not go; what came before it is gone.
    """

    def follow(chain: tuple[Kind, ...]) -> tuple[list[str], list[Problem]]:
        swept: list[str] = []
        for kind in present(connection, chain):
            try:
                removed = _sweep(connection, kind, identity, patience)
            except DeployError as error:
                return swept, list(error.problems)
            swept += removed
            if removed:
                say(f"swept {len(removed)} of the kind {kind.word}: {', '.join(removed)}")
        return swept, []

    with ThreadPoolExecutor(len(CHAINS)) as pool:
        done = list(pool.map(follow, CHAINS))
    if problems := [one for _, found in done for one in found]:
        raise DeployError("not everything that the cluster left would go", problems=problems)
    return [name for names, _ in done for name in names]


def present(connection: Connection, kinds: Iterable[Kind]) -> list[Kind]:
    """Return the kinds whose service the cloud has."""
    have = {entry["type"] for entry in _catalogue(connection)}
    return [kind for kind in kinds if have & set(_types(kind.service))]


def remaining(connection: Connection, identity: str) -> list[str]:
    """Return what is left of one cluster in the cloud, read-only."""
    kinds = present(connection, (kind for chain in CHAINS for kind in chain))
    return [f"{kind.word} {_called(one)}" for kind in kinds for one in kind.listed(connection, identity)]


def _catalogue(connection: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.service_catalog
    return found


def _types(service: str) -> tuple[str, ...]:
    from haven_iac.clouds.openstack.probing.inventory import ALIASES

    return (service, *ALIASES.get(service, ()))


def _called(one: Any) -> str:
    return str(one.name or getattr(one, "floating_ip_address", None) or one.id)


def _sweep(connection: Connection, kind: Kind, identity: str, patience: float) -> list[str]:
    from openstack.exceptions import SDKException

    deadline = time.monotonic() + patience
    removed: dict[str, str] = {}
    trouble = ""
    while found := list(kind.listed(connection, identity)):
        for one in found:
            removed.setdefault(one.id, _called(one))
            try:
                kind.delete(connection, one)
            except SDKException as error:
                # Busy, or held by something that goes too: the next round tries again. Manila says 403 for busy.
                status = getattr(error, "status_code", None)
                trouble = f"HTTP {status}" if status else type(error).__name__
        if time.monotonic() > deadline:
            names = ", ".join(_called(one) for one in found)
            raise DeployError(
                f"{kind.word} {names} would not go{f': {trouble}' if trouble else ''}",
                fix="look at it in the cloud, then run the same command again: it goes on from here",
            )
        time.sleep(PAUSE)
    return sorted(removed.values())


def _as_dict(one: Any) -> dict[str, Any]:
    return {"name": one.name, "description": getattr(one, "description", ""), "metadata": getattr(one, "metadata", {})}


def _of(kind: str, listed: Callable[[Any], Iterable[Any]]) -> Callable[[Any, str], Iterable[Any]]:
    def found(connection: Any, identity: str) -> Iterator[Any]:
        yield from (one for one in listed(connection) if belongs(kind, _as_dict(one), identity))

    return found


def _stray_ports(connection: Any, identity: str) -> Iterator[Any]:
    """Yield ports of load balancers that were refused or are gone, on the cluster's own network only."""
    networks = list(connection.network.networks(name=named(identity, "network")))
    if not networks:
        return
    balancers = {one.id for one in connection.load_balancer.load_balancers()}
    for network in networks:
        for port in connection.network.ports(network_id=network.id):
            name = str(port.name or "")
            if name.startswith("octavia-lb-") and name.removeprefix("octavia-lb-") not in balancers:
                yield port


def _share_snapshots(connection: Any, identity: str) -> Iterator[Any]:
    """Yield the snapshots of the cluster's shares; they carry no mark of their own."""
    shares = {one.id for one in connection.shared_file_system.shares() if belongs("share", _as_dict(one), identity)}
    if shares:
        yield from (one for one in connection.shared_file_system.share_snapshots() if one.share_id in shares)


def _delete_balancer(connection: Any, one: Any) -> None:
    if one.provisioning_status not in ("PENDING_DELETE", "PENDING_UPDATE", "PENDING_CREATE"):
        connection.load_balancer.delete_load_balancer(one, cascade=True)


def _delete_group(connection: Any, one: Any) -> None:
    """Take a group off every port, then delete it: the cloud controller puts them on nodes' ports."""
    for port in connection.network.ports(security_groups=one.id):
        left = [group for group in port.security_group_ids if group != one.id]
        connection.network.update_port(port, security_groups=left)
    connection.network.delete_security_group(one)


def _delete_volume(connection: Any, one: Any) -> None:
    """Delete a volume; one that a server still has is taken from it first."""
    for attachment in one.attachments or ():
        connection.compute.delete_volume_attachment(attachment["server_id"], one.id)
    if one.status in ("available", "error", "error_deleting"):
        connection.block_storage.delete_volume(one)


def _delete_share(connection: Any, one: Any) -> None:
    if one.status != "deleting":
        connection.shared_file_system.delete_share(one)


_NETWORK = (
    Kind(
        "floating IP", "network", _of("floating IP", lambda c: c.network.ips()), lambda c, one: c.network.delete_ip(one)
    ),
    Kind(
        "load balancer",
        "load-balancer",
        _of("load balancer", lambda c: c.load_balancer.load_balancers()),
        _delete_balancer,
    ),
    Kind("port of a load balancer", "load-balancer", _stray_ports, lambda c, one: c.network.delete_port(one)),
    Kind(
        "security group",
        "network",
        _of("security group", lambda c: c.network.security_groups()),
        _delete_group,
    ),
)
_VOLUMES = (
    Kind(
        "volume snapshot",
        "block-storage",
        _of("volume", lambda c: c.block_storage.snapshots()),
        lambda c, one: c.block_storage.delete_snapshot(one),
    ),
    Kind("volume", "block-storage", _of("volume", lambda c: c.block_storage.volumes()), _delete_volume),
)
_SHARES = (
    Kind(
        "share snapshot",
        "shared-file-system",
        _share_snapshots,
        lambda c, one: c.shared_file_system.delete_share_snapshot(one),
    ),
    Kind("share", "shared-file-system", _of("share", lambda c: c.shared_file_system.shares()), _delete_share),
)

CHAINS: tuple[tuple[Kind, ...], ...] = (_NETWORK, _VOLUMES, _SHARES)
"""Each in the order in which nothing holds what comes next; they have nothing to do with each other."""

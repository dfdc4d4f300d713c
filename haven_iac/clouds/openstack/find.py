"""Finds what was created and not recorded, when a run was killed: by name where there is one, else by what it is.

What cannot be adopted is taken away, so that the next run makes it anew: a server or load balancer that failed, and a
credential whose secret nobody will ever see again. All of these carry the cluster's identity in their name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from haven_iac.clouds.openstack.names import IDENTITY_KEY
from haven_iac.clouds.openstack.probing.reader import Reader, Unread
from haven_iac.errors import DeployError

if TYPE_CHECKING:
    from openstack.connection import Connection

PATIENCE = 300.0
"""Seconds that something gets to become what it should be."""
PAUSE = 2.0

_BUSY = ("BUILD", "PENDING_CREATE", "PENDING_UPDATE", "creating", "downloading")

Found = Mapping[str, Any]
Inputs = Mapping[str, Any]
Look = Callable[[Reader, Inputs], Iterator[Found]]


def find(connection: Connection, token: str, inputs: Inputs, known: Collection[str] = ()) -> str | None:
    """Return the id of an object that was created but not recorded, or None when there is none.

    Args:
        connection: to the cloud.
        token: type of the resource, as `openstack:networking/network:Network`.
        inputs: what it was to be made with, as the state has them.
        known: ids that are recorded already; one of these is not it.

    Raises:
        DeployError: the cloud does not say, so nobody knows.
    """
    kind = token.removeprefix("openstack:")
    look = LOOKS.get(kind)
    if look is None:
        return None
    reader = Reader(connection)
    try:
        found = [one for one in look(reader, inputs) if str(one["id"]) not in known]
    except Unread as error:
        if str(error) == "HTTP 404":  # what it would be a part of is not there
            return None
        raise DeployError(
            f"the cloud does not say whether {inputs.get('name') or token} exists: {error}",
            fix="run the same command again when it answers; nothing was changed",
        ) from None
    for one in found:
        settled = _settled(reader, kind, one)
        if settled is None:
            continue
        if kind in _REMOVED or str(settled.get("status") or settled.get("provisioning_status")).upper() == "ERROR":
            _remove(connection, kind, str(one["id"]))
            continue
        if kind == "networking/secGroup:SecGroup" and inputs.get("deleteDefaultRules"):
            _without_rules(connection, settled)
        return str(one["id"])
    return None


def _named(service: str, path: str, key: str, *same: str) -> Look:
    """Return a look-up by name, and by further fields of the answer that an input has to be equal to."""

    def look(reader: Reader, inputs: Inputs) -> Iterator[Found]:
        name = inputs.get("name")
        if not name:
            return
        for one in reader.pages(service, f"{path}?{urlencode({'name': str(name)})}", key):
            fits = all(_camel(field) not in inputs or one.get(field) == inputs[_camel(field)] for field in same)
            if one.get("name") == name and fits:
                yield one

    return look


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _all_named(service: str, path: str, key: str) -> Look:
    """Return a look-up by name in a list that the service does not filter."""

    def look(reader: Reader, inputs: Inputs) -> Iterator[Found]:
        for one in reader.pages(service, path, key):
            if inputs.get("name") and one.get("name") == inputs["name"]:
                yield one

    return look


def _server(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield servers of that name which carry the cluster's identity; names alone are those of nodes."""
    identity = (inputs.get("metadata") or {}).get(IDENTITY_KEY)
    for one in reader.pages("compute", f"/servers/detail?{urlencode({'name': str(inputs.get('name'))})}", "servers"):
        if one["name"] == inputs.get("name") and (one.get("metadata") or {}).get(IDENTITY_KEY) == identity:
            yield one


def _router_interface(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield the router's port on that subnet: its id is the interface's."""
    asked = urlencode({"device_id": str(inputs.get("routerId"))})
    for one in reader.pages("network", f"/ports?{asked}", "ports"):
        subnets = [ip["subnet_id"] for ip in one["fixed_ips"]]
        if one["id"] == inputs.get("portId") or inputs.get("subnetId") in subnets:
            yield one


def _rule(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield the rules of a group that say the same."""
    asked = urlencode({"security_group_id": str(inputs.get("securityGroupId"))})
    pairs = {
        "direction": "direction",
        "ethertype": "ethertype",
        "protocol": "protocol",
        "port_range_min": "portRangeMin",
        "port_range_max": "portRangeMax",
        "remote_group_id": "remoteGroupId",
        "remote_ip_prefix": "remoteIpPrefix",
    }
    for one in reader.pages("network", f"/security-group-rules?{asked}", "security_group_rules"):
        if all(_same(one.get(field), inputs.get(key)) for field, key in pairs.items()):
            yield one


def _same(answer: Any, wanted: Any) -> bool:
    """Return whether two values are one; Pulumi's numbers are floats, and Neutron writes `None` for anybody."""
    if isinstance(wanted, float) and wanted.is_integer():
        wanted = int(wanted)
    nothing = (None, "", "0.0.0.0/0", "::/0")
    return answer == wanted or (answer in nothing and wanted in nothing)


def _floating_ip(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield floating IPs with that description, which names the cluster's identity; tags come in a second request."""
    if not inputs.get("description"):
        return
    for one in reader.pages("network", "/floatingips", "floatingips"):
        if one.get("description") == inputs["description"]:
            yield one


def _association(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield the floating IP that leads to that port already."""
    asked = urlencode({"floating_ip_address": str(inputs.get("floatingIp"))})
    for one in reader.pages("network", f"/floatingips?{asked}", "floatingips"):
        if one.get("port_id") == inputs.get("portId"):
            yield one


def _member(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield the pool's member with that address and port."""
    pool = quote(str(inputs.get("poolId")))
    for one in reader.pages("load_balancer", f"/lbaas/pools/{pool}/members", "members"):
        if one["address"] == inputs.get("address") and _same(one["protocol_port"], inputs.get("protocolPort")):
            yield one


def _credential(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    user = reader.connection.current_user_id
    listed = reader.pages("identity", f"/users/{user}/application_credentials", "application_credentials")
    yield from (one for one in listed if one["name"] == inputs.get("name"))


def _container(reader: Reader, inputs: Inputs) -> Iterator[Found]:
    """Yield the container of that name; its name is its id."""
    name = str(inputs.get("name"))
    reader.head("object_store", f"/{quote(name, safe='')}")
    yield {"id": name, "name": name}


LOOKS: Mapping[str, Look] = {
    "networking/network:Network": _named("network", "/networks", "networks"),
    "networking/subnet:Subnet": _named("network", "/subnets", "subnets", "network_id"),
    "networking/router:Router": _named("network", "/routers", "routers"),
    "networking/routerInterface:RouterInterface": _router_interface,
    "networking/port:Port": _named("network", "/ports", "ports", "network_id"),
    "networking/secGroup:SecGroup": _named("network", "/security-groups", "security_groups"),
    "networking/secGroupRule:SecGroupRule": _rule,
    "networking/floatingIp:FloatingIp": _floating_ip,
    "networking/floatingIpAssociate:FloatingIpAssociate": _association,
    "compute/serverGroup:ServerGroup": _all_named("compute", "/os-server-groups", "server_groups"),
    "compute/instance:Instance": _server,
    "loadbalancer/loadBalancer:LoadBalancer": _named("load_balancer", "/lbaas/loadbalancers", "loadbalancers"),
    "loadbalancer/listener:Listener": _named("load_balancer", "/lbaas/listeners", "listeners", "protocol_port"),
    "loadbalancer/pool:Pool": _named("load_balancer", "/lbaas/pools", "pools"),
    "loadbalancer/monitor:Monitor": _named("load_balancer", "/lbaas/healthmonitors", "healthmonitors"),
    "loadbalancer/member:Member": _member,
    "identity/applicationCredential:ApplicationCredential": _credential,
    "blockstorage/volume:Volume": _named("block_storage", "/volumes/detail", "volumes"),
    "sharedfilesystem/shareNetwork:ShareNetwork": _all_named(
        "shared_file_system", "/share-networks/detail", "share_networks"
    ),
    "objectstorage/container:Container": _container,
}
"""How each type is looked up. One that is not here does no harm when it is made again, such as a pool's members, which
are put as a whole."""

_REMOVED = {"identity/applicationCredential:ApplicationCredential"}
"""Types that cannot be adopted."""

_ONE = {
    "compute/instance:Instance": ("compute", "/servers/{id}", "server"),
    "loadbalancer/loadBalancer:LoadBalancer": ("load_balancer", "/lbaas/loadbalancers/{id}", "loadbalancer"),
    "loadbalancer/listener:Listener": ("load_balancer", "/lbaas/listeners/{id}", "listener"),
    "loadbalancer/pool:Pool": ("load_balancer", "/lbaas/pools/{id}", "pool"),
    "loadbalancer/monitor:Monitor": ("load_balancer", "/lbaas/healthmonitors/{id}", "healthmonitor"),
    "blockstorage/volume:Volume": ("block_storage", "/volumes/{id}", "volume"),
}
"""Types that take their time: service, path and key of one object."""


def _settled(reader: Reader, kind: str, found: Found) -> Found | None:
    """Return an object when it is no longer being made; None when it is gone."""
    if kind not in _ONE:
        return found
    service, path, key = _ONE[kind]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            now: Found = reader.get(service, path.format(id=found["id"]))[key]
        except Unread as error:
            if str(error) == "HTTP 404":
                return None
            raise
        status = now.get("provisioning_status") or now.get("status")
        if status not in _BUSY or time.monotonic() > deadline:
            return now
        time.sleep(PAUSE)


def _remove(connection: Connection, kind: str, identifier: str) -> None:
    cloud: Any = connection
    if kind == "compute/instance:Instance":
        cloud.compute.delete_server(identifier)
        _gone(lambda: cloud.compute.find_server(identifier))
    elif kind == "identity/applicationCredential:ApplicationCredential":
        cloud.identity.delete_application_credential(cloud.current_user_id, identifier)
    elif kind == "blockstorage/volume:Volume":
        cloud.block_storage.delete_volume(identifier)
    elif kind.startswith("loadbalancer/"):
        # A part of a load balancer that failed takes the whole with it: only deleting helps.
        service = _ONE[kind][1].split("/")[2]
        query = "?cascade=true" if service == "loadbalancers" else ""
        cloud.load_balancer.delete(f"/lbaas/{service}/{identifier}{query}")
        if service == "loadbalancers":
            _gone(lambda: cloud.load_balancer.find_load_balancer(identifier))


def _gone(look: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while look() is not None and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _without_rules(connection: Connection, group: Found) -> None:
    """Take away the rules that Neutron gives a new group: the run was killed before it did so."""
    cloud: Any = connection
    for rule in group.get("security_group_rules") or ():
        cloud.network.delete_security_group_rule(rule["id"])

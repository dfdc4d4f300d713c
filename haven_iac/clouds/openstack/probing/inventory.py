"""Reads everything that a probe needs, at once: some thirty requests side by side, none of which changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from haven_iac.clouds.openstack import connection as connections
from haven_iac.clouds.openstack.probing import read_balancer, read_compute, read_network, read_objects, read_storage
from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import Quota, Snapshot, Token
from haven_iac.clouds.openstack.settings import OpenStackSettings

if TYPE_CHECKING:
    from openstack.connection import Connection

ALIASES = {
    "block-storage": ("volumev3", "volumev2", "volume", "block-store"),
    "shared-file-system": ("sharev2", "share"),
}
"""Official service type to the older names that catalogues still use."""

Part = Callable[[Reader], Any]


def read(connection: Connection, settings: OpenStackSettings, containers: Iterable[str] = ()) -> Snapshot:
    """Return what the cloud has, as far as it can be read.

    Args:
        connection: one that has logged in.
        settings: say which image is looked for.
        containers: names of those that will be made.
    """
    access = connections.token(connection)
    services = _services(access)
    reader = Reader(connection)
    parts = _parts(settings, access, services)
    if wanted := tuple(containers) if "object-store" in services else ():
        parts |= {"containers": lambda r: read_objects.containers(r, wanted), "s3": read_objects.s3}
    found = reader.all(parts)
    quotas: dict[str, Quota] = {}
    for name in [name for name in found if name.endswith(" quota")]:
        quotas |= found.pop(name)
    if found.get("images") == ():
        found |= reader.all({"image_names": read_compute.image_names})
    found.pop("credentials", None)
    refused = reader.unreadable.pop("credentials", "") == "HTTP 403"
    return Snapshot(
        token=_token(access),
        services=services,
        region=connection.config.region_name or "",
        regions=_regions(access),
        credentials_listed=not refused,
        quotas=quotas,
        unreadable=reader.unreadable,
        **found,
    )


def _services(access: Any) -> frozenset[str]:
    official = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
    return frozenset(official.get(one["type"], one["type"]) for one in access.service_catalog.catalog)


def _regions(access: Any) -> frozenset[str]:
    entries = access.service_catalog.catalog
    return frozenset(end["region"] for entry in entries for end in entry.get("endpoints", []) if end.get("region"))


def _token(access: Any) -> Token:
    data = access._data["token"]
    credential = data.get("application_credential") or {}
    return Token(
        project=access.project_name or access.project_id,
        roles=frozenset(access.role_names),
        methods=frozenset(data.get("methods") or []),
        restricted=bool(credential.get("restricted")),
    )


def _parts(settings: OpenStackSettings, access: Any, services: frozenset[str]) -> dict[str, Part]:
    project, user = access.project_id, access.user_id
    by_service: dict[str, dict[str, Part]] = {
        "identity": {"credentials": lambda r: r.get("identity", f"/users/{user}/application_credentials")},
        "compute": {
            "compute quota": read_compute.compute_quota,
            "flavors": read_compute.flavors,
            "zones": lambda r: read_compute.zones(r, "compute"),
            "keypairs": read_compute.keypairs,
        },
        "image": {"images": lambda r: read_compute.images(r, settings.image)},
        "network": {
            "network quota": lambda r: read_network.network_quota(r, project),
            "networks": read_network.networks,
            "subnets": read_network.subnets,
            "routers": read_network.routers,
            "security_groups": read_network.security_groups,
            "floating_ips": read_network.floating_ips,
        },
        "load-balancer": {
            "balancer quota": lambda r: read_balancer.quota(r, project),
            "providers": read_balancer.providers,
            "balancer_version": read_balancer.version,
            "balancer_flavors": read_balancer.flavors,
            "balancer_zones": read_balancer.zones,
        },
        "block-storage": {
            "volume quota": lambda r: read_storage.volume_quota(r, project),
            "volume_types": read_storage.volume_types,
            "volume_zones": lambda r: read_compute.zones(r, "block_storage"),
        },
        "shared-file-system": {
            "share quota": read_storage.share_quota,
            "share_types": read_storage.share_types,
            "share_zones": read_storage.share_zones,
            "share_networks": read_storage.share_networks,
        },
    }
    return {name: part for service in services for name, part in by_service.get(service, {}).items()}

"""Volume types, share types, and the zones of Nova, Cinder and Manila side by side.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, choose, error, listed, warning
from haven_iac.clouds.openstack.probing.snapshot import called
from haven_iac.clouds.openstack.storage import DEFAULT_SHARE_TYPE, manila_wanted


def volume_types(case: Case) -> Iterator[Finding]:
    """Judge every volume type that is named."""
    seen, settings, spec = case.seen, case.settings, case.plan.spec
    if "block-storage" not in seen.services or not seen.read("volume_types"):
        return
    named: dict[str, str | None] = {
        "storage.block.type": spec.storage.block.type,
        "storage.block.encryptedType": spec.storage.block.encrypted_type,
        "cloud.settings.etcdDisk.type": settings.etcd_disk.type if settings.etcd_disk else None,
    }
    named |= {f"cloud.settings.volumeTypes.{name}": kind for name, kind in settings.volume_types.items()}
    named |= {f"{case.path(pool)}.disk.type": case.disk(pool).type for pool in case.plan.pools}
    have = seen.volume_types - {"__DEFAULT__"} or seen.volume_types
    for path, kind in named.items():
        if kind and kind not in seen.volume_types:
            yield error(f"Cinder has no volume type {kind!r}", choose(kind, have), path)


def volume_zones(case: Case) -> Iterator[Finding]:
    """Judge whether a volume can be made where its pod runs."""
    seen, settings = case.seen, case.settings
    if "block-storage" not in seen.services or not seen.read("volume_zones"):
        return
    nodes = {node.zone for node in case.plan.nodes if node.zone}
    nodes &= seen.zones or nodes
    lacking = nodes - seen.volume_zones
    if lacking and not settings.ignore_volume_zone:
        yield error(
            f"nodes stand in {listed(nodes)}, and Cinder has no zone {listed(lacking)} but {listed(seen.volume_zones)}",
            "write `ignoreVolumeZone: true`, if servers may use volumes of every zone (cross_az_attach)",
            "cloud.settings.ignoreVolumeZone",
        )
    elif settings.ignore_volume_zone and not lacking:
        yield warning(
            f"Cinder has every zone that nodes stand in ({listed(nodes)}), and zones are ignored",
            "leave ignoreVolumeZone out, so that each volume is made where its pod runs",
            "cloud.settings.ignoreVolumeZone",
        )
    if settings.volume_zone:
        path = "cloud.settings.volumeZone"
        if settings.volume_zone not in seen.volume_zones:
            what = f"Cinder has no zone {settings.volume_zone!r}"
            yield error(what, choose(settings.volume_zone, seen.volume_zones), path)
        elif not settings.ignore_volume_zone:
            yield error(
                "one zone for every volume, and pods in others could not use them",
                "write `ignoreVolumeZone: true` too, or leave volumeZone out",
                path,
            )


def shares(case: Case) -> Iterator[Finding]:
    """Judge what shared volumes need of Manila."""
    seen, settings = case.seen, case.settings
    if not manila_wanted(case.plan.spec) or "shared-file-system" not in seen.services:
        return
    if seen.read("share_types"):
        yield from _share_type(case)
    if settings.share_zone and seen.read("share_zones") and settings.share_zone not in seen.share_zones:
        yield error(
            f"Manila has no zone {settings.share_zone!r}; Nova has {listed(seen.zones)}, Cinder "
            f"{listed(seen.volume_zones)}, Manila {listed(seen.share_zones)}",
            choose(settings.share_zone, seen.share_zones),
            "cloud.settings.shareZone",
        )
    network, path = settings.share_network_id, "cloud.settings.shareNetworkId"
    if network and seen.read("share_networks") and network not in {one.id for one in seen.share_networks}:
        yield error(f"there is no share network {network}", _networks(case), path)


def _share_type(case: Case) -> Iterator[Finding]:
    seen, wanted = case.seen, case.plan.spec.storage.shared.type
    path = "storage.shared.type"
    found = called(wanted or DEFAULT_SHARE_TYPE, seen.share_types)
    if not found:
        names = [one.name for one in seen.share_types]
        what = f"Manila has no share type {wanted or DEFAULT_SHARE_TYPE!r}"
        yield error(what, choose(wanted or "", names, "ask the cloud's operator for one"), path)
    elif found[0].share_servers and not case.settings.share_network_id:
        yield error(
            f"share type {found[0].name} makes a server for each share network, and none is named",
            f"{_networks(case)}; or take a type without share servers",
            "cloud.settings.shareNetworkId",
        )
    elif not found[0].share_servers and case.settings.share_network_id:
        yield error(
            f"share type {found[0].name} takes no share network",
            "leave shareNetworkId out",
            "cloud.settings.shareNetworkId",
        )


def _networks(case: Case) -> str:
    have = [f"{one.id} ({one.name})" if one.name else one.id for one in case.seen.share_networks]
    return f"write one of {listed(have)}" if have else "make one with `openstack share network create`"


RULES: tuple[Rule, ...] = (volume_types, volume_zones, shares)

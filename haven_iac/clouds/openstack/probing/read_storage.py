"""What Cinder and Manila have."""

from __future__ import annotations

from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.probing.snapshot import Kind, Named, Quota, ShareType

MANILA = {"X-OpenStack-Manila-API-Version": "2.51"}
"""Stein; older clouds answer 406, and then nothing is said about shares."""


def volume_quota(reader: Reader, project: str) -> dict[str, Quota]:
    """Return what of volumes the project may have, together and of each type."""
    found = reader.get("block_storage", f"/os-quota-sets/{project}?usage=True")["quota_set"]
    quotas = {}
    for name, one in found.items():
        if isinstance(one, dict):
            what, _, type_ = name.partition("_")
            kind = {"volumes": Kind.VOLUMES, "gigabytes": Kind.GIGABYTES}.get(what)
            if kind:
                text = f"{kind.value} of type {type_}" if type_ else kind.value
                quotas[text] = Quota(one["limit"], one["in_use"] + one.get("reserved", 0))
    return quotas


def share_quota(reader: Reader) -> dict[str, Quota]:
    """Return what of shares the project may have."""
    limits = reader.get("shared_file_system", "/limits", headers=MANILA)["limits"]["absolute"]
    return {
        Kind.SHARES.value: Quota(limits["maxTotalShares"], limits["totalSharesUsed"]),
        Kind.SHARE_GIGABYTES.value: Quota(limits["maxTotalShareGigabytes"], limits["totalShareGigabytesUsed"]),
    }


def share_types(reader: Reader) -> tuple[ShareType, ...]:
    """Return every share type."""
    return tuple(
        ShareType(
            one["id"],
            one["name"],
            bool(one.get("is_default")),
            str((one.get("required_extra_specs") or {}).get("driver_handles_share_servers", "")).lower() == "true",
        )
        for one in reader.get("shared_file_system", "/types", headers=MANILA)["share_types"]
    )


def volume_types(reader: Reader) -> frozenset[str]:
    """Return the names of Cinder's volume types."""
    return frozenset(one["name"] for one in reader.pages("block_storage", "/types", "volume_types"))


def share_zones(reader: Reader) -> frozenset[str]:
    """Return Manila's zones."""
    listed = reader.get("shared_file_system", "/availability-zones", headers=MANILA)["availability_zones"]
    return frozenset(one["name"] for one in listed)


def share_networks(reader: Reader) -> tuple[Named, ...]:
    """Return Manila's share networks."""
    listed = reader.get("shared_file_system", "/share-networks", headers=MANILA)["share_networks"]
    return tuple(Named(one["id"], one.get("name") or "") for one in listed)

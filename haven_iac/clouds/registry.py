"""Finds cloud adapters by entry point, so that a stranger's package can add one."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import EntryPoint

from haven_iac.clouds.base import API, Cloud
from haven_iac.errors import CloudError, CloudNotFoundError
from haven_iac.facts import Capability
from haven_iac.installed import entry_points

GROUP = "haven_iac.clouds"


def installed() -> dict[str, EntryPoint]:
    """Return every adapter that is installed, by kind; none is imported."""
    return {entry.name: entry for entry in entry_points(GROUP)}


def find(kind: str) -> Cloud:
    """Return the adapter for one kind of cloud.

    Raises:
        CloudNotFoundError: no adapter of that kind is installed.
        CloudError: the adapter was written for another version of the seam, or is no adapter.
    """
    known = installed()
    if kind not in known:
        close = get_close_matches(kind, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise CloudNotFoundError(
            f"no adapter for cloud {kind!r} is installed",
            fix=f"{hint}installed are: {', '.join(known) or 'none'}",
            at="cloud.kind",
        )
    cloud = known[kind].load()
    if not isinstance(cloud, Cloud):
        raise CloudError(f"{known[kind].value} is not a cloud adapter", fix="see haven_iac.clouds.base.Cloud")
    if cloud.api != API:
        raise CloudError(
            f"the adapter for {kind} speaks version {cloud.api} of the seam, this is version {API}",
            fix="install a version of the adapter that goes with this haven-iac",
        )
    return cloud


def nodes_there(kind: str) -> bool:
    """Return whether the clusters of one kind of cloud have their nodes already, so that no pool is described."""
    try:
        return Capability.NODE_POOLS not in find(kind).capabilities
    except CloudError:
        return False

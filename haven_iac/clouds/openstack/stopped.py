"""Machines that are switched off: the first thing to look at when a cluster's API does not answer."""

from __future__ import annotations

from typing import Any

from haven_iac.clouds.base import Explained
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import HavenError
from haven_iac.plan.model import ClusterPlan, Role

MOST_NAMES = 12
"""Machines that a message names."""


def explain(plan: ClusterPlan, settings: OpenStackSettings) -> Explained | None:
    """Return which of a cluster's machines are switched off; None when all run, or the cloud cannot be asked.

    Args:
        plan: names the machines.
        settings: of the cloud.
    """
    from openstack.exceptions import SDKException

    servers = {node.name for node in plan.nodes if node.role is Role.CONTROL_PLANE}
    names = {node.name for node in plan.nodes}
    try:
        cloud: Any = connect(settings)
        found = {one.name: one.status for one in cloud.compute.servers(name=f"^{plan.spec.name}-") if one.name in names}
    except (HavenError, SDKException):
        return None
    off = sorted(name for name, status in found.items() if status != "ACTIVE")
    if not servers.intersection(off):
        return None
    many = f"{len(off)} of its {len(found)} machines are"
    return Explained(
        f"the Kubernetes API does not answer: {many if len(off) > 1 else f'{off[0]} is'} switched off",
        f"`openstack server start {' '.join(off[:MOST_NAMES])}`{', and so on' if len(off) > MOST_NAMES else ''}; "
        "then run the same command again",
    )

"""Machines that are switched off: the first thing to look at when a cluster's API does not answer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from haven_iac.clouds.base import Explained
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import HavenError
from haven_iac.plan.model import ClusterPlan, Role

MOST_NAMES = 12
"""Machines that a message names."""


def explain(plan: ClusterPlan, settings: OpenStackSettings) -> Explained | None:
    """Return which of a cluster's machines are switched off; None when no server is, or the cloud cannot be asked.

    Args:
        plan: names the machines.
        settings: of the cloud.
    """
    from openstack.exceptions import SDKException

    roles = {node.name: node.role for node in plan.nodes}
    try:
        with closing(connect(settings)) as cloud:
            listed: Any = cloud.compute.servers(name=f"^{plan.spec.name}-")
            found = {one.name: one.status for one in listed if one.name in roles}
    except (HavenError, SDKException):
        return None
    off = sorted(name for name, status in found.items() if status == "SHUTOFF")
    if not any(roles[name] is Role.CONTROL_PLANE for name in off):
        return None
    many = f"{len(off)} of its {len(found)} machines are"
    return Explained(
        f"the Kubernetes API does not answer: {many if len(off) > 1 else f'{off[0]} is'} switched off",
        f"`openstack server start {' '.join(off[:MOST_NAMES])}`{', and so on' if len(off) > MOST_NAMES else ''}; "
        "then run the same command again",
    )

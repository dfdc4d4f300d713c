"""What the machines of one cluster share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from haven_iac.clouds.openstack import names
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.plan.model import ClusterPlan


@dataclass(frozen=True)
class Place:
    """Everything that the machines of one cluster share."""

    plan: ClusterPlan
    settings: OpenStackSettings
    identity: pulumi.Output[str]
    network: Any
    """What `network.build` returned."""
    endpoint: Any
    """What `endpoint.build` told."""
    material: pulumi.Output[Mapping[str, str]]
    authorities: pulumi.Output[Mapping[str, str]]
    """What `authorities.held` returned."""
    exists: pulumi.Output[bool]
    """Whether the cluster has been started already."""

    @property
    def tags(self) -> pulumi.Output[list[str]]:
        """Return the tags of a machine and its port."""
        return self.identity.apply(lambda one: [names.tag(one)])

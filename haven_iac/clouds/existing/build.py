"""Makes nothing of a cluster that exists: hands on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from haven_iac.clouds.base import ControlPlaneParts, EndpointParts, KeyParts, NetworkParts, PoolParts
from haven_iac.clouds.existing import settings_of
from haven_iac.clouds.existing.credential import server_of, text_of
from haven_iac.clouds.existing.provider import ExistingCluster
from haven_iac.plan.model import ClusterPlan, PoolPlan


class ExistingBuilder:
    """Hands on the way to a cluster."""

    def __init__(self, root: str) -> None:
        self._root = root

    def _kubeconfig(self, plan: ClusterPlan) -> pulumi.Output[str]:
        settings = settings_of(plan.spec)
        if not settings.kubeconfig_secret:
            return pulumi.Output.secret(text_of(settings, self._root))
        held = pulumi.Config("haven").require_secret(settings.kubeconfig_secret)
        return pulumi.Output.secret(held.apply(lambda text: text_of(settings, self._root, text)))

    def network(self, plan: ClusterPlan, opts: pulumi.ResourceOptions) -> NetworkParts:
        """Make nothing: it is there."""
        return NetworkParts()

    def api_endpoint(self, plan: ClusterPlan, network: NetworkParts, opts: pulumi.ResourceOptions) -> EndpointParts:
        """Return where the API answers."""
        return EndpointParts(pulumi.Output.unsecret(self._kubeconfig(plan).apply(server_of)))

    def control_plane(
        self,
        plan: ClusterPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> ControlPlaneParts:
        """Look whether it is the cluster that was found."""
        found = settings_of(plan.spec).found
        assert found is not None
        kubeconfig = self._kubeconfig(plan)
        cluster = ExistingCluster(f"{plan.spec.name}-existing", kubeconfig, found.cluster, opts)
        return ControlPlaneParts(cluster.ready, (), kubeconfig)

    def pool(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> PoolParts:
        """Make nothing: the nodes are there."""
        return PoolParts()

    def find(self, token: str, inputs: Mapping[str, Any]) -> str | None:
        """Return None: everything here converges when it is made again."""
        return None

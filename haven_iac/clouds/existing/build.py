"""Makes nothing of a cluster that exists: hands on the way to it."""

from __future__ import annotations

import pulumi

from haven_iac.clouds.base import Bare
from haven_iac.clouds.existing import settings_of
from haven_iac.clouds.existing.credential import server_of, text_of
from haven_iac.clouds.existing.provider import ExistingCluster
from haven_iac.clouds.parts import ControlPlaneParts, EndpointParts, KeyParts, NetworkParts
from haven_iac.plan.model import ClusterPlan


class ExistingBuilder(Bare):
    """Hands on the way to a cluster."""

    def __init__(self, root: str) -> None:
        self._root = root

    def _kubeconfig(self, plan: ClusterPlan) -> pulumi.Output[str]:
        settings = settings_of(plan.spec)
        if not settings.kubeconfig_secret:
            return pulumi.Output.secret(text_of(settings, self._root))
        held = pulumi.Config("haven").require_secret(settings.kubeconfig_secret)
        return pulumi.Output.secret(held.apply(lambda text: text_of(settings, self._root, text)))

    def api_endpoint(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> EndpointParts:
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

"""A whole Haven cluster: keys, network, API, nodes and platform."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac import resources
from haven_iac.components.api_endpoint import ApiEndpoint
from haven_iac.components.base import HavenComponent
from haven_iac.components.cloud_access import CloudAccess
from haven_iac.components.control_plane import ControlPlane
from haven_iac.components.keys import Keys
from haven_iac.components.leftovers import Leftovers
from haven_iac.components.machines import Machines
from haven_iac.components.network import Network
from haven_iac.components.node_pool import NodePool
from haven_iac.components.platform import Platform
from haven_iac.components.reachable import reachable
from haven_iac.keys.kubeconfig import render
from haven_iac.prepare import from_document


class HavenClusterArgs(TypedDict):
    """Inputs of `HavenCluster`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`; `haven-iac schema` describes it."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class HavenCluster(HavenComponent):
    """A whole Haven cluster on any cloud that has an adapter, always with the same platform and outputs."""

    _token: ClassVar[str] = "haven:index:HavenCluster"

    identity: pulumi.Output[str]
    """Name and a short random suffix: tag and prefix of everything in the cloud."""
    server: pulumi.Output[str]
    """URL of the Kubernetes API."""
    kubeconfig: pulumi.Output[str]
    """The stack's own administrator; secret.  People get a short-lived one from `haven-iac kubeconfig`."""
    signing: pulumi.Output[dict[str, str]]
    """What short-lived credentials are signed with; empty where the cluster's own API signs them.  Secret."""

    def __init__(self, name: str, args: HavenClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        document, root = args["spec"], self._root(args)
        plan = from_document(document).plan

        own = plan.facts.own_keys
        builder = from_document(document).cloud.builder(root)
        providers = dict(builder.providers(plan, self._child))
        cloud = pulumi.ResourceOptions(parent=self, providers=providers)
        keys = Keys(f"{name}-keys", {"cluster": plan.spec.name, "own": own}, self._child)
        network = Network(f"{name}-network", {"spec": document, "identity": keys.identity, "root": root}, cloud)
        placed: dict[str, Any] = {
            "spec": document,
            "identity": keys.identity,
            "network": network.given,
            "root": root,
        }
        endpoint = ApiEndpoint(f"{name}-api", {**placed}, cloud)  # type: ignore[typeddict-item]
        access = CloudAccess(f"{name}-access", {**placed}, cloud)  # type: ignore[typeddict-item]

        self.identity, self.server = keys.identity, endpoint.server
        self.signing = keys.signing
        signed = pulumi.Output.all(endpoint.server, keys.ca_cert, keys.admin_cert, keys.admin_key).apply(
            lambda v: render(server=v[0], ca=v[1], cert=v[2], key=v[3], cluster=plan.spec.name)
        )
        common = {**placed, "material": keys.material, "server": endpoint.server, "endpoint": endpoint.given}
        control_plane = ControlPlane(
            f"{name}-control-plane",
            {**common, "kubeconfig": signed if own else ""},  # type: ignore[typeddict-item]
            cloud,
        )
        self.kubeconfig = pulumi.Output.secret(signed if own else control_plane.kubeconfig)
        common["kubeconfig"] = self.kubeconfig
        machines = {
            pool.name: Machines(
                f"{name}-machines-{pool.name}",
                {**common, "pool": pool.name},  # type: ignore[typeddict-item]
                cloud,
            )
            for pool in plan.pools
        }
        provider = resources.provider(
            f"{name}-kubernetes",
            {
                "kubeconfig": reachable(self.kubeconfig, control_plane.ready),
                "clusterIdentifier": self.identity,
                "enableConfigMapMutable": True,
                "enableSecretMutable": True,
                "suppressHelmHookWarnings": True,
            },
            pulumi.ResourceOptions(parent=self, depends_on=[control_plane]),
        )
        inside = pulumi.ResourceOptions(
            parent=self,
            providers={**providers, "kubernetes": provider},
            deleted_with=next(iter(control_plane.resources), None),
        )
        pools = [
            NodePool(
                f"{name}-pool-{pool}",
                {**common, "pool": pool, "machines": made.given},  # type: ignore[typeddict-item]
                inside,
            )
            for pool, made in machines.items()
        ]
        leftovers = Leftovers(
            f"{name}-leftovers",
            {
                **placed,  # type: ignore[typeddict-item]
                "material": keys.material,
                "kubeconfig": self.kubeconfig,
            },
            pulumi.ResourceOptions(
                parent=self,
                providers=providers,
                depends_on=[endpoint, access, control_plane, *machines.values(), *pools],
            ),
        )
        Platform(
            f"{name}-platform",
            {
                "spec": document,
                "server": endpoint.server,
                "kubeconfig": self.kubeconfig,
                "late": dict(access.given),
            },
            pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[*pools, leftovers])),
        )
        self.register_outputs(
            {
                "identity": self.identity,
                "server": self.server,
                "kubeconfig": self.kubeconfig,
                "signing": self.signing,
            }
        )

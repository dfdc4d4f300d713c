"""Takes away what controllers in the cluster made in the cloud, when the cluster is destroyed."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.clouds.parts import NetworkParts
from haven_iac.components.base import HavenComponent, details, keys
from haven_iac.prepare import from_document


class LeftoversArgs(TypedDict):
    """Inputs of `Leftovers`; its options depend on nodes and credentials, and the platform's on it."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    identity: pulumi.Input[str]
    """`Keys.identity`."""
    material: pulumi.Input[dict[str, str]]
    """`Keys.material`; secret."""
    kubeconfig: pulumi.Input[str]
    """The stack's own administrator; secret."""
    network: NotRequired[pulumi.Input[dict[str, Any]]]
    """`Network.details`; empty when left out."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class Leftovers(HavenComponent):
    """Load balancers, volumes and the like that are in no state: gone before the servers are."""

    _token: ClassVar[str] = "haven:index:Leftovers"

    def __init__(self, name: str, args: LeftoversArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        needs = pulumi.ResourceOptions(depends_on=opts.depends_on if opts else None)
        ready.cloud.builder(self._root(args)).leftovers(
            ready.plan,
            keys(args),
            NetworkParts(details(args.get("network"))),
            pulumi.ResourceOptions.merge(self._child, needs),
        )
        self.register_outputs({})

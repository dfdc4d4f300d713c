"""A group of identical nodes."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.clouds.parts import MachineParts
from haven_iac.components.base import HavenComponent, details, keys, placed
from haven_iac.prepare import from_document


class NodePoolArgs(TypedDict):
    """Inputs of `NodePool`; the Kubernetes provider comes through the options."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    pool: str
    """Name of the pool; `control-plane` for the servers where they are objects of their own."""
    identity: pulumi.Input[str]
    """`Keys.identity`."""
    material: pulumi.Input[dict[str, str]]
    """`Keys.material`; secret."""
    kubeconfig: pulumi.Input[str]
    """The stack's own administrator; secret."""
    server: pulumi.Input[str]
    """`ApiEndpoint.server`."""
    endpoint: NotRequired[pulumi.Input[dict[str, Any]]]
    """`ApiEndpoint.details`; empty when left out."""
    network: NotRequired[pulumi.Input[dict[str, Any]]]
    """`Network.details`; empty when left out."""
    machines: NotRequired[pulumi.Input[dict[str, Any]]]
    """`Machines.given` of the same pool; empty when left out."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class NodePool(HavenComponent):
    """A group of identical nodes, spread over zones; labels and taints change in place."""

    _token: ClassVar[str] = "haven:index:NodePool"

    size: pulumi.Output[int]
    """How many nodes the pool has."""

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        pool = next(p for p in ready.plan.pools if p.name == args["pool"])
        ready.cloud.builder(self._root(args)).pool(
            ready.plan,
            pool,
            keys(args),
            *placed(args),
            MachineParts(details(args.get("machines"))),
            pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(deleted_with=opts.deleted_with if opts else None)
            ),
        )
        self.size = pulumi.Output.from_input(len(pool.nodes))
        self.register_outputs({"size": self.size})

"""The machines of a group of identical nodes."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.base import Details, HavenComponent, keys, placed
from haven_iac.prepare import from_document


class MachinesArgs(TypedDict):
    """Inputs of `Machines`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    pool: str
    """Name of the pool; `control-plane` for the servers."""
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
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class Machines(HavenComponent):
    """The machines of a group of identical nodes, spread over zones; made beside the control plane."""

    _token: ClassVar[str] = "haven:index:Machines"

    size: pulumi.Output[int]
    """How many machines the pool has."""

    def __init__(self, name: str, args: MachinesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        pool = next(p for p in ready.plan.pools if p.name == args["pool"])
        parts = ready.cloud.builder(self._root(args)).machines(ready.plan, pool, keys(args), *placed(args), self._child)
        self._given = parts.details
        self.size = pulumi.Output.from_input(len(pool.nodes))
        self.register_outputs({"size": self.size})

    @property
    def given(self) -> Details:
        """Return what `NodePool` of the same pool has to know."""
        return self._given

"""What controllers in the cluster log in to the cloud with."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.clouds.parts import NetworkParts
from haven_iac.components.base import HavenComponent, details
from haven_iac.platform.late import IDENTITY
from haven_iac.prepare import from_document


class CloudAccessArgs(TypedDict):
    """Inputs of `CloudAccess`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    identity: pulumi.Input[str]
    """`Keys.identity`."""
    network: NotRequired[pulumi.Input[dict[str, Any]]]
    """`Network.details`; empty when left out."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class CloudAccess(HavenComponent):
    """What controllers in the cluster log in to the cloud with: a credential of its own, that can be renewed."""

    _token: ClassVar[str] = "haven:index:CloudAccess"

    late: pulumi.Output[dict[str, str]]
    """Values for the marks in the plan, by name; secret where there is a credential among them."""

    def __init__(self, name: str, args: CloudAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        identity = pulumi.Output.from_input(args["identity"])
        network = NetworkParts(details(args.get("network")))
        parts = ready.cloud.builder(self._root(args)).access(ready.plan, identity, network, self._child)
        self._given: dict[str, pulumi.Output[str]] = {IDENTITY: identity, **parts.late}
        self.late = pulumi.Output.all(**self._given)
        self.register_outputs({"late": self.late})

    @property
    def given(self) -> dict[str, pulumi.Output[str]]:
        """Return each late value by itself, so that one secret does not make the others secret."""
        return self._given

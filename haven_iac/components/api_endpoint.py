"""The address of the Kubernetes API."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.clouds.parts import NetworkParts
from haven_iac.components.base import Details, HavenComponent, details, told
from haven_iac.prepare import from_document


class ApiEndpointArgs(TypedDict):
    """Inputs of `ApiEndpoint`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    identity: pulumi.Input[str]
    """`Keys.identity`."""
    network: NotRequired[pulumi.Input[dict[str, Any]]]
    """`Network.details`; empty when left out."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class ApiEndpoint(HavenComponent):
    """The address of the Kubernetes API, known before the first server starts."""

    _token: ClassVar[str] = "haven:index:ApiEndpoint"

    server: pulumi.Output[str]
    """URL, as it stands in a kubeconfig."""
    details: pulumi.Output[dict[str, Any]]
    """What the same cloud's other parts need."""

    def __init__(self, name: str, args: ApiEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        network = NetworkParts(details(args.get("network")))
        parts = ready.cloud.builder(self._root(args)).api_endpoint(
            ready.plan, pulumi.Output.from_input(args["identity"]), network, self._child
        )
        self.server = parts.server
        self._given = details(parts.details)
        self.details = told(self._given)
        self.register_outputs({"server": self.server, "details": self.details})

    @property
    def given(self) -> Details:
        """Return the details one by one, for a program that does not want to wait for all of them."""
        return self._given

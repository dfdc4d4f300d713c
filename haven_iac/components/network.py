"""The network that nodes stand in."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.base import Details, HavenComponent, details, told
from haven_iac.prepare import from_document


class NetworkArgs(TypedDict):
    """Inputs of `Network`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    identity: pulumi.Input[str]
    """`Keys.identity`."""
    root: NotRequired[str]
    """Folder for adapters that keep files; the Pulumi project's folder when left out."""


class Network(HavenComponent):
    """The network that nodes stand in, made or adopted by the cloud's adapter."""

    _token: ClassVar[str] = "haven:index:Network"

    details: pulumi.Output[dict[str, Any]]
    """What the same cloud's other parts need; empty where the cloud needs no network."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        ready = from_document(args["spec"])
        parts = ready.cloud.builder(self._root(args)).network(
            ready.plan, pulumi.Output.from_input(args["identity"]), self._child
        )
        self._given = details(parts.details)
        self.details = told(self._given)
        self.register_outputs({"details": self.details})

    @property
    def given(self) -> Details:
        """Return the details one by one, for a program that does not want to wait for all of them."""
        return self._given

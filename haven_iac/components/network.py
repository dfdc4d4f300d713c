"""The network that nodes stand in."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.base import HavenComponent, details
from haven_iac.prepare import from_document


class NetworkArgs(TypedDict):
    """Inputs of `Network`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
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
        parts = ready.cloud.builder(self._root(args)).network(ready.plan, self._child)
        self.details = details(parts.details)
        self.register_outputs({"details": self.details})

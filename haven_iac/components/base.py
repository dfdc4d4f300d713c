"""What every component of ours shares: a written-down token and children that receive their parent."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from haven_iac.clouds.parts import EndpointParts, KeyParts, NetworkParts


class HavenComponent(pulumi.ComponentResource):
    """A component whose type token is a constant.

    The token is part of every child's identity: changing one without an alias replaces running infrastructure.
    """

    _token: ClassVar[str] = ""

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        # No inputs are recorded: they are the spec, which stands in the stack's file, and secrets.
        super().__init__(self._token, name, None, opts)
        self._name = name

    @property
    def _child(self) -> pulumi.ResourceOptions:
        """Return the options of a child: its parent, and nothing else."""
        return pulumi.ResourceOptions(parent=self)

    @staticmethod
    def _root(args: Mapping[str, Any]) -> str:
        """Return the folder for adapters that keep files."""
        return str(args.get("root") or pulumi.runtime.get_root_directory())


Details = Mapping[str, Any] | pulumi.Output[Any]
"""What one part of a cloud tells another: `given["key"]` is known as soon as that value is."""


def details(given: pulumi.Input[Mapping[str, Any]] | None) -> Details:
    """Return what another part told; a map of outputs stays one, so that nobody waits for what it does not use."""
    return given if isinstance(given, Mapping | pulumi.Output) else {}


def told(given: Details | None) -> pulumi.Output[dict[str, Any]]:
    """Return an adapter's details as one output; empty when there are none."""
    known: pulumi.Output[Any] = pulumi.Output.from_input(given or {})
    return known.apply(lambda found: dict(found))


def keys(args: Mapping[str, Any]) -> KeyParts:
    """Return the key material among a component's inputs."""
    return KeyParts(
        identity=pulumi.Output.from_input(args["identity"]),
        material=pulumi.Output.secret(args["material"]),
        kubeconfig=pulumi.Output.secret(args["kubeconfig"]),
    )


def placed(args: Mapping[str, Any]) -> tuple[NetworkParts, EndpointParts]:
    """Return network and API endpoint among a component's inputs."""
    server: pulumi.Output[str] = pulumi.Output.from_input(args["server"])
    return NetworkParts(details(args.get("network"))), EndpointParts(server, details(args.get("endpoint")))

"""The servers that run etcd and the Kubernetes API."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.base import HavenComponent, keys, placed
from haven_iac.prepare import from_document


class ControlPlaneArgs(TypedDict):
    """Inputs of `ControlPlane`."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
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


class ControlPlane(HavenComponent):
    """The servers that run etcd and the Kubernetes API; the first one first."""

    _token: ClassVar[str] = "haven:index:ControlPlane"

    ready: pulumi.Output[str]
    """Known when the API answers; everything in the cluster waits for it."""
    kubeconfig: pulumi.Output[str]
    """The credential that the cloud hands out; empty where it is signed with keys of ours.  Secret."""

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        plan = from_document(args["spec"])
        parts = plan.cloud.builder(self._root(args)).control_plane(
            plan.plan,
            keys(args),
            *placed(args),
            self._child,
        )
        self.ready = parts.ready
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.from_input("") if parts.kubeconfig is None else parts.kubeconfig
        )
        self._resources = list(parts.resources)
        self.register_outputs({"ready": self.ready})

    @property
    def resources(self) -> list[pulumi.Resource]:
        """Return what has to exist for anything in the cluster to exist."""
        return self._resources

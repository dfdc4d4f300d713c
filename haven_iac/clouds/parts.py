"""What an adapter hands over of each part of a cluster that it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True)
class KeyParts:
    """Key material of one cluster."""

    identity: pulumi.Output[str]
    """Name and a short random suffix: tag and prefix of everything in the cloud."""
    material: pulumi.Output[Mapping[str, str]]
    """CAs, service-account key and tokens by file name, as `haven_iac.keys.material` lists them; secret."""
    kubeconfig: pulumi.Output[str]
    """The stack's own administrator, known before the API answers; secret."""


@dataclass(frozen=True)
class NetworkParts:
    """A network that nodes can stand in."""

    details: Mapping[str, Any] | pulumi.Output[Any] = field(default_factory=dict)
    """What the same adapter's other methods need; nobody else reads it."""


@dataclass(frozen=True)
class EndpointParts:
    """Where the Kubernetes API answers."""

    server: pulumi.Output[str]
    """URL, as it stands in a kubeconfig."""
    details: Mapping[str, Any] | pulumi.Output[Any] = field(default_factory=dict)
    """What the same adapter's other methods need; nobody else reads it."""


@dataclass(frozen=True)
class ControlPlaneParts:
    """A control plane that runs."""

    ready: pulumi.Output[str]
    """Known when the API answers; everything in the cluster waits for it."""
    resources: tuple[pulumi.Resource, ...] = ()
    """What takes everything in the cluster with it when it goes; none where the cluster stays."""
    kubeconfig: pulumi.Output[str] | None = None
    """The credential that the cloud hands out, where the facts say that no keys are ours; secret."""


@dataclass(frozen=True)
class MachineParts:
    """The machines of one pool."""

    details: Mapping[str, Any] | pulumi.Output[Any] = field(default_factory=dict)
    """What the same adapter needs to look after their nodes; nobody else reads it."""


@dataclass(frozen=True)
class PoolParts:
    """The nodes of one pool."""

    resources: tuple[pulumi.Resource, ...] = ()


@dataclass(frozen=True)
class AccessParts:
    """What controllers in the cluster are given by the cloud."""

    late: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """Values for the marks in the plan (`haven_iac.platform.late`), by name; the identity is there without it."""
    resources: tuple[pulumi.Resource, ...] = ()

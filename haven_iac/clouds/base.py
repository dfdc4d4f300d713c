"""The seam between a cluster and the cloud it runs on.

`Cloud` is pure: what it promises is known before anything exists and without importing Pulumi.
`CloudBuilder` makes resources; an adapter imports its provider there and nowhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from haven_iac.clouds.parts import (
    AccessParts,
    ControlPlaneParts,
    EndpointParts,
    KeyParts,
    MachineParts,
    NetworkParts,
    PoolParts,
)
from haven_iac.facts import Capability, CloudFacts
from haven_iac.plan.model import ClusterPlan, PoolPlan
from haven_iac.spec import ClusterSpec
from haven_iac.spec.model import SpecModel
from haven_iac.spec.rules.issue import Issue

if TYPE_CHECKING:
    import pulumi

API = 1
"""Version of this seam; the registry refuses adapters of another one."""

SILENT_API = "kubernetes:api"
"""What `explain` is asked about when a cluster's API does not answer."""


TOLD = "haven-iac: "
"""What a line starts with that a resource of an adapter writes for people while it is at work (`tell`)."""


def tell(text: str) -> None:
    """Tell whoever runs the engine, from within a resource: the engine shows what its plugins write."""
    print(f"{TOLD}{text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Finding:
    """What a probe saw."""

    severity: str
    """`error` stops the run, `warning` is shown."""
    what: str
    fix: str = ""
    path: str = ""


@dataclass(frozen=True)
class Explained:
    """What a failure means."""

    what: str
    """The cause, in plain words."""
    fix: str
    """The next step."""


class CloudBuilder(Protocol):
    """Makes the cloud's part of a cluster; every resource gets `opts` (parent and provider) only."""

    def providers(self, plan: ClusterPlan, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.ProviderResource]:
        """Return the way to the cloud, by package, for everything that the other methods make; empty for none."""

    def network(self, plan: ClusterPlan, identity: pulumi.Output[str], opts: pulumi.ResourceOptions) -> NetworkParts:
        """Make or adopt the node network."""

    def api_endpoint(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> EndpointParts:
        """Make the address of the API."""

    def access(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> AccessParts:
        """Make what controllers in the cluster log in to the cloud with."""

    def control_plane(
        self,
        plan: ClusterPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> ControlPlaneParts:
        """Start the control plane; the first server first."""

    def machines(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> MachineParts:
        """Make what the cloud holds of one pool; it needs no cluster, so it is made beside the control plane.

        Nothing for the pool of the servers where `control_plane` makes those.
        """

    def pool(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        machines: MachineParts,
        opts: pulumi.ResourceOptions,
    ) -> PoolParts:
        """Make what the cluster holds of one pool, once the API answers.

        The Kubernetes provider comes with the parent. All of it goes with the cluster (`deleted_with` in `opts`).
        """

    def leftovers(
        self,
        plan: ClusterPlan,
        keys: KeyParts,
        network: NetworkParts,
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource | None:
        """Make what takes away, when it is deleted, all that controllers in the cluster made in the cloud.

        Its `opts` depend on everything that they need for it, and the platform depends on it: so it is deleted while
        they still run. None where they make nothing.
        """

    def find(self, plan: ClusterPlan, token: str, inputs: Mapping[str, Any], known: Collection[str]) -> str | None:
        """Return the id of an object that was created but not recorded, or None when there is none.

        Args:
            plan: the cluster.
            token: type of the resource.
            inputs: what it was to be made with.
            known: ids that are recorded; one of these is not it.

        Raises:
            HavenError: nobody can tell.
        """

    def explain(self, plan: ClusterPlan, token: str, text: str) -> Explained | None:
        """Return what a failure of the engine means, or None when it is clear as it is.

        Args:
            plan: the cluster.
            token: type of the resource, or `SILENT_API`.
            text: what the engine said.
        """


class Bare:
    """What a builder does where its cloud has no such part; adapters inherit it and say only what they make."""

    def providers(self, plan: ClusterPlan, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.ProviderResource]:
        """Return none: no cloud is asked."""
        return {}

    def network(self, plan: ClusterPlan, identity: pulumi.Output[str], opts: pulumi.ResourceOptions) -> NetworkParts:
        """Make nothing: it is there."""
        return NetworkParts()

    def access(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> AccessParts:
        """Make nothing: no controller logs in anywhere."""
        return AccessParts()

    def machines(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> MachineParts:
        """Make nothing: there are no machines of ours."""
        return MachineParts()

    def pool(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        machines: MachineParts,
        opts: pulumi.ResourceOptions,
    ) -> PoolParts:
        """Make nothing: the nodes are there."""
        return PoolParts()

    def leftovers(
        self, plan: ClusterPlan, keys: KeyParts, network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource | None:
        """Return None: controllers make nothing outside the cluster."""
        return None

    def find(self, plan: ClusterPlan, token: str, inputs: Mapping[str, Any], known: Collection[str]) -> str | None:
        """Return None: everything here converges when it is made again."""
        return None

    def explain(self, plan: ClusterPlan, token: str, text: str) -> Explained | None:
        """Return None: what the engine says is clear as it is."""
        return None


@runtime_checkable
class Cloud(Protocol):
    """One cloud; every member is pure but `probe`."""

    @property
    def kind(self) -> str:
        """Return the name people write in `cloud.kind`."""

    @property
    def api(self) -> int:
        """Return the version of this seam that it was written for."""

    @property
    def settings_model(self) -> type[SpecModel]:
        """Return the model of `cloud.settings`."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what it can give."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Return the groups of tools that it needs beside the engine, as `haven-iac toolchain list` names them."""

    def promise(self, spec: ClusterSpec) -> CloudFacts:
        """Return what this cloud will offer to that cluster; pure."""

    def probe(self, plan: ClusterPlan) -> list[Finding]:
        """Look, read-only, for what would stop the plan."""

    def builder(self, root: str) -> CloudBuilder:
        """Return what makes resources; imports Pulumi.

        Args:
            root: the project's folder, for adapters that keep files there.
        """


@runtime_checkable
class Checking(Protocol):
    """An ability: a cloud that can say, without looking, that a description does not fit it."""

    def problems(self, spec: ClusterSpec) -> Sequence[Issue]:
        """Return what does not fit; pure, and called before `promise`."""


@runtime_checkable
class Detecting(Protocol):
    """An ability: a cloud whose clusters exist already, and have to be looked at before anything is planned."""

    def secret(self, spec: ClusterSpec) -> str:
        """Return the name of the secret with the kubeconfig; empty when it is not held by Pulumi."""

    def detected(self, spec: ClusterSpec) -> bool:
        """Return whether the description says what was found."""

    def detect(self, spec: ClusterSpec, root: str, kubeconfig: str, today: date) -> Mapping[str, Any]:
        """Look, read-only, and return what was found: a document that is laid below the stack's own.

        Args:
            spec: the description, perhaps without what was found.
            root: the project's folder, which paths are relative to.
            kubeconfig: its text where `secret` names one, else empty.
            today: written into the document.

        Raises:
            UnreachableError: the API does not answer, or refuses the credential.
            CloudError: it is another cluster than the one that was found before.
        """

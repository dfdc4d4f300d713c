"""What one add-on is, as plain data: the chart, its values, and what stands around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from haven_iac.facts import CloudFacts
from haven_iac.spec import ClusterSpec
from haven_iac.spec.gitops import Owner
from haven_iac.spec.platform import PodSecurity

API_HOST: Final = "api-host.haven-iac.invalid"
"""Stands in a manifest for the host of the Kubernetes API, which only building tells."""


@dataclass(frozen=True)
class Workload:
    """What a release asks of the nodes, for the sum in the plan."""

    replicas: int
    """Pods; with `per_node` this many on every node."""
    cpu_millis: int
    """Requested CPU of one pod, in thousandths of a core."""
    memory_mib: int
    """Requested memory of one pod, in MiB."""
    per_node: bool = False


@dataclass(frozen=True)
class SecretRef:
    """A Kubernetes Secret made from secrets that Pulumi holds, or that building the cluster makes."""

    name: str
    """Name of the Kubernetes Secret."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Key in the Kubernetes Secret, to name of the secret in Pulumi's configuration."""
    forms: Mapping[str, str] = field(default_factory=dict)
    """Key in the Kubernetes Secret, to what it takes of that secret (`secret_forms`); all of it when absent."""
    plain: Mapping[str, str] = field(default_factory=dict)
    """Further keys whose values are no secret themselves; they may hold marks of late ones."""
    late: Mapping[str, str] = field(default_factory=dict)
    """Key in the Kubernetes Secret, to the name of a value that only building tells (`late`)."""
    namespace: str = ""
    """Where it stands; beside its release when empty."""
    type: str = ""
    """Its type in Kubernetes; Opaque when empty."""


@dataclass(frozen=True)
class Release:
    """One chart to apply."""

    slot: str
    """The slot it fills: gateway, certificates, block-storage, logs, log-collector, metrics..."""
    name: str
    """Release name, as the checker and people know it."""
    chart: str
    """Chart name."""
    repo: str
    """Chart repository: https URL, or oci:// prefix of the chart."""
    version: str
    """Chart version."""
    app_version: str
    """Version of what the chart installs."""
    namespace: str
    pod_security: PodSecurity
    values: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Slots that have to be ready before."""
    provides: tuple[str, ...] = ()
    """What checks and other slots look for, such as `cert-manager` or `log-aggregation`."""
    workloads: tuple[Workload, ...] = ()
    skip_crds: bool = False
    secrets: tuple[SecretRef, ...] = ()
    stand_in: bool = False
    """True when the small stand-in chart of this package is applied instead of the real one."""
    manifest: str = ""
    """URL of a plain YAML file that is applied instead of a chart, where upstream publishes no chart."""
    folder: str = ""
    """Folder of a chart that comes with the add-on's own package; applied in place of the published one."""
    namespaces: Mapping[str, PodSecurity] = field(default_factory=dict)
    """Further namespaces that it puts pods in, and their Pod Security level."""
    flows: tuple[Mapping[str, Any], ...] = ()
    """The NetworkPolicies that it needs where everything else is denied."""
    owner: Owner = Owner.HAVEN_IAC
    """Who keeps it as it should be: what is Flux's is planned and counted, and not applied."""
    accepts: tuple[Mapping[str, Any], ...] = ()
    """Objects that the API has to accept, asked by dry run, before anybody uses what it brings: its webhooks answer."""
    images: tuple[str, ...] = ()
    """Every image that it starts, as published: a mirror that is to serve it needs these."""


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object outside any chart."""

    slot: str
    name: str
    """Unique among manifests; part of the Pulumi name."""
    body: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    """Slots that have to be ready before."""
    beside: bool = False
    """Made also where somebody else fills the slot: it stands beside what they installed."""


class AddOn(Protocol):
    """A slot of the platform: two pure functions."""

    @property
    def slot(self) -> str:
        """Return the slot it fills."""

    def release(self, spec: ClusterSpec, facts: CloudFacts) -> Release | None:
        """Return what to install, or None when the slot stays empty."""

    def manifests(self, spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
        """Return the objects of our own that belong to the slot."""

"""Tenants: the namespace of an application or team, with its bounds, its people and its network."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from haven_iac.spec.identity import Group
from haven_iac.spec.model import Form, Name, Quantity, Range, SpecModel
from haven_iac.spec.policy import PodSecurity

Cores = Annotated[
    str, Form("an amount of CPU: cores, or thousandths of a core with m", "500m", r"[1-9]\d{0,5}m?|\d{1,3}\.\d{1,3}", 8)
]
"""CPU as Kubernetes writes it: `2`, `0.5` or `500m`."""


class QuotaSpec(SpecModel):
    """What all pods and claims of a tenant may ask for together."""

    cpu: Annotated[int, Field(ge=1, le=10000)] = 4
    """Sum of CPU requests, in cores."""
    memory: Quantity = "8Gi"
    """Sum of memory requests."""
    storage: Quantity = "100Gi"
    """Sum of volume sizes."""
    pods: Annotated[int, Field(ge=1, le=10000)] = 100
    """How many pods."""
    claims: Annotated[int, Field(ge=0, le=10000)] = 20
    """How many volume claims."""
    load_balancers: Annotated[int, Field(ge=0, le=100)] = 0
    """How many Services of type LoadBalancer; traffic comes in by the gateway when left out."""


class LimitsSpec(SpecModel):
    """What a container gets that asks for nothing, and the most that it may have."""

    cpu: Cores = "50m"
    """CPU request; CPU is never throttled."""
    memory: Quantity = "128Mi"
    """Memory request."""
    memory_limit: Quantity = "512Mi"
    """Memory limit."""
    most_memory: Quantity | None = None
    """The highest memory limit that a container may set; the quota alone when left out."""


class RightsSpec(SpecModel):
    """Groups of the identity provider, and what they may do in the namespace."""

    admin: tuple[Group, ...] = ()
    """May do everything in it, role bindings too."""
    edit: tuple[Group, ...] = ()
    """May change applications, routes and Secrets."""
    view: tuple[Group, ...] = ()
    """May look at everything but Secrets."""


class DestinationSpec(SpecModel):
    """Addresses outside the cluster that a tenant's pods may reach."""

    cidr: Range
    """Range of addresses; the metadata service of a cloud is never in it."""
    ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], Field(min_length=1)]
    """TCP ports."""


class TenantNetworkSpec(SpecModel):
    """Who may talk to whom, where `policy.defaultDeny` is on.

    The gateway and Prometheus always reach a tenant, and its pods always reach DNS.
    """

    within: bool = True
    """Pods of the namespace may reach each other."""
    from_: Annotated[tuple[Name, ...], Field(alias="from")] = ()
    """Other tenants whose pods may reach this one's."""
    internet: bool = False
    """Pods may reach public addresses, on ports 80 and 443."""
    to: tuple[DestinationSpec, ...] = ()
    """Addresses outside the cluster that pods may reach, such as a database."""


class TenantSpec(SpecModel):
    """A namespace for one application or team; its name is the key in the map."""

    pod_security: PodSecurity = PodSecurity.RESTRICTED
    """Pod Security level of the namespace."""
    quota: QuotaSpec = QuotaSpec()
    """What it may ask for."""
    limits: LimitsSpec = LimitsSpec()
    """What a container gets that asks for nothing."""
    groups: RightsSpec = RightsSpec()
    """Who may do what in it."""
    network: TenantNetworkSpec = TenantNetworkSpec()
    """Who may talk to whom."""

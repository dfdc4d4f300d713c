"""Rules for everything that runs on the cluster, and the namespaces of its applications."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from haven_iac.naming import HOST
from haven_iac.spec.model import Form, Quantity, SpecModel, Text

Registry = Annotated[
    str,
    Form(
        "a registry: a host, perhaps a port and a path, without https://",
        "registry.example.nl/platform",
        rf"({HOST})(:\d{{1,5}})?(/[a-z0-9._/-]+)?",
        253,
    ),
]
"""A registry that images come from."""


class PodSecurity(StrEnum):
    """Pod Security Standards level."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class PolicyMode(StrEnum):
    """What happens to an object that breaks a policy."""

    WARN = "warn"
    DENY = "deny"


class TenantSpec(SpecModel):
    """A namespace for one application or team."""

    pod_security: PodSecurity = PodSecurity.RESTRICTED
    """Pod Security level of the namespace."""
    cpu: Annotated[int, Field(ge=1, le=10000)] = 4
    """Sum of CPU requests, in cores."""
    memory: Quantity = "8Gi"
    """Sum of memory requests."""
    storage: Quantity = "100Gi"
    """Sum of volume sizes."""
    groups: tuple[Text, ...] = ()
    """OIDC groups that may edit in the namespace."""


class PolicySpec(SpecModel):
    """Rules for everything that runs on the cluster."""

    mode: PolicyMode = PolicyMode.WARN
    """warn or deny."""
    registries: tuple[Registry, ...] = ()
    """Registries that images may come from; any when left out."""
    default_deny: bool = True
    """Platform and tenant namespaces start with a network policy that lets nothing in or out but DNS."""

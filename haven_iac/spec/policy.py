"""Rules for everything that runs on the cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from haven_iac.naming import HOST
from haven_iac.spec.model import Form, SpecModel

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


class PolicySpec(SpecModel):
    """Rules for everything that runs on the cluster."""

    mode: PolicyMode = PolicyMode.WARN
    """warn or deny."""
    registries: tuple[Registry, ...] = ()
    """Registries that images may come from; any when left out."""
    default_deny: bool = True
    """Platform and tenant namespaces start with a network policy that lets nothing in or out but DNS."""

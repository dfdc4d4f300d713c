"""Version, distribution and pod network of Kubernetes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import Form, SpecModel

Minor = Annotated[str, Form("a minor version: 1, a dot and two digits", '"1.36"', r"1\.\d{2}", 4)]
"""A minor version of Kubernetes, in quotes."""


class Distribution(StrEnum):
    """Kubernetes distributions that we bootstrap."""

    RKE2 = "rke2"
    K3S = "k3s"


class Cni(StrEnum):
    """Pod networks."""

    CILIUM = "cilium"
    CANAL = "canal"


class Arch(StrEnum):
    """Processors that a distribution is released for, as it calls them."""

    AMD64 = "amd64"
    ARM64 = "arm64"


Release = Annotated[
    str,
    Form(
        "a release of the distribution: v1.36.5+rke2r1, or v1.36.5+k3s1 for k3s",
        "v1.36.5+rke2r1",
        r"v1\.\d{2}\.\d{1,2}\+(rke2r|k3s)\d{1,2}",
        24,
    ),
]
"""An exact release of RKE2 or k3s."""

Sha256 = Annotated[
    str,
    Form(
        "a SHA-256 checksum: 64 hexadecimal digits in lower case",
        "9f86d081884c7d659a2f" + 11 * "00a8",
        r"[0-9a-f]{64}",
        64,
    ),
]
"""A checksum."""


class KubernetesSpec(SpecModel):
    """Version and distribution."""

    version: Minor = "1.36"
    """Minor version, in quotes."""
    distribution: Distribution = Distribution.RKE2
    """rke2 or k3s; ignored where the cloud runs the control plane."""
    cni: Cni = Cni.CILIUM
    """Pod network."""
    release: Release | None = None
    """Exact release of the distribution; the one that we pin for the version when left out.  Never a channel: a node
    that is made next year gets the same one."""
    checksums: dict[Arch, Sha256] = Field(default_factory=dict)
    """SHA-256 of that release's archive (RKE2) or program (k3s), by processor; the list that lies beside it in the same
    folder is believed when left out."""

"""Where containerd gets images in a closed network, and whose certificates it believes there."""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap.files import quoted
from haven_iac.spec import ClusterSpec

KNOWN = ("docker.io", "ghcr.io", "quay.io", "registry.k8s.io", "gcr.io", "public.ecr.aws")
"""Registries that the distribution, the platform and most charts name; only for registries that are listed is the
original one never asked, so they are listed beside the wildcard."""


def host(spec: ClusterSpec) -> str:
    """Return host and perhaps port of the mirror, or an empty text when there is none."""
    return (spec.mirror.images or "").split("/", 1)[0]


def system_default(spec: ClusterSpec) -> str:
    """Return the registry of the distribution's own images; empty when images keep their names.

    It takes no path: with one, the mirrors below rewrite names instead.
    """
    return "" if "/" in (spec.mirror.images or "") else host(spec)


def configuration(spec: ClusterSpec, authority: str = "") -> dict[str, Any]:
    """Return registries.yaml as plain values; empty without a mirror.

    Args:
        spec: the cluster.
        authority: path on the machine of the mirror's certificate authority; the host's own list when empty.
    """
    if not spec.mirror.images:
        return {}
    name, _, path = spec.mirror.images.partition("/")
    mirror: dict[str, Any] = {"endpoint": [f"https://{name}"]}
    if path:
        mirror["rewrite"] = {"^(.*)$": f"{path.rstrip('/')}/$1"}
    others = [one for one in (*KNOWN, "*") if one != name]
    found: dict[str, Any] = {"mirrors": {one: dict(mirror) for one in others}}
    if authority:
        found["configs"] = {name: {"tls": {"ca_file": authority}}}
    return found


def text(spec: ClusterSpec, authority: str = "") -> str:
    """Return registries.yaml, or an empty text without a mirror."""
    found = configuration(spec, authority)
    return quoted(found) if found else ""

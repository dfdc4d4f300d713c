"""Names and what they may look like: one place for lengths and characters.

A basic: pure, and knows nothing of clouds.
"""

from __future__ import annotations

import re

LONGEST_LABEL = 63
"""Characters of a DNS label, and so of a node's name."""

LABEL_VALUE = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
"""Pattern of the value of a Kubernetes label that is not empty."""

_DNS_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"

HOST = rf"({_DNS_LABEL}\.)*{_DNS_LABEL}"
"""Pattern of a host name or domain in lower case."""

QUALIFIED_NAME = rf"({HOST}/)?{LABEL_VALUE}"
"""Pattern of the key of a Kubernetes label, taint or annotation."""

RESERVED_PREFIXES = ("kubernetes.io", "k8s.io")
"""Domains whose keys belong to Kubernetes, with everything below them."""

ALLOWED_PREFIXES = ("node.kubernetes.io",)
"""Below the reserved ones, what a node may call itself (the kubelet may set it too)."""


def node_name(cluster: str, pool: str, zone: str, ordinal: int) -> str:
    """Return `<cluster>-<pool>-<zone>-<n>`; without the zone where the cloud has none.

    It depends on nothing but these four, so that no other node, pool or zone can move it.
    """
    return "-".join(part for part in (cluster, pool, zone_part(zone), str(ordinal)) if part)


def zone_part(zone: str) -> str:
    """Return a zone as it stands in names: `AZ_1` becomes `az-1`."""
    return re.sub(r"[^a-z0-9]+", "-", zone.lower()).strip("-")


def is_dns_label(text: str) -> bool:
    """Return whether a text can be the name of a node, a namespace or a Service."""
    return len(text) <= LONGEST_LABEL and re.fullmatch(_DNS_LABEL, text, re.ASCII) is not None


def check_own_key(key: str) -> None:
    """Refuse the key of a node label or taint that belongs to Kubernetes.

    Raises:
        ValueError: the key is reserved.
    """
    prefix = key.rpartition("/")[0]
    reserved = any(prefix == domain or prefix.endswith(f".{domain}") for domain in RESERVED_PREFIXES)
    if reserved and prefix not in ALLOWED_PREFIXES:
        raise ValueError(f"is reserved: keys below {prefix} belong to Kubernetes; use a domain of your own")

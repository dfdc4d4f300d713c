"""Network of a cluster: ranges, who may reach the API, name servers."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import Address, Range, SpecModel


class NetworkSpec(SpecModel):
    """Address ranges and who may reach the API."""

    nodes: Range = IPv4Network("10.20.0.0/20")
    """Range of the node network; private (RFC 1918)."""
    pods: Range = IPv4Network("10.42.0.0/16")
    """Range that pods get addresses from; each node takes a /24 of it."""
    services: Range = IPv4Network("10.43.0.0/16")
    """Range of cluster-internal service addresses."""
    api_allowed_cidrs: tuple[Range, ...] = ()
    """Ranges that may reach the Kubernetes API; everybody when left out, which is reported as a warning."""
    dns_servers: tuple[Address, ...] = ()
    """Name servers of the nodes; the cloud's own when left out."""
    mtu: Annotated[int, Field(ge=1280, le=9216)] | None = None
    """Largest packet in bytes; the cloud's own when left out."""

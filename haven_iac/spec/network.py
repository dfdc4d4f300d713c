"""Network of a cluster: ranges, who may reach the API, name servers."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import HOST_PATTERN, Address, Form, Range, SpecModel, Text

ProxyUrl = Annotated[
    str,
    Form(
        "a proxy: http:// or https://, a host and a port",
        "http://proxy.example.nl:3128",
        rf"https?://(?i:{HOST_PATTERN}):\d{{1,5}}/?",
        300,
    ),
]
"""An HTTP proxy."""

Server = Annotated[str, Form("a host name or address", "ntp.example.nl", rf"(?i:{HOST_PATTERN})|[0-9a-fA-F:]+", 253)]
"""A host name or IP address."""


class ProxySpec(SpecModel):
    """The HTTP proxy through which nodes reach the outside."""

    url: ProxyUrl
    """The proxy, for http and https alike; without name or password."""
    no_proxy: tuple[Text, ...] = ()
    """More hosts, domains (.example.nl) and ranges that are reached directly; the cluster's own ranges, its API and the
    metadata service always are."""


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
    ntp_servers: tuple[Server, ...] = ()
    """Time servers of the nodes; those of their image or DHCP when left out."""
    proxy: ProxySpec | None = None
    """HTTP proxy of the nodes; none when left out."""

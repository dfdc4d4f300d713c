"""What a local control plane is started with, apart from its keys and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Self

from haven_iac.clouds.local.endpoint import Endpoint

DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Settings:
    """One local cluster."""

    name: str
    endpoint: Endpoint
    pods: str
    """Range that pods get addresses from."""
    services: str
    """Range of cluster-internal service addresses."""
    advertise: str
    """Address that the `kubernetes` Service leads to: that of the first server.  Nothing answers there."""

    @property
    def service_address(self) -> str:
        """Return the address of the `kubernetes` Service: the first of its range."""
        return str(ip_network(self.services)[1])

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for a file or a Pulumi input."""
        return {
            "name": self.name,
            "address": self.endpoint.address,
            "ports": dict(self.endpoint.ports),
            "pods": self.pods,
            "services": self.services,
            "advertise": self.advertise,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return settings from plain values; Pulumi hands numbers back as floats."""
        ports = {str(name): int(port) for name, port in values["ports"].items()}
        return cls(
            name=str(values["name"]),
            endpoint=Endpoint(str(values["address"]), ports),
            pods=str(values["pods"]),
            services=str(values["services"]),
            advertise=str(values["advertise"]),
        )

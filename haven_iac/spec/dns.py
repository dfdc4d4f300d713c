"""Records for gateway and API."""

from __future__ import annotations

from enum import StrEnum

from haven_iac.spec.model import HostPort, SecretName, SpecModel


class DnsKind(StrEnum):
    """Who holds the zone."""

    NONE = "none"
    DESIGNATE = "designate"
    RFC2136 = "rfc2136"


class DnsSpec(SpecModel):
    """Records for gateway and API."""

    kind: DnsKind = DnsKind.NONE
    """designate, rfc2136 or none."""
    server: HostPort | None = None
    """host:port of the name server; needed with rfc2136."""
    secret: SecretName | None = None
    """Name of the secret with the TSIG key; needed with rfc2136."""

"""Records for gateway and API."""

from __future__ import annotations

from enum import StrEnum

from haven_iac.spec.model import Domain, HostPort, SecretName, SpecModel, Text


class DnsKind(StrEnum):
    """Who holds the zone."""

    NONE = "none"
    DESIGNATE = "designate"
    RFC2136 = "rfc2136"
    CLOUDFLARE = "cloudflare"
    ROUTE53 = "route53"


class TsigAlgorithm(StrEnum):
    """How changes to a zone are signed."""

    SHA1 = "hmac-sha1"
    SHA256 = "hmac-sha256"
    SHA512 = "hmac-sha512"


class DnsSpec(SpecModel):
    """Records for gateway and API."""

    kind: DnsKind = DnsKind.NONE
    """designate, rfc2136, cloudflare, route53 or none."""
    zone: Domain | None = None
    """The zone that the names stand in; the domain of `ingress` when left out."""
    server: HostPort | None = None
    """host:port of the name server; needed with rfc2136."""
    secret: SecretName | None = None
    """Name of the secret that changes the zone: `[algorithm:]name:key` (rfc2136), a clouds.yaml (designate), an API
    token (cloudflare) or `accessKeyId:secretAccessKey` (route53)."""
    key_name: Text | None = None
    """Name of the TSIG key, which is no secret; needed with rfc2136 for certificates by dns-01."""
    key_algorithm: TsigAlgorithm = TsigAlgorithm.SHA256
    """Algorithm of the TSIG key, for certificates by dns-01."""
    region: Text = "eu-central-1"
    """Region that route53 is asked in."""

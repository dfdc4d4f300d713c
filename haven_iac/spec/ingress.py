"""Ingress: how traffic comes in, with which names and certificates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import Domain, Email, HttpsUrl, Name, SecretName, SpecModel, Text


class Issuer(StrEnum):
    """Where certificates come from."""

    ACME = "acme"
    PRIVATE_CA = "private-ca"
    SUPPLIED = "supplied"


class Challenge(StrEnum):
    """How an ACME issuer sees that a name is ours."""

    HTTP = "http-01"
    DNS = "dns-01"


class EabSpec(SpecModel):
    """External account binding, as issuers of organisation-validated certificates ask."""

    key_id: Text
    """The key's id, from the issuer."""
    secret: SecretName
    """Name of the secret that holds the HMAC key."""


class CertificatesSpec(SpecModel):
    """Certificates for everything behind the gateway."""

    issuer: Issuer = Issuer.PRIVATE_CA
    """acme, private-ca (for closed networks) or supplied (as with PKIoverheid)."""
    email: Email | None = None
    """Where the ACME issuer sends warnings; needed with acme."""
    server: HttpsUrl = "https://acme-v02.api.letsencrypt.org/directory"
    """The ACME directory."""
    challenge: Challenge = Challenge.HTTP
    """http-01, or dns-01: through the zone that `dns` names; it works without a way in and gives wildcards."""
    eab: EabSpec | None = None
    """External account binding; none when left out."""
    secret: SecretName | None = None
    """Name of the secret with a chain and its key in PEM: the certificate with supplied, where it is needed, and the
    authority's own with private-ca, which makes one for this cluster when left out."""


class IngressSpec(SpecModel):
    """How traffic comes in."""

    domain: Domain
    """Domain below which applications get their names."""
    hosts: tuple[Domain, ...] = ()
    """Further names, outside the domain or without its wildcard; each gets a certificate and a listener of its own."""
    controller: Name = "traefik"
    """The gateway; traefik when left out."""
    replicas: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many gateway pods; the platform size decides when left out."""
    certificates: CertificatesSpec = CertificatesSpec()
    """Where certificates come from."""

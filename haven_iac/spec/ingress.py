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
    eab: EabSpec | None = None
    """External account binding; none when left out."""
    secret: SecretName | None = None
    """Name of the secret with a supplied chain and key in PEM; needed with supplied."""


class IngressSpec(SpecModel):
    """How traffic comes in."""

    domain: Domain
    """Domain below which applications get their names."""
    controller: Name = "traefik"
    """The gateway; traefik when left out."""
    replicas: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many gateway pods; the platform size decides when left out."""
    certificates: CertificatesSpec = CertificatesSpec()
    """Where certificates come from."""

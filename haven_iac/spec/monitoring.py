"""Metrics and alerts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from haven_iac.spec.model import Duration, Email, HostPort, HttpsUrl, Quantity, SecretName, SpecModel, Text


class AlertsSpec(SpecModel):
    """Where alerts go."""

    email: Email | None = None
    """Mail address; needs smtpServer."""
    smtp_server: HostPort | None = None
    """host:port of the mail server."""
    smtp_tls: bool = True
    """Whether the mail server has to take STARTTLS; false for a relay inside that has none."""
    smtp_user: Text | None = None
    """Who to log in to the mail server as; nobody when left out."""
    smtp_secret: SecretName | None = None
    """Name of the secret with that user's password."""
    webhook_secret: SecretName | None = None
    """Name of the secret that holds the webhook's URL."""
    webhook_port: Annotated[int, Field(ge=1, le=65535)] = 443
    """Port in that URL, which is opened for it."""


class LoginSpec(SpecModel):
    """Log-in to Grafana through the identity provider; it then answers at grafana.<domain>."""

    client_id: Text
    """Client id of Grafana at the identity provider."""
    secret: SecretName
    """Name of the secret with the client's secret."""
    auth_url: HttpsUrl
    """The provider's authorization endpoint, as its discovery document says."""
    token_url: HttpsUrl
    """Its token endpoint."""
    user_url: HttpsUrl
    """Its userinfo endpoint."""
    groups_claim: Text = "groups"
    """Claim that names a person's groups."""
    admin_groups: tuple[Text, ...] = ()
    """Groups that may change things in Grafana."""
    viewer_groups: tuple[Text, ...] = ()
    """Groups that may look; everybody who can log in when left out."""


class MonitoringSpec(SpecModel):
    """Metrics and alerts."""

    enabled: bool = True
    """Off leaves only metrics-server, which Haven's check needs."""
    retention: Duration | None = None
    """How long metrics are kept; the platform size decides when left out."""
    storage: Quantity | None = None
    """Volume for metrics; the platform size decides when left out."""
    alerts: AlertsSpec = AlertsSpec()
    """Nowhere when left out, which is reported as a warning."""
    login: LoginSpec | None = None
    """Log-in to Grafana; when left out it has no address and no password, and only who may forward a port sees it."""

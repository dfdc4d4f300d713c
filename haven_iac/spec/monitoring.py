"""Metrics and alerts."""

from __future__ import annotations

from haven_iac.spec.model import Duration, Email, HostPort, Quantity, SecretName, SpecModel


class AlertsSpec(SpecModel):
    """Where alerts go."""

    email: Email | None = None
    """Mail address; needs smtpServer."""
    smtp_server: HostPort | None = None
    """host:port of the mail server."""
    webhook_secret: SecretName | None = None
    """Name of the secret that holds the webhook's URL."""


class MonitoringSpec(SpecModel):
    """Metrics and alerts."""

    enabled: bool = True
    """Off leaves only metrics-server, which Haven's check needs."""
    retention: Duration = "15d"
    """How long metrics are kept."""
    storage: Quantity | None = None
    """Volume for metrics; the platform size decides when left out."""
    alerts: AlertsSpec = AlertsSpec()
    """Nowhere when left out, which is reported as a warning."""

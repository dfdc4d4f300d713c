"""Log aggregation."""

from __future__ import annotations

from enum import StrEnum

from haven_iac.spec.model import Duration, HttpsUrl, SecretName, SpecModel
from haven_iac.spec.storage import Bucket, ObjectStoreSpec


class Forwarded(StrEnum):
    """What a SIEM gets."""

    ALL = "all"
    AUDIT = "audit"


class LogsSpec(SpecModel):
    """Log aggregation."""

    enabled: bool = True
    """Off fails Haven's logs check."""
    retention: Duration = "30d"
    """How long ordinary logs are kept."""
    audit_retention: Duration = "365d"
    """How long audit logs are kept; BIO2 asks for half a year at least, less is a warning."""
    bucket: Bucket | None = None
    """Bucket for logs; a volume in the cluster when left out."""
    object_store: ObjectStoreSpec | None = None
    """Where that bucket is; the cloud's own when left out."""
    store: bool = True
    """Keep logs in this cluster's Loki; false sends them to `forward` only, and Haven's logs check needs evidence."""
    forward: HttpsUrl | None = None
    """OTLP endpoint (https) of a SIEM that gets them too; none when left out."""
    forward_logs: Forwarded = Forwarded.ALL
    """all, or audit: only the audit log of the Kubernetes API."""
    forward_secret: SecretName | None = None
    """Name of the secret with the token that the SIEM wants in `Authorization: Bearer`; none when left out."""

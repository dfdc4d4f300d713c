"""Log aggregation."""

from __future__ import annotations

from haven_iac.spec.model import Duration, HttpsUrl, SpecModel
from haven_iac.spec.storage import Bucket, ObjectStoreSpec


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
    forward: HttpsUrl | None = None
    """OTLP endpoint (https) of a SIEM that gets a copy; none when left out."""

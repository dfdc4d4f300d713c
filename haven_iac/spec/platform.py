"""What runs on every cluster: ingress, storage, logs, monitoring, backup, policy, DNS, hand-over."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from haven_iac.spec.model import Duration, Name, Quantity, SecretName, SpecModel


class Issuer(StrEnum):
    """Where certificates come from."""

    ACME = "acme"
    PRIVATE_CA = "private-ca"
    SUPPLIED = "supplied"


class EabSpec(SpecModel):
    """External account binding, as issuers of organisation-validated certificates ask."""

    key_id: str
    """The key's id, from the issuer."""
    secret: SecretName
    """Name of the secret that holds the HMAC key."""


class CertificatesSpec(SpecModel):
    """Certificates for everything behind the gateway."""

    issuer: Issuer = Issuer.PRIVATE_CA
    """acme, private-ca (for closed networks) or supplied (as with PKIoverheid)."""
    email: str | None = None
    """Where the ACME issuer sends warnings; needed with acme."""
    server: str = "https://acme-v02.api.letsencrypt.org/directory"
    """The ACME directory."""
    eab: EabSpec | None = None
    """External account binding; none when left out."""
    secret: SecretName | None = None
    """Name of the secret with a supplied chain and key in PEM; needed with supplied."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.issuer is Issuer.ACME and not self.email:
            raise ValueError("issuer acme needs an address for warnings; add email: beheer@your-domain.nl")
        if self.issuer is Issuer.SUPPLIED and not self.secret:
            raise ValueError("issuer supplied needs the name of a secret; add secret: platform-certificate")
        return self


class IngressSpec(SpecModel):
    """How traffic comes in."""

    domain: Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=200)]
    """Domain below which applications get their names."""
    controller: Name = "traefik"
    """The gateway; traefik when left out."""
    replicas: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many gateway pods; the platform size decides when left out."""
    certificates: CertificatesSpec = CertificatesSpec()
    """Where certificates come from."""


class SharedKind(StrEnum):
    """Where ReadWriteMany volumes come from."""

    CLOUD = "cloud"
    MANILA = "manila"
    NFS = "nfs"
    LONGHORN = "longhorn"
    NONE = "none"


class SharedStorageSpec(SpecModel):
    """Volumes that many nodes may write to."""

    kind: SharedKind = SharedKind.CLOUD
    """cloud takes what the cloud offers; none fails Haven's rwxvolumes check."""
    type: str | None = None
    """The cloud's share type; its default when left out."""
    server: str | None = None
    """Name or address of an existing NFS server; needed with nfs."""
    path: str = "/"
    """Export on that server."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is SharedKind.NFS and not self.server:
            raise ValueError("kind nfs needs the server; add server: nfs.example.nl")
        return self


class BlockStorageSpec(SpecModel):
    """Volumes for one node at a time."""

    type: str | None = None
    """The cloud's volume type; its default when left out."""
    encrypted_type: str | None = None
    """Volume type that encrypts; no second class when left out."""


class StorageSpec(SpecModel):
    """Volumes."""

    block: BlockStorageSpec = BlockStorageSpec()
    """ReadWriteOnce; the default StorageClass."""
    shared: SharedStorageSpec = SharedStorageSpec()
    """ReadWriteMany."""


class ObjectStoreSpec(SpecModel):
    """An S3 endpoint outside the cluster."""

    endpoint: str | None = None
    """URL of the S3 service; the cloud's own when left out."""
    region: str = "default"
    """Region that the S3 service expects."""
    secret: SecretName = "object-storage"
    """Name of the secret with `accessKeyId:secretAccessKey`."""


class LogsSpec(SpecModel):
    """Log aggregation."""

    enabled: bool = True
    """Off fails Haven's logs check."""
    retention: Duration = "30d"
    """How long ordinary logs are kept."""
    audit_retention: Duration = "365d"
    """How long audit logs are kept; BIO2 asks for half a year at least, less is a warning."""
    bucket: str | None = None
    """Bucket for logs; a volume in the cluster when left out."""
    object_store: ObjectStoreSpec | None = None
    """Where that bucket is; the cloud's own when left out."""
    forward: str | None = None
    """OTLP endpoint (https) of a SIEM that gets a copy; none when left out."""


class AlertsSpec(SpecModel):
    """Where alerts go."""

    email: str | None = None
    """Mail address; needs smtpServer."""
    smtp_server: str | None = None
    """host:port of the mail server."""
    webhook_secret: SecretName | None = None
    """Name of the secret that holds the webhook's URL."""


class MonitoringSpec(SpecModel):
    """Metrics and alerts."""

    enabled: bool = True
    """Off leaves only metrics-server, which Haven's check needs."""
    retention: Duration = "15d"
    """How long metrics are kept."""
    storage: Quantity = "30Gi"
    """Volume for metrics."""
    alerts: AlertsSpec = AlertsSpec()
    """Nowhere when left out, which is reported as a warning."""


class BackupSpec(SpecModel):
    """Backups of objects and volumes, in a bucket elsewhere."""

    enabled: bool = True
    """Off leaves the cluster without backup."""
    bucket: str = "backup"
    """Bucket for backups."""
    schedule: Annotated[str, Field(pattern=r"^(\S+\s+){4}\S+$")] = "0 2 * * *"
    """When, as cron in UTC."""
    retention: Duration = "30d"
    """How long a backup is kept."""
    object_store: ObjectStoreSpec | None = None
    """Where that bucket is; the cloud's own when left out."""


class PodSecurity(StrEnum):
    """Pod Security Standards level."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class PolicyMode(StrEnum):
    """What happens to an object that breaks a policy."""

    WARN = "warn"
    DENY = "deny"


class TenantSpec(SpecModel):
    """A namespace for one application or team."""

    pod_security: PodSecurity = PodSecurity.RESTRICTED
    """Pod Security level of the namespace."""
    cpu: Annotated[int, Field(ge=1)] = 4
    """Sum of CPU requests, in cores."""
    memory: Quantity = "8Gi"
    """Sum of memory requests."""
    storage: Quantity = "100Gi"
    """Sum of volume sizes."""
    groups: tuple[str, ...] = ()
    """OIDC groups that may edit in the namespace."""


class PolicySpec(SpecModel):
    """Rules for everything that runs on the cluster."""

    mode: PolicyMode = PolicyMode.WARN
    """warn or deny."""
    registries: tuple[str, ...] = ()
    """Registries that images may come from; any when left out."""
    default_deny: bool = True
    """Platform and tenant namespaces start with a network policy that lets nothing in or out but DNS."""


class DnsKind(StrEnum):
    """Who holds the zone."""

    NONE = "none"
    DESIGNATE = "designate"
    RFC2136 = "rfc2136"


class DnsSpec(SpecModel):
    """Records for gateway and API."""

    kind: DnsKind = DnsKind.NONE
    """designate, rfc2136 or none."""
    server: str | None = None
    """host:port of the name server; needed with rfc2136."""
    secret: SecretName | None = None
    """Name of the secret with the TSIG key; needed with rfc2136."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is DnsKind.RFC2136 and not (self.server and self.secret):
            raise ValueError("kind rfc2136 needs server and secret; add both")
        return self


class GitopsSpec(SpecModel):
    """Hand-over of the platform to Flux."""

    repository: str
    """URL of the repository in the Haven+ layout."""
    branch: str = "main"
    """Branch to follow."""
    path: str = "./clusters/default"
    """Folder in the repository."""


class Size(StrEnum):
    """How big the platform is."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class ChartSource(StrEnum):
    """Which charts are applied."""

    UPSTREAM = "upstream"
    STAND_IN = "stand-in"


class AddOnSpec(SpecModel):
    """Extra say over one add-on; the key in the map is its slot."""

    enabled: bool = True
    """Off leaves the slot empty."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Chart values, merged over ours."""


class PlatformSpec(SpecModel):
    """The platform as a whole."""

    size: Size = Size.SMALL
    """small (6 nodes), medium (20) or large: replicas, requests and retention volumes."""
    charts: ChartSource | None = None
    """upstream charts, or the small stand-ins of this package; the cloud decides when left out."""
    addons: dict[Name, AddOnSpec] = Field(default_factory=dict)
    """Extra say by slot: gateway, certificates, logs, log-collector, metrics, monitoring, backup and so on."""


class MirrorSpec(SpecModel):
    """Where charts and images come from in a closed network."""

    charts: str | None = None
    """OCI or https address that replaces every chart repository."""
    images: str | None = None
    """Registry host that replaces every image registry."""
    ca_secret: SecretName | None = None
    """Name of the secret with the mirror's CA in PEM; the public ones when left out."""

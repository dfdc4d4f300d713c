"""Object storage: which S3 service a bucket is in, and how charts and servers are told of it and of its credential.

An endpoint in the description is one outside the cloud, with a credential that Pulumi holds.  Without one a bucket is
in the cloud's own service, where it has one: bucket and credential are then made with the cluster, and their values
are marks in the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from haven_iac.bootstrap.facts import SNAPSHOT_SECRET, SnapshotStore
from haven_iac.bootstrap.snapshots import SECRET_TYPE, told
from haven_iac.facts import CloudFacts
from haven_iac.platform import late
from haven_iac.platform.common import NS_SYSTEM
from haven_iac.platform.release import SecretRef
from haven_iac.platform.secret_forms import ACCESS_KEY, AWS_FILE, SECRET_KEY
from haven_iac.spec import ClusterSpec
from haven_iac.spec.storage import ObjectStoreSpec

_AWS_FILE = "[default]\naws_access_key_id={}\naws_secret_access_key={}\n"


@dataclass(frozen=True)
class Store:
    """An S3 service."""

    url: str
    """Where it is, perhaps a mark; empty where neither description nor cloud say."""
    host: str
    """Host of `url`, and its port where there is one."""
    port: int | str
    """TCP port, or the mark of one."""
    insecure: str
    """`true` for plain http, `false`, or a mark."""
    region: str
    secret: str = ""
    """Name of the secret in Pulumi with its credential; empty where the credential is made with the cluster."""
    ca: str = ""
    """Certificates of its private authority in PEM; empty for a public one."""

    @property
    def own(self) -> bool:
        """Return whether it is the cloud's, with a credential that is made with the cluster."""
        return not self.secret


def store(given: ObjectStoreSpec | None, facts: CloudFacts) -> Store | None:
    """Return where a bucket is, or None when nobody says."""
    own = facts.object_store
    if own and not (given and given.endpoint):
        if own.endpoint:
            return Store(own.endpoint, *_parts(own.endpoint), own.region, ca=own.ca)
        host, insecure = late.late(late.OBJECT_HOST), late.late(late.OBJECT_INSECURE)
        port = late.number(late.OBJECT_PORT)
        return Store(late.late(late.OBJECT_URL), host, port, insecure, own.region, ca=own.ca)
    if given is None:
        return None
    url = given.endpoint or ""
    return Store(url, *_parts(url or "https://"), given.region, given.secret)


def _parts(url: str) -> tuple[str, int, str]:
    parts = urlsplit(url)
    return parts.netloc, port_of(url), str(parts.scheme == "http").lower()


def key_pair(name: str, where: Store) -> SecretRef:
    """Return a Secret with the credential as two environment variables."""
    keys = ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    if where.own:
        return SecretRef(name, late=dict(zip(keys, (late.OBJECT_ACCESS_KEY, late.OBJECT_SECRET_KEY), strict=True)))
    forms = dict(zip(keys, (ACCESS_KEY, SECRET_KEY), strict=True))
    return SecretRef(name, dict.fromkeys(keys, where.secret), forms)


def aws_file(name: str, key: str, where: Store) -> SecretRef:
    """Return a Secret with the credential as an AWS credentials file."""
    if where.own:
        marks = late.late(late.OBJECT_ACCESS_KEY), late.late(late.OBJECT_SECRET_KEY)
        return SecretRef(name, plain={key: _AWS_FILE.format(*marks)})
    return SecretRef(name, {key: where.secret}, {key: AWS_FILE})


def snapshots(spec: ClusterSpec, facts: CloudFacts) -> SnapshotStore | None:
    """Return the bucket that snapshots of etcd go to, that of the backups; None where they stay on the servers.

    The credential is not in it: servers find that in the cluster, so that it can be renewed without touching them.
    """
    where = store(spec.backup.object_store, facts) if spec.backup.enabled and facts.snapshot_secret else None
    if where is None or not where.url:
        return None
    return SnapshotStore(
        bucket=spec.backup.bucket,
        endpoint=where.host,
        region=where.region,
        folder=f"{late.late(late.IDENTITY)}-etcd",
        ca=where.ca,
    )


def snapshot_secrets(spec: ClusterSpec, facts: CloudFacts) -> tuple[SecretRef, ...]:
    """Return the Secret in which servers look for the bucket of snapshots, and its credential."""
    bucket, where = snapshots(spec, facts), store(spec.backup.object_store, facts)
    if bucket is None or where is None:
        return ()
    keys = ("etcd-s3-access-key", "etcd-s3-secret-key")
    plain = {**{key: str(value) for key, value in told(bucket).items()}, "etcd-s3-insecure": where.insecure}
    if where.own:
        given = dict(zip(keys, (late.OBJECT_ACCESS_KEY, late.OBJECT_SECRET_KEY), strict=True))
        return (SecretRef(SNAPSHOT_SECRET, plain=plain, late=given, namespace=NS_SYSTEM, type=SECRET_TYPE),)
    entries, forms = dict.fromkeys(keys, where.secret), dict(zip(keys, (ACCESS_KEY, SECRET_KEY), strict=True))
    return (SecretRef(SNAPSHOT_SECRET, entries, forms, plain, namespace=NS_SYSTEM, type=SECRET_TYPE),)


def port_of(address: str) -> int:
    """Return the TCP port of an address: as it says, else 443, or 80 for http."""
    parts = urlsplit(address)
    return parts.port or (80 if parts.scheme == "http" else 443)

"""Snapshots of etcd: when, how many, and the bucket that they go to.

A restore reads no Secret: it wants the same settings as flags, by hand.
Source: the documentation of RKE2 on backup and restore.
"""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap.facts import SNAPSHOT_SECRET, BootFacts, SnapshotStore
from haven_iac.spec import ClusterSpec

CA_FILE = "/etc/haven-iac/snapshots-ca.pem"
"""Where the store's certificate authority stands on a server whose user data holds the store's credentials."""

SECRET_TYPE = "etcd.k3s.cattle.io/s3-config-secret"
"""Type of the Secret that servers look in, of RKE2 too."""


def config(spec: ClusterSpec, facts: BootFacts) -> dict[str, Any]:
    """Return the keys of a server's config.yaml.

    With a Secret no other setting of the store may be there: one would make the distribution ignore it.
    """
    asked = spec.control_plane.snapshots
    found: dict[str, Any] = {
        "etcd-snapshot-schedule-cron": asked.schedule,
        "etcd-snapshot-retention": asked.keep,
        "etcd-snapshot-compress": True,
    }
    store = facts.snapshots
    if store is None:
        return found
    found["etcd-s3"] = True
    found["etcd-s3-retention"] = asked.keep
    if not store.access_key:
        return {**found, "etcd-s3-config-secret": SNAPSHOT_SECRET}
    found |= _store(store) | {"etcd-s3-access-key": store.access_key, "etcd-s3-secret-key": store.secret_key}
    if store.ca:
        found["etcd-s3-endpoint-ca"] = CA_FILE
    return found


def _store(store: SnapshotStore) -> dict[str, Any]:
    found: dict[str, Any] = {
        "etcd-s3-endpoint": store.endpoint,
        "etcd-s3-region": store.region,
        "etcd-s3-bucket": store.bucket,
        "etcd-s3-bucket-lookup-type": "path" if store.path_style else "dns",
    }
    if store.folder:
        found["etcd-s3-folder"] = store.folder
    if store.insecure:
        found["etcd-s3-insecure"] = True
    return found


def told(store: SnapshotStore) -> dict[str, str]:
    """Return what the Secret says of the store, without its credential."""
    values = {key: str(value).lower() if isinstance(value, bool) else value for key, value in _store(store).items()}
    return {**values, "etcd-s3-endpoint-ca": store.ca} if store.ca else values


def secret(store: SnapshotStore, access_key: str, secret_key: str) -> dict[str, Any]:
    """Return the Secret that servers read the store from, where their user data does not hold it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SNAPSHOT_SECRET, "namespace": "kube-system"},
        "type": SECRET_TYPE,
        "stringData": {**told(store), "etcd-s3-access-key": access_key, "etcd-s3-secret-key": secret_key},
    }

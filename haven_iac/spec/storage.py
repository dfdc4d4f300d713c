"""Volumes, and the S3 service outside the cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from haven_iac.naming import HOST
from haven_iac.spec.model import Form, SecretName, SpecModel, Text

Bucket = Annotated[
    str,
    Form(
        "a bucket: 3 to 63 lower-case letters, digits, dashes and dots",
        "voorbeeldstad-backup",
        r"[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]",
        63,
    ),
]
"""Name of an S3 bucket."""

HttpUrl = Annotated[str, Form("an http or https address", "https://s3.example.nl", r"https?://[^\s/@]+(/\S*)?", 500)]
"""An address that starts with http:// or https://, without name or password."""

Server = Annotated[str, Form("a host name or address", "nfs.example.nl", rf"(?i:{HOST})|[0-9a-fA-F:]+", 253)]
"""A host name or IP address."""


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
    type: Text | None = None
    """The cloud's share type; its default when left out."""
    server: Server | None = None
    """Name or address of an existing NFS server; needed with nfs."""
    path: Annotated[str, Form("a path that starts with a slash", "/export", r"/\S*", 255)] = "/"
    """Export on that server."""


class BlockStorageSpec(SpecModel):
    """Volumes for one node at a time."""

    type: Text | None = None
    """The cloud's volume type; its default when left out."""
    encrypted_type: Text | None = None
    """Volume type that encrypts; no second class when left out."""


class StorageSpec(SpecModel):
    """Volumes."""

    block: BlockStorageSpec = BlockStorageSpec()
    """ReadWriteOnce; the default StorageClass."""
    shared: SharedStorageSpec = SharedStorageSpec()
    """ReadWriteMany."""


class ObjectStoreSpec(SpecModel):
    """An S3 endpoint outside the cluster."""

    endpoint: HttpUrl | None = None
    """URL of the S3 service; the cloud's own when left out."""
    region: Text = "default"
    """Region that the S3 service expects."""
    secret: SecretName = "object-storage"
    """Name of the secret with `accessKeyId:secretAccessKey`."""

"""Object storage: how charts are told of an S3 service and its credential."""

from __future__ import annotations

from urllib.parse import urlsplit

from haven_iac.platform.release import SecretRef
from haven_iac.platform.secret_forms import ACCESS_KEY, AWS_FILE, SECRET_KEY
from haven_iac.spec.storage import ObjectStoreSpec


def key_pair(name: str, store: ObjectStoreSpec) -> SecretRef:
    """Return a Secret with the credential as two environment variables."""
    entries = {"S3_ACCESS_KEY_ID": store.secret, "S3_SECRET_ACCESS_KEY": store.secret}
    return SecretRef(name, entries, {"S3_ACCESS_KEY_ID": ACCESS_KEY, "S3_SECRET_ACCESS_KEY": SECRET_KEY})


def aws_file(name: str, key: str, store: ObjectStoreSpec) -> SecretRef:
    """Return a Secret with the credential as an AWS credentials file."""
    return SecretRef(name, {key: store.secret}, {key: AWS_FILE})


def port(store: ObjectStoreSpec | None) -> int:
    """Return the TCP port of an S3 service."""
    return port_of(store.endpoint if store and store.endpoint else "https://")


def port_of(address: str) -> int:
    """Return the TCP port of an address: as it says, else 443, or 80 for http."""
    parts = urlsplit(address)
    return parts.port or (80 if parts.scheme == "http" else 443)

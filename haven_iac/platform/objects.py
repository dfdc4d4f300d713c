"""Object storage: how charts are told of an S3 service and its credential."""

from __future__ import annotations

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

"""Everything a cluster's first server needs to know before it boots.

Names are file names.  The root's key is apart: it never leaves the state, servers get intermediates.
Sources: RKE2's and k3s's documentation on custom CA certificates (which files, and that each `.crt` holds the
whole chain up to the root).
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from haven_iac.keys.authority import Pair, authority

AUTHORITIES = {
    "ca": "server",
    "client-ca": "client",
    "request-header-ca": "request-header",
    "etcd-ca": "etcd-server",
    "etcd-peer-ca": "etcd-peer",
}
"""File name of each intermediate, to the word in its common name."""


@dataclass(frozen=True)
class Material:
    """Key material of one cluster."""

    root: Pair
    """The root; its key stays in the state."""
    files: dict[str, str]
    """File name to content.

    `<authority>.crt` (intermediate, then root) and `.key`; `service.key`, RSA, signs service accounts' tokens;
    `encryption.key`, 32 bytes in base64, encrypts Secrets in etcd; `server.token` and `agent.token`, bare passwords
    of 256 bits.
    """


def make(identity: str, now: datetime) -> Material:
    """Return new key material.

    Args:
        identity: the cluster's name and suffix, part of the authorities' names, so that no two clusters' look alike.
        now: start of validity.
    """
    root = authority(f"{identity} root CA", now)
    files = {}
    for file, word in AUTHORITIES.items():
        pair = authority(f"{identity} {word} CA", now, root)
        files[f"{file}.crt"], files[f"{file}.key"] = pair.cert, pair.key
    service = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    files["service.key"] = service.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    files["encryption.key"] = base64.b64encode(secrets.token_bytes(32)).decode()
    files["server.token"] = secrets.token_hex(32)
    files["agent.token"] = secrets.token_hex(32)
    return Material(root, files)

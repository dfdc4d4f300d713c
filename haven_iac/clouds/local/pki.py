"""Certificates of one local cluster: the given authorities, and what they sign, as owner-only files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from haven_iac.errors import DeployError

NEEDED = (
    "ca.crt",
    "ca.key",
    "client-ca.crt",
    "client-ca.key",
    "request-header-ca.crt",
    "request-header-ca.key",
    "etcd-ca.crt",
    "etcd-ca.key",
    "service.key",
    "encryption.key",
)
"""Names in the key material without which no control plane starts."""

VALIDITY = timedelta(days=365)
RENEW_BEFORE = timedelta(days=60)
"""A certificate with less time left is made again at the next start."""

_END = "-----END CERTIFICATE-----\n"


def write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at once; an equal one is left as it is."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(temporary, path)


class Pki:
    """The certificates below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def adopt(self, material: Mapping[str, str]) -> None:
        """Write the given authorities and keys.

        `<authority>.crt` is the whole chain; `<authority>.trust.crt` is the authority alone, so that who trusts it
        does not also trust everything else below the same root.

        Raises:
            DeployError: something is not there.
        """
        if missing := [name for name in NEEDED if not material.get(name)]:
            raise DeployError(f"the key material lacks {', '.join(missing)}", fix="report this: it is a defect")
        for name in NEEDED:
            text = material[name]
            write(self.folder / name, text)
            if name.endswith(".crt"):
                write(self.folder / f"{name.removesuffix('.crt')}.trust.crt", text.partition(_END)[0] + _END)

    def read(self, name: str) -> str:
        """Return the content of one file."""
        return (self.folder / name).read_text()

    def leaf(
        self,
        name: str,
        issuer: str,
        common_name: str,
        *,
        groups: Iterable[str] = (),
        names: Iterable[str] = (),
        client: bool = False,
        server: bool = False,
    ) -> None:
        """Make `<name>.crt` and `<name>.key`, unless a good one is there already."""
        from haven_iac.keys.authority import Pair, certificate

        groups, names, now = tuple(groups), tuple(names), datetime.now(UTC)
        if self._good(name, issuer, common_name, names, now):
            return
        pair = certificate(
            Pair(self.read(f"{issuer}.crt"), self.read(f"{issuer}.key")),
            common_name,
            now,
            VALIDITY,
            groups=groups,
            names=names,
            client=client,
            server=server,
        )
        write(self.folder / f"{name}.key", pair.key)
        write(self.folder / f"{name}.crt", pair.cert)

    def _good(self, name: str, issuer: str, common_name: str, names: tuple[str, ...], now: datetime) -> bool:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            cert = x509.load_pem_x509_certificate(self.read(f"{name}.crt").encode())
            key = load_pem_private_key(self.read(f"{name}.key").encode(), None)
            cert.verify_directly_issued_by(x509.load_pem_x509_certificate(self.read(f"{issuer}.crt").encode()))
        except (OSError, ValueError, TypeError, InvalidSignature):
            return False
        if cert.public_key() != key.public_key():
            return False
        if cert.not_valid_after_utc - now < RENEW_BEFORE:
            return False
        subject = [a.value for a in cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        return subject == [common_name] and _alternatives(cert) == sorted(names)


def _alternatives(cert: object) -> list[str]:
    from cryptography import x509

    assert isinstance(cert, x509.Certificate)
    try:
        found = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(name.value) for name in found)

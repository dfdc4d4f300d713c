"""Certificate authorities and certificates, pure over the `cryptography` package.

No clock: the caller gives the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
"""Validity of root and intermediate authorities."""

BACKDATE = timedelta(minutes=5)
"""Every certificate is valid from a little before now, so that a clock that is behind accepts it."""


@dataclass(frozen=True)
class Pair:
    """A certificate (chain) and its key, both PEM."""

    cert: str
    key: str


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a key as RKE2's own script writes it: `EC PRIVATE KEY`."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _issuer(pair: Pair) -> tuple[x509.Certificate, CertificateIssuerPrivateKeyTypes]:
    cert = x509.load_pem_x509_certificate(pair.cert.encode())
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    return cert, key  # type: ignore[return-value]


def _without_root(chain: str) -> str:
    """Return a chain without its self-signed end, which whoever checks it has already."""
    certs = x509.load_pem_x509_certificates(chain.encode())
    return "".join(
        cert.public_bytes(serialization.Encoding.PEM).decode() for cert in certs if cert.subject != cert.issuer
    )


def _builder(subject: x509.Name, now: datetime, validity: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + validity)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def authority(name: str, now: datetime, issuer: Pair | None = None) -> Pair:
    """Return a certificate authority: a root, or an intermediate followed by its issuer's chain.

    Args:
        name: its common name.
        now: start of its validity of ten years.
        issuer: who signs it; itself when left out.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing_key = _issuer(issuer) if issuer else (None, key)
    builder = (
        _builder(subject, now, timedelta(days=AUTHORITY_DAYS))
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else 1), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                signer.public_key() if signer else key.public_key()  # type: ignore[arg-type]
            ),
            critical=False,
        )
    )
    cert = builder.sign(signing_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    return Pair(cert + (issuer.cert if issuer else ""), _pem(key))


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def certificate(
    issuer: Pair,
    name: str,
    now: datetime,
    validity: timedelta,
    *,
    groups: Iterable[str] = (),
    names: Iterable[str] = (),
    client: bool = False,
    server: bool = False,
) -> Pair:
    """Return a certificate for a client, a server or both, with the issuing chain but not the root.

    Args:
        issuer: the authority that signs.
        name: common name; the user name for Kubernetes.
        now: start of validity.
        validity: how long it is valid; never longer than the authority itself.
        groups: organisations; the user's groups for Kubernetes.
        names: DNS names and addresses of a server.
        client: usable to log in with.
        server: usable to answer with.
    """
    signer, signing_key = _issuer(issuer)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _person(name, groups)
    uses = [
        *([ExtendedKeyUsageOID.CLIENT_AUTH] if client else []),
        *([ExtendedKeyUsageOID.SERVER_AUTH] if server else []),
    ]
    builder = (
        _builder(subject, now, min(validity, signer.not_valid_after_utc - now))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
    )
    alternatives = [_alternative(n) for n in names]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    cert = builder.sign(signing_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    return Pair(cert + _without_root(issuer.cert), _pem(key))


def request(name: str, groups: Iterable[str]) -> tuple[str, str]:
    """Return a request for a client certificate, and its key; both PEM.

    Args:
        name: the user.
        groups: the user's groups.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(_person(name, groups))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), _pem(key)


def _person(name: str, groups: Iterable[str]) -> x509.Name:
    """Return a user with groups as the subject of a certificate, as Kubernetes reads it."""
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def expires(cert: str) -> datetime:
    """Return when the first certificate of a chain ends, in UTC."""
    return x509.load_pem_x509_certificate(cert.encode()).not_valid_after_utc

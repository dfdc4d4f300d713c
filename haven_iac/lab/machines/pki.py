"""A cluster's certificates: given authorities are used, others made."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from haven_iac.lab.kube import write_private

AUTHORITIES = ("server-ca", "client-ca", "request-header-ca", "etcd/peer-ca", "etcd/server-ca")

_YEAR = datetime.timedelta(days=365)
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class PkiError(Exception):
    """The given key material is of no use."""


def _private(data: bytes) -> _Key:
    key = serialization.load_pem_private_key(data, None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise ValueError("neither an EC nor an RSA key")
    return key


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _public(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Pki:
    """The certificates below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self.folder / name

    def adopt(self, files: Mapping[str, bytes]) -> list[str]:
        """Take custom authorities.

        Args:
            files: content by name: `server-ca.crt`, `server-ca.key`, ...

        Returns:
            The names of those that are used.

        Raises:
            PkiError: a certificate and its key do not belong together.
        """
        used = []
        for name in AUTHORITIES:
            certificate, key = files.get(f"{name}.crt"), files.get(f"{name}.key")
            if not certificate and not key:
                continue
            if not (certificate and key):
                raise PkiError(f"{name}: certificate without its key, or the reverse")
            _check_pair(name, certificate, key)
            write_private(self.path(f"{name}.crt"), certificate)
            write_private(self.path(f"{name}.key"), key)
            used.append(name)
        if service := files.get("service.key"):
            try:
                _private(service)
            except (ValueError, TypeError) as error:
                raise PkiError(f"service.key: {error}") from error
            write_private(self.path("service.key"), service)
            used.append("service.key")
        return used

    def complete(self, prefix: str) -> None:
        """Make the authorities that are still missing, and the key of service accounts."""
        for name in AUTHORITIES:
            if self.path(f"{name}.crt").exists():
                continue
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _name(f"{prefix}-{name.replace('/', '-')}")
            certificate = (
                _builder(subject, subject, key.public_key(), 10)
                .add_extension(x509.BasicConstraints(True, None), True)
                .add_extension(_usage(signs=True), True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                .sign(key, hashes.SHA256())
            )
            write_private(self.path(f"{name}.key"), _pem(key))
            write_private(self.path(f"{name}.crt"), certificate.public_bytes(serialization.Encoding.PEM))
        for name in ("server-ca", "client-ca"):  # signers take the authority alone, without the chain above it
            first = x509.load_pem_x509_certificates(self.path(f"{name}.crt").read_bytes())[0]
            write_private(self.path(f"{name}.nochain.crt"), first.public_bytes(serialization.Encoding.PEM))
        if not self.path("service.key").exists():
            write_private(self.path("service.key"), _pem(ec.generate_private_key(ec.SECP256R1())))
        write_private(self.path("service.pub"), _public(_private(self.path("service.key").read_bytes()).public_key()))

    def client(self, name: str, user: str, group: str | None = None, authority: str = "client-ca") -> None:
        """Issue a client's certificate."""
        self._issue(authority, name, _name(user, group), [ExtendedKeyUsageOID.CLIENT_AUTH])

    def serving(self, name: str, user: str, names: Iterable[str]) -> None:
        """Issue a server's certificate for names and addresses."""
        alternatives = [_alternative(one) for one in sorted(set(names))]
        self._issue("server-ca", name, _name(user), [ExtendedKeyUsageOID.SERVER_AUTH], alternatives)

    def _issue(
        self,
        authority: str,
        name: str,
        subject: x509.Name,
        usages: Sequence[x509.ObjectIdentifier],
        alternatives: Sequence[x509.GeneralName] = (),
    ) -> None:
        chain = x509.load_pem_x509_certificates(self.path(f"{authority}.crt").read_bytes())
        signer = _private(self.path(f"{authority}.key").read_bytes())
        issuer_key = chain[0].public_key()
        assert isinstance(issuer_key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey))
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(subject, chain[0].subject, key.public_key(), 1)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(_usage(), True)
            .add_extension(x509.ExtendedKeyUsage(usages), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        certificate = builder.sign(signer, hashes.SHA256())
        # The chain without its self-signed root, as servers present it.
        between = [one for one in chain if one.subject != one.issuer]
        write_private(self.path(f"{name}.key"), _pem(key))
        data = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in [certificate, *between])
        write_private(self.path(f"{name}.crt"), data)

    def hash(self) -> str:
        """Return the hash in a full join token (K10<hash>::server:<password>)."""
        data = self.path("server-ca.crt").read_bytes()
        certificates = x509.load_pem_x509_certificates(data)
        roots = [one for one in certificates[1:] if one.subject == one.issuer]
        if roots:
            data = roots[0].public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(data).hexdigest()


def _check_pair(name: str, certificate: bytes, key: bytes) -> None:
    try:
        found = x509.load_pem_x509_certificates(certificate)[0]
        private = _private(key)
        basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise PkiError(f"{name}.crt is not a certificate authority") from None
    except (ValueError, TypeError) as error:
        raise PkiError(f"{name}: {error}") from error
    public = found.public_key()
    if not isinstance(public, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)) or _public(public) != _public(
        private.public_key()
    ):
        raise PkiError(f"tls: private key does not match public key ({name})")
    if not basic.ca:
        raise PkiError(f"{name}.crt is not a certificate authority")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, years: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + years * _YEAR)
    )


def _name(user: str, group: str | None = None) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(names)


def _alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(*, signs: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

"""A registry, asked over the OCI distribution API; nothing is ever written to it."""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haven_iac.errors import HavenError

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
SECONDS = 20
MOST = 32 * 2**20
"""Bytes that are read of an answer at the most."""


class RegistryError(HavenError):
    """A registry or chart repository could not be asked."""

    code = "HVN310"


@dataclass
class Registry:
    """One registry host."""

    host: str
    """With a port when it has one of its own."""
    plain_http: bool = False
    context: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    """User and password; nobody when left out."""
    _tokens: dict[str, str] = field(default_factory=dict)

    def digest(self, path: str, tag: str) -> str:
        """Return the digest of a manifest, or an empty text when the registry does not have it.

        Raises:
            RegistryError: it does not answer, or does not let us ask.
        """
        request = self._request(f"/v2/{path}/manifests/{tag}", {"Accept": ACCEPT}, method="HEAD")
        try:
            with self._open(request, path) as answer:
                return str(answer.headers.get("Docker-Content-Digest") or "present")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return ""
            raise self._refused(path, error.code) from None

    def _open(self, request: urllib.request.Request, path: str) -> Any:
        """Send a request; when a token is asked for, get one and send it again."""
        self._authorise(request, path)
        try:
            return self._send(request)
        except urllib.error.HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            if error.code != 401 or path in self._tokens or not challenge.lower().startswith("bearer "):
                raise
            self._tokens[path] = self._token(challenge)
        self._authorise(request, path)
        return self._send(request)

    def _authorise(self, request: urllib.request.Request, path: str) -> None:
        if path in self._tokens:
            request.add_header("Authorization", f"Bearer {self._tokens[path]}")
        elif self.login:
            request.add_header("Authorization", _basic(*self.login))

    def _token(self, challenge: str) -> str:
        """Return a token from where a registry sends us for one."""
        parts = dict(urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge[7:])))
        realm = parts.pop("realm", "")
        if not realm.startswith(("https://", "http://")):
            raise RegistryError(f"{self.host} sends us for a token to nowhere", fix="look at the registry's settings")
        query = urllib.parse.urlencode([(key, parts[key]) for key in ("service", "scope") if key in parts])
        request = urllib.request.Request(f"{realm}?{query}")  # noqa: S310 - http or https, seen above
        if self.login:
            request.add_header("Authorization", _basic(*self.login))
        with self._send(request) as answer:
            found = json.loads(answer.read(MOST))
        return str(found.get("token") or found.get("access_token") or "")

    def _request(self, path: str, headers: Mapping[str, str], method: str = "GET") -> urllib.request.Request:
        scheme = "http" if self.plain_http else "https"
        url = f"{scheme}://{self.host}{path}"
        return urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310 - http or https

    def _send(self, request: urllib.request.Request) -> Any:
        return send(request, self.context)

    def _refused(self, path: str, status: int) -> RegistryError:
        if status in (401, 403):
            fix = f"log in (`docker login {self.host}`), or give that account the right to pull {path}"
            return RegistryError(f"{self.host} does not let us look at {path}", fix=fix)
        return RegistryError(f"{self.host} answers {status} about {path}", fix="look at the registry's own log")


def send(request: urllib.request.Request, context: ssl.SSLContext | None) -> Any:
    """Send a request and return the answer.

    Raises:
        RegistryError: nothing answers.
        urllib.error.HTTPError: the answer is an error.
    """
    try:
        return urllib.request.urlopen(request, timeout=SECONDS, context=context)  # noqa: S310 - http or https
    except urllib.error.HTTPError:
        raise
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        fix = "is it up, and reachable from here?"
        if isinstance(reason, ssl.SSLCertVerificationError):
            fix = "give the authority that signed its certificate: --ca FILE"
        raise RegistryError(f"{request.host} cannot be asked: {reason}", fix=fix) from None


def trust(ca: Path | None) -> ssl.SSLContext:
    """Return which certificates are trusted: the system's, and those of one more authority.

    Raises:
        RegistryError: the file has no certificate.
    """
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(cafile=str(ca))
        except (OSError, ssl.SSLError):
            raise RegistryError(f"{ca} has no certificate in PEM", fix="give the authority's certificate") from None
    return context


def logins(env: Mapping[str, str] = os.environ) -> dict[str, tuple[str, str]]:
    """Return who to log in as, by registry host, from where `docker login` and `skopeo login` keep it."""
    folder = env.get("DOCKER_CONFIG") or str(Path(env.get("HOME", "~")).expanduser() / ".docker")
    file = Path(env.get("REGISTRY_AUTH_FILE") or Path(folder) / "config.json")
    try:
        auths = json.loads(file.read_text(encoding="utf-8")).get("auths", {})
    except (OSError, ValueError, AttributeError):
        return {}
    found = {}
    for host, held in auths.items() if isinstance(auths, dict) else ():
        try:
            user, colon, password = base64.b64decode(held["auth"], validate=True).decode().partition(":")
        except (KeyError, TypeError, ValueError, binascii.Error):
            continue
        if colon:
            found[str(host).removeprefix("https://").split("/")[0]] = (user, password)
    return found


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

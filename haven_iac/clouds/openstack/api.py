"""A few requests to a Kubernetes API, by the standard library: for resources that have to start quickly."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from haven_iac.errors import UnreachableError

SECONDS = 20
"""How long one answer may take."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json"


class ApiError(UnreachableError):
    """The Kubernetes API answered, and not with what was wanted."""

    code = "HVN309"

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"the Kubernetes API answered {status}: {what}")
        self.status = status


class Kube:
    """One cluster's API, as the kubeconfig's user.

    Args:
        kubeconfig: YAML text with a client certificate or a token; kept out of every error.
        seconds: how long one answer may take.
    """

    def __init__(self, kubeconfig: str, seconds: float = SECONDS) -> None:
        import yaml

        document = yaml.safe_load(kubeconfig)
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.server = str(cluster["server"])
        parts = urlsplit(self.server)
        self._host, self._port = str(parts.hostname), parts.port or 443
        self._seconds = seconds
        self._context = ssl.create_default_context(cadata=_text(cluster["certificate-authority-data"]))
        if "client-certificate-data" in user:
            with _file(user["client-certificate-data"]) as cert, _file(user["client-key-data"]) as key:
                self._context.load_cert_chain(cert, key)
        self._headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Return what is answered, as plain values; text where the answer is no JSON.

        Raises:
            UnreachableError: nothing answers.
            ApiError: the answer is an error.
        """
        target = f"{quote(path)}?{urlencode(query)}" if query else quote(path)
        data = None if body is None else json.dumps(body).encode()
        connection = HTTPSConnection(self._host, self._port, timeout=self._seconds, context=self._context)
        try:
            connection.request(method, target, data, {"Content-Type": kind, "Accept": JSON, **self._headers})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise UnreachableError(f"{self.server} does not answer: {_reason(error)}") from None
        finally:
            connection.close()
        found = _parsed(text)
        if answer.status >= 400:
            raise ApiError(answer.status, str(found.get("message", "") if isinstance(found, dict) else found)[:500])
        return found

    def get(self, path: str, **query: str) -> Any:
        """Return one object, or a list; None when it does not exist."""
        try:
            return self.ask("GET", path, query=query or None)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str, **query: str) -> Iterator[Any]:
        """Yield the objects of a list; none where the API does not know the kind."""
        more = ""
        while True:
            page = self.get(path, limit="500", **query, **({"continue": more} if more else {})) or {}
            yield from page.get("items") or ()
            more = (page.get("metadata") or {}).get("continue") or ""
            if not more:
                return

    def delete(self, path: str, **query: str) -> bool:
        """Delete an object; return whether it was there."""
        try:
            self.ask("DELETE", path, query=query or None)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True


def _text(data: str) -> str:
    return base64.b64decode(data).decode()


@contextmanager
def _file(data: str) -> Iterator[str]:
    """Give a file, readable by its owner only and gone at once, as `ssl` reads certificates from files only."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(data))
        file.flush()
        yield file.name


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not the cluster's: {error.verify_message}"
    return str(error) or type(error).__name__

"""Requests over HTTP that keep their connection, for the APIs inside a lab; standard library only."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Query = Mapping[str, str | Sequence[str]]


class RestError(Exception):
    """A request that was refused, or that nobody answered (status 0)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}" if status else text)
        self.status = status


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as data; an empty one as an empty mapping."""
        return json.loads(self.body) if self.body else {}


class _Kept:
    """A connection that is closed when its thread ends."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Rest:
    """One server; every thread has a connection of its own.

    Args:
        url: scheme, host and port; a path in it is not used.
        tls: how to check the server and who we are, for https.
        timeout: seconds that a request may take.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None, timeout: float = 10.0) -> None:
        self._url = urllib.parse.urlsplit(url)
        self._tls, self._timeout = tls, timeout
        self._own = threading.local()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Query | None = None,
    ) -> Reply:
        """Ask, and return what comes back, whatever its status.

        Raises:
            RestError: nobody answers; its status is 0.
        """
        target = f"{path}?{urllib.parse.urlencode(query, doseq=True)}" if query else path
        for last in (False, True):
            kept: _Kept | None = getattr(self._own, "kept", None)
            reused = kept is not None
            try:
                if kept is None:
                    kept = self._own.kept = _Kept(self._connect())
                connection = kept.connection
                connection.request(method, target, body, dict(headers or {}))
                reply = connection.getresponse()
                return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
            except (OSError, http.client.HTTPException) as error:
                self._own.kept = None
                # The server may have closed a connection that was idle: once more, where that does no harm.
                if last or not reused or method != "GET":
                    raise RestError(0, f"{type(error).__name__}: {error}") from error
        raise AssertionError

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port or 443, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(host, port or 80, timeout=self._timeout)

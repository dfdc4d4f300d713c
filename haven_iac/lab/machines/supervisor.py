"""The supervisor port of a cluster's servers: /ping and /cacerts."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from haven_iac.lab.machines.pki import Pki

PORT = 9345
_ALIVE = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"


class Supervisor:
    """It listens while enough of the cluster's servers run.

    Args:
        pki: of the cluster.
        address: to listen on.
    """

    def __init__(self, pki: Pki, address: str) -> None:
        self._pki, self._address = pki, address
        self._server: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None

    def reload(self) -> None:
        """Take up a new serving certificate."""
        if self._context:
            self._context.load_cert_chain(self._pki.path("kube-apiserver.crt"), self._pki.path("kube-apiserver.key"))

    async def start(self) -> None:
        """Begin to listen."""
        if self._server:
            return
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.reload()
        self._server = await asyncio.start_server(self._answer, self._address, PORT, ssl=self._context)

    async def stop(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        failures = (OSError, IndexError, UnicodeDecodeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        with suppress(*failures, TimeoutError):
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            status, body = self._page(request.split(b" ")[1].decode())
            writer.write(_ALIVE % (status, len(body), body))
            await writer.drain()
        writer.close()

    def _page(self, path: str) -> tuple[bytes, bytes]:
        if path == "/ping":
            return b"200 OK", b"pong"
        if path == "/cacerts":
            return b"200 OK", self._pki.path("server-ca.crt").read_bytes()
        return b"401 Unauthorized", b"Unauthorized"

"""A server of a test in a thread of its own, with TLS by a private authority where that is asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from haven_iac.keys.authority import authority, certificate

Server = TypeVar("Server", bound=ThreadingHTTPServer)


@contextmanager
def serving(server: Server, folder: Path | None, name: str) -> Iterator[Server]:
    """Let a server answer; with a folder it has TLS, and the authority of its certificate is put there as ca.pem.

    Args:
        server: it listens already.
        folder: for the certificate; plain http when None.
        name: of the authority.
    """
    if folder:
        now, address = datetime.now(UTC), str(server.server_address[0])
        ca = authority(name, now)
        leaf = certificate(ca, address, now, timedelta(hours=2), names=[address], server=True)
        (folder / "ca.pem").write_text(ca.cert)
        (folder / "leaf.pem").write_text(leaf.cert + leaf.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "leaf.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""TLS before the lab's Swift, as real clouds have it: over plain HTTP data movers send what Swift does not know."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from haven_iac.lab.machines.pki import Pki

PORT = 8443
URL = f"https://127.0.0.1:{PORT}"
SWIFT = ("127.0.0.1", 8080)


@contextmanager
def tls(folder: Path) -> Iterator[str]:
    """Serve Swift at `URL` from the calling thread's network namespace; give the authority, PEM.

    Args:
        folder: for certificates.
    """
    pki = Pki(folder)
    pki.complete("front")
    pki.serving("swift", "swift", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.path("swift.crt"), pki.path("swift.key"))
    with socket.create_server(("127.0.0.1", PORT), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, context), daemon=True).start()
        yield pki.path("server-ca.crt").read_text()
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_serve, args=(caller, context), daemon=True).start()


def _serve(caller: socket.socket, context: ssl.SSLContext) -> None:
    with (
        suppress(OSError),
        closing(context.wrap_socket(caller, server_side=True)) as outer,
        socket.create_connection(SWIFT) as inner,
    ):
        back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
        back.start()
        _copy(outer, inner)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

"""Asks a control plane whether it does its work."""

from __future__ import annotations

import ssl
from collections.abc import Collection
from http.client import HTTPException, HTTPSConnection
from pathlib import Path

from haven_iac.clouds.local.endpoint import Endpoint


class Probe:
    """Asks one API server, as a user who may read next to nothing."""

    def __init__(self, pki: Path, endpoint: Endpoint) -> None:
        self._pki = pki
        self._endpoint = endpoint

    def missing(self, names: Collection[str]) -> str:
        """Return what these processes do not do yet; empty when they all work."""
        return self.ask("/readyz")

    def ask(self, path: str) -> str:
        """Return why a request fails; empty when it is answered with 200."""
        try:
            context = ssl.create_default_context(cafile=str(self._pki / "ca.crt"))
            context.load_cert_chain(self._pki / "probe.crt", self._pki / "probe.key")
            port = self._endpoint.ports["kube-apiserver"]
            connection = HTTPSConnection(self._endpoint.address, port, timeout=5, context=context)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                text = answer.read(2000).decode(errors="replace")
                return "" if answer.status == 200 else f"{answer.status} {text[-300:]}"
            finally:
                connection.close()
        except (OSError, HTTPException) as error:
            return str(error)

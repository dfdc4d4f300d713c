"""A registry on this machine that speaks as much of the OCI distribution API as pulling needs."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving import serving

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


class Registry(ThreadingHTTPServer):
    """What it holds, who may ask, and what it was asked."""

    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), Handler)
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.token = ""
        self.asked: list[str] = []

    @property
    def host(self) -> str:
        """Return host and port."""
        return f"{self.server_address[0]!s}:{self.server_address[1]}"

    def image(self, path: str, tag: str, content: bytes = b"{}") -> str:
        """Hold an image, and return its digest."""
        self.manifests[path, tag] = content
        return digest(content)

    def chart(self, path: str, version: str, archive: bytes) -> None:
        """Hold a chart."""
        config = json.dumps({"name": path.rsplit("/", 1)[-1], "version": version}).encode()
        parts = [(CONFIG, config), (LAYER, archive)]
        described = [{"mediaType": kind, "digest": digest(data), "size": len(data)} for kind, data in parts]
        self.blobs |= {digest(data): data for _, data in parts}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
        content = json.dumps(manifest).encode()
        self.manifests[path, version] = self.manifests[path, digest(content)] = content


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Registry

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        held = self.server
        held.asked.append(self.path)
        if self.path.startswith("/token"):
            return self._send(200, json.dumps({"token": held.token}).encode(), "application/json", body=True)
        if held.token and self.headers.get("Authorization") != f"Bearer {held.token}":
            self.send_response(401)
            realm = f'Bearer realm="http://{held.host}/token",service="here",scope="pull"'
            self.send_header("WWW-Authenticate", realm)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if self.path in held.files:
            return self._send(200, held.files[self.path], "text/yaml", body=body)
        if self.path == "/v2/":
            return self._send(200, b"{}", "application/json", body=body)
        what, _, name = self.path.removeprefix("/v2/").rpartition("/")
        path, _, kind = what.rpartition("/")
        content = held.blobs.get(name) if kind == "blobs" else held.manifests.get((path, name))
        if content is None:
            return self._send(404, b"{}", "application/json", body=body)
        return self._send(200, content, MANIFEST if kind == "manifests" else "application/octet-stream", body=body)

    def _send(self, status: int, content: bytes, kind: str, *, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 200:
            self.send_header("Docker-Content-Digest", digest(content))
        self.end_headers()
        if body:
            self.wfile.write(content)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def archive(folder: Path, name: str, version: str) -> bytes:
    """Return a chart as an archive, under another version than its own."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as packed:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            data = file.read_bytes()
            if file == folder / "Chart.yaml":
                lines = file.read_text().splitlines()
                data = "\n".join(f"version: {version}" if one.startswith("version:") else one for one in lines).encode()
            entry = tarfile.TarInfo(f"{name}/{file.relative_to(folder)}")
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return raw.getvalue()


@contextmanager
def running(folder: Path | None = None, address: str = "127.0.0.1") -> Iterator[Registry]:
    """Run a registry; with a folder it has TLS, and the authority of its certificate is put there as ca.pem."""
    with serving(Registry(address), folder, "mirror") as server:
        yield server

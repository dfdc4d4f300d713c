"""A git server on this machine: one repository over https, with a login and a certificate of a private authority."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving import serving

ADDRESS = "127.0.0.1"
LOGIN = "flux:only-for-reading"
NAME = "clusters.git"
BRANCH = "main"
_WHO = {f"GIT_{who}_{what}": "test@example.nl" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class GitServer(ThreadingHTTPServer):
    """What it serves, and whether anybody came without the login."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__((ADDRESS, 0), Handler)
        self.folder = folder
        self.refused = 0
        self.served = 0

    @property
    def url(self) -> str:
        """Return the URL of the repository."""
        return f"https://{ADDRESS}:{self.server_address[1]}/{NAME}"

    @property
    def clone(self) -> Path:
        """Return the folder in which commits are made."""
        return self.folder / "clone"

    def commit(self, message: str) -> str:
        """Commit everything in the clone, publish it, and return the commit."""
        _git(self.clone, "add", "--all")
        _git(self.clone, "commit", "--quiet", "--allow-empty", "--message", message)
        _git(self.clone, "push", "--quiet", str(self.folder / NAME), f"HEAD:{BRANCH}")
        return _git(self.clone, "rev-parse", "HEAD")


class Handler(BaseHTTPRequestHandler):
    """Hands requests to git's own server."""

    server: GitServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, body: bytes) -> None:
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(LOGIN.encode()).decode():
            self.server.refused += 1
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        path, _, query = self.path.partition("?")
        asked = {
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env={**os.environ, **asked}, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.server.served += 1
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def _git(folder: Path, *args: str) -> str:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **_WHO}
    done = subprocess.run(
        ["git", *args], cwd=folder, env={**os.environ, **alone}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@contextmanager
def running(folder: Path) -> Iterator[GitServer]:
    """Run a git server with an empty repository; the authority of its certificate is put in the folder as ca.pem."""
    folder.mkdir()
    (folder / "clone").mkdir()
    _git(folder, "init", "--quiet", "--bare", "--initial-branch", BRANCH, NAME)
    _git(folder / "clone", "init", "--quiet", "--initial-branch", BRANCH)
    with serving(GitServer(folder), folder, "git") as server:
        yield server

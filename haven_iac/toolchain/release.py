"""Tools as official releases, with their checksums."""

from __future__ import annotations

import os
import shutil
import socket
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from haven_iac.errors import ToolchainError
from haven_iac.toolchain.cache import digest
from haven_iac.toolchain.tools import Tool

BASE = "HAVEN_TOOLCHAIN_RELEASES"
"""Variable: address that stands in for every release host, or `off`."""

CONNECT_SECONDS = 4.0
"""How long a host may take to answer before it counts as out of reach."""

_unreachable: set[str] = set()


class OutOfReachError(Exception):
    """The host of the release does not answer."""


def address(url: str) -> str:
    """Return where to ask for a release: its own address, or the same path at the base that is set."""
    base = os.environ.get(BASE)
    if not base or base == "off":
        return url
    parts = urlsplit(url)
    return f"{base.rstrip('/')}/{parts.netloc}{parts.path}"


def reachable(tool: Tool) -> bool:
    """Return whether the release's host answers; asked once a host and process."""
    if not tool.url or os.environ.get(BASE) == "off":
        return False
    parts = urlsplit(address(tool.filled(tool.url)))
    if parts.netloc in _unreachable:
        return False
    if urllib.request.getproxies().get(parts.scheme):
        return True  # only the proxy can tell
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        _unreachable.add(parts.netloc)
        return False


def fetch(tool: Tool, into: Path, progress: Callable[[int, int], None]) -> None:
    """Download the official release, check it, and unpack what is needed.

    Args:
        tool: which one.
        into: folder for the binary and what belongs beside it.
        progress: called with bytes done and in all (0 when unknown).

    Raises:
        OutOfReachError: the host does not answer.
        ToolchainError: the checksum does not match.
    """
    url = address(tool.filled(tool.url))
    name = url.rsplit("/", 1)[1]
    with tempfile.TemporaryDirectory(dir=into) as folder:
        packed = Path(folder) / name
        _download(url, packed, progress)
        sums = Path(folder) / "sums"
        _download(address(tool.filled(tool.checksum)), sums, lambda done, total: None)
        if _expected(sums.read_text(), name) != digest(packed):
            raise ToolchainError(
                f"{name} does not have the checksum that its publisher gives",
                fix="run again; if it stays so, your network changes downloads: use a mirror folder",
            )
        if not tool.member:
            shutil.move(packed, into / tool.name)
            return
        with tarfile.open(packed) as archive:
            for member in (tool.filled(tool.member), *(tool.filled(m) for m in tool.more)):
                source = archive.extractfile(member)
                if source is None:
                    raise ToolchainError(f"{name} holds no {member}", fix="report this; the release changed its shape")
                with (into / member.rsplit("/", 1)[-1]).open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)


def _expected(text: str, name: str) -> str:
    words = text.split()
    if len(words) == 1:
        return words[0]
    for line in text.splitlines():
        value, _, file = line.partition(" ")
        if file.strip().lstrip("*") == name:
            return value
    return ""


def _download(url: str, target: Path, progress: Callable[[int, int], None]) -> None:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, target.open("wb") as file:  # noqa: S310
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while block := answer.read(1 << 20):
                file.write(block)
                done += len(block)
                progress(done, total)
            if total and done != total:
                raise OutOfReachError(f"{url} ended after {done} of {total} bytes")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise OutOfReachError(f"{url}: {error}") from error

"""Tools as official releases, with their checksums."""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
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
ATTEMPTS = 3
"""How often a download that breaks off is begun again."""

_FAILURES = (urllib.error.URLError, http.client.HTTPException, OSError, ValueError)
_answers: dict[str, bool] = {}


class OutOfReachError(Exception):
    """The release cannot be downloaded from here."""


def address(url: str) -> str:
    """Return where to ask for a release: its own address, or the same path at the base that is set."""
    base = os.environ.get(BASE)
    if not base or base == "off":
        return url
    parts = urlsplit(url)
    return f"{base.rstrip('/')}/{parts.netloc}{parts.path}"


def reachable(tool: Tool) -> bool:
    """Return whether the release and its checksum are there for us; asked once a process."""
    if not tool.url or os.environ.get(BASE) == "off":
        return False
    return all(_answered(address(tool.filled(url))) for url in (tool.url, tool.checksum))


def _answered(url: str) -> bool:
    if url not in _answers:
        try:
            request = urllib.request.Request(url, method="HEAD")  # noqa: S310
            with urllib.request.urlopen(request, timeout=CONNECT_SECONDS):  # noqa: S310
                _answers[url] = True
        except _FAILURES:
            _answers[url] = False
    return _answers[url]


def fetch(tool: Tool, into: Path, progress: Callable[[int, int], None]) -> None:
    """Download the official release, check it, and unpack what is needed.

    Args:
        tool: which one.
        into: folder for the binary and what belongs beside it.
        progress: called with bytes done and in all (0 when unknown).

    Raises:
        OutOfReachError: it cannot be downloaded.
        ToolchainError: the checksum does not match.
    """
    url = address(tool.filled(tool.url))
    name = url.rsplit("/", 1)[1]
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        sums = Path(folder) / "sums"
        _download(address(tool.filled(tool.checksum)), sums, lambda done, total: None)
        packed = Path(folder) / name
        _download(url, packed, progress)
        if _expected(sums.read_text(errors="replace"), name) != digest(packed):
            raise ToolchainError(
                f"{name} does not have the checksum that its publisher gives",
                fix="run again; if it stays so, your network changes downloads: use a mirror folder",
            )
        if tool.member:
            _unpack(tool, packed, into)
        else:
            shutil.move(packed, into / tool.name)


def _unpack(tool: Tool, packed: Path, into: Path) -> None:
    try:
        with tarfile.open(packed) as archive:
            for member in (tool.filled(tool.member), *(tool.filled(m) for m in tool.more)):
                source = archive.extractfile(member)
                if source is None:
                    raise KeyError(member)
                with (into / member.rsplit("/", 1)[-1]).open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise ToolchainError(
            f"{packed.name} is not shaped as expected: {error}",
            fix="report this; HAVEN_TOOLCHAIN_RELEASES=off builds the tool instead",
        ) from error


def _expected(text: str, name: str) -> str:
    """Return the hash of a file: from one hash, lines of `sha256sum`, or GitHub's description of a release."""
    if text.lstrip().startswith("{"):
        try:
            assets = {asset["name"]: str(asset["digest"]) for asset in json.loads(text)["assets"]}
        except (ValueError, KeyError, TypeError):
            return ""
        return assets.get(name, "").removeprefix("sha256:")
    words = text.split()
    if len(words) == 1:
        return words[0]
    lines = (line.partition(" ") for line in text.splitlines())
    return next((value for value, _, file in lines if file.strip().lstrip("*").removeprefix("./") == name), "")


def _download(url: str, target: Path, progress: Callable[[int, int], None]) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer, target.open("wb") as file:  # noqa: S310
                total, done = int(answer.headers.get("Content-Length") or 0), 0
                while block := answer.read(1 << 20):
                    file.write(block)
                    done += len(block)
                    progress(done, total)
            if total and done != total:
                raise http.client.IncompleteRead(b"", total - done)
        except urllib.error.HTTPError as error:
            error.close()
            raise OutOfReachError(f"{url} answers {error.code}") from error
        except _FAILURES as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EACCES):
                raise  # ours, not the network's
            if attempt == ATTEMPTS:
                raise OutOfReachError(f"{url}: {error}") from error
        else:
            return

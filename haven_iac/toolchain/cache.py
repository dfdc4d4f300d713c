"""The cache: one folder a tool, written whole or not at all, checked before use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from haven_iac.toolchain.tools import Tool

RECORD = "tool.json"


def cache_folder() -> Path:
    """Return the cache: HAVEN_TOOLCHAIN_CACHE, else below the user's own cache folder."""
    given = os.environ.get("HAVEN_TOOLCHAIN_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "haven-iac" / "tools"


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Cached:
    """A tool in the cache."""

    binary: Path
    source: str
    """mirror, release or build."""


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def lookup(tool: Tool) -> Cached | None:
    """Return the tool if the cache holds it undamaged.

    Size and time are compared each time; the whole content only when those differ.
    """
    folder = cache_folder() / tool.folder
    try:
        record = json.loads((folder / RECORD).read_text())
        for name, entry in record["files"].items():
            path = folder / name
            if _stamp(path) != entry["stamp"] and digest(path) != entry["sha256"]:
                return None
        return Cached(folder / tool.name, str(record["source"])) if tool.name in record["files"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(tool: Tool, source: str, fill: Callable[[Path], None]) -> Cached:
    """Let `fill` write the tool's files into a new folder, then put that in its place at once."""
    root = cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{tool.folder}.", dir=root))
    try:
        fill(new)
        files = {}
        for path in sorted(p for p in new.iterdir() if p.is_file()):
            path.chmod(0o644 if path.suffix == ".json" else 0o755)
            files[path.name] = {"sha256": digest(path), "stamp": _stamp(path)}
        (new / RECORD).write_text(json.dumps({"version": tool.version, "source": source, "files": files}, indent=1))
        new.chmod(0o755)
        target = root / tool.folder
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{tool.folder}.old.", dir=root))
            os.replace(target, old / "tool")
            os.replace(new, target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(new, target)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return Cached(root / tool.folder / tool.name, source)


@contextmanager
def locked(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the cache alone; call `waiting` once when another process has it."""
    root = cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        _sweep(root)
        yield


def _sweep(root: Path) -> None:
    """Remove what an interrupted process left; the caller holds the lock, so nobody is writing."""
    for path in root.glob(".*-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, at once; a copy where links are not possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and os.path.samefile(source, target):
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copy2(source, temporary)
    os.replace(temporary, target)

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

from haven_iac.errors import ToolchainError
from haven_iac.toolchain.tools import Tool, known

RECORD = "tool.json"
_MAKING = ".making"
"""Folder for what is not finished; whatever is in it when nobody holds the lock was interrupted."""


def cache_folder() -> Path:
    """Return the cache: HAVEN_TOOLCHAIN_CACHE, else below the user's own cache folder."""
    given = os.environ.get("HAVEN_TOOLCHAIN_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "haven-iac" / "tools"


def bin_folder() -> Path:
    """Return the folder where every tool lies that is no plugin."""
    return cache_folder() / "bin"


def go_caches() -> Path:
    """Return the folder of the module and build caches; gone after builds that succeed."""
    return cache_folder() / ".go-caches"


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
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def store(tool: Tool, source: str, fill: Callable[[Path], None]) -> Cached:
    """Let `fill` write the tool's files into a new folder, then put that in its place at once.

    The caller holds the lock.

    Raises:
        ToolchainError: a file cannot be written, or whatever `fill` raises; nothing half-made is left.
    """
    root = cache_folder()
    try:
        (root / _MAKING).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{tool.folder}.", dir=root / _MAKING) as making:
            new = Path(making) / "new"
            new.mkdir()
            fill(new)
            files = {}
            for path in sorted(new.iterdir()):
                path.chmod(0o644 if path.suffix == ".json" else 0o755)
                files[path.name] = {"sha256": digest(path), "stamp": _stamp(path)}
            record = {"version": tool.version, "source": source, "files": files}
            (new / RECORD).write_text(json.dumps(record, indent=1))
            target = root / tool.folder
            if target.exists():
                os.replace(target, Path(making) / "old")
            os.replace(new, target)
    except OSError as error:
        raise ToolchainError(
            f"{tool.name} could not be written below {root}: {error.strerror or error}",
            fix="free some space or correct its permissions, or set HAVEN_TOOLCHAIN_CACHE to another folder",
        ) from error
    return Cached(root / tool.folder / tool.name, source)


@contextmanager
def locked(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the cache alone; call `waiting` once when another process has it.

    Raises:
        ToolchainError: the cache cannot be made or written.
    """
    root = cache_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / ".lock").open("w")
    except OSError as error:
        raise ToolchainError(
            f"the folder for tools, {root}, cannot be written: {error.strerror}",
            fix="correct its permissions, or set HAVEN_TOOLCHAIN_CACHE to another folder",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        shutil.rmtree(root / _MAKING, ignore_errors=True)
        yield


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, at once; a copy where links are not possible."""
    if same(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copy2(source, temporary)
    os.replace(temporary, target)


def same(source: Path, target: Path) -> bool:
    """Return whether `link` made `target` from `source`: one file, or a copy with its size and time."""
    try:
        return os.path.samefile(source, target) or _stamp(source) == _stamp(target)
    except OSError:
        return False


def clean() -> int:
    """Remove every tool of every version and all that builds left; return the bytes that are free now.

    Only what this package made is removed, so that a cache inside another folder is safe. The caller holds the lock.
    """
    root = cache_folder()
    names = {name for tool in known().values() for name in tool.files}
    gone = [record.parent for record in root.glob(f"*/{RECORD}")]
    gone += [path for path in bin_folder().glob("*") if path.name in names]
    gone += [path for path in (go_caches(), root / _MAKING) if path.exists()]
    freed = sum(_size(path) for path in gone)
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in (bin_folder(), root):
        if folder.is_dir() and {path.name for path in folder.iterdir()} <= {".lock"}:
            shutil.rmtree(folder)
    return freed


def _size(path: Path) -> int:
    """Return the bytes that go with this path; a file with other links costs nothing here."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(file.lstat().st_size // file.lstat().st_nlink for file in files)

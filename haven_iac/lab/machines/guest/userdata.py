"""What cloud-init would make of a server's user data; pure.

Nothing here raises for bad input: as on a real machine, a part that cannot be used is dropped, the reason goes to the
console log and the machine boots.
"""

from __future__ import annotations

import base64
import binascii
import email
import gzip
import shlex
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class WrittenFile:
    """One entry of `write_files`."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root:root"
    append: bool = False
    deferred: bool = False
    """Written after users and packages."""


@dataclass
class CloudInit:
    """The effect of user data on a machine."""

    files: list[WrittenFile] = field(default_factory=list)
    bootcmd: list[str] = field(default_factory=list)
    """Lines of shell, at every boot."""
    runcmd: list[str] = field(default_factory=list)
    """Lines of shell, at the first boot."""
    scripts: list[bytes] = field(default_factory=list)
    """Whole scripts, at the first boot, before `runcmd`."""
    users: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    hostname: str | None = None
    notes: list[str] = field(default_factory=list)
    """What could not be used."""


def parse(user_data: str | None) -> CloudInit:
    """Return what user data mean.

    Args:
        user_data: as Nova keeps them: base64, or None.
    """
    init = CloudInit()
    if not user_data:
        return init
    try:
        blob = base64.b64decode(user_data, validate=False)
    except (binascii.Error, ValueError) as error:
        init.notes.append(f"WARNING: user-data is not base64: {error}")
        return init
    config: dict[str, Any] = {}
    for kind, data in _parts(blob, init.notes):
        if kind == "cloud-config":
            _merge(config, _mapping(data, init.notes))
        elif kind == "script":
            init.scripts.append(data)
        elif kind == "boothook":
            init.bootcmd.append(data.decode(errors="replace"))
        else:
            init.notes.append(f"WARNING: user-data part of type {kind} is not supported in this lab")
    _apply(config, init)
    return init


# Parts

_MIME = {
    "text/cloud-config": "cloud-config",
    "text/x-shellscript": "script",
    "text/cloud-boothook": "boothook",
    "text/x-include-url": "#include",
    "text/jinja2": "jinja2",
}
_STARTS = (
    (b"#cloud-config-archive", "archive"),
    (b"#cloud-config", "cloud-config"),
    (b"#!", "script"),
    (b"#cloud-boothook", "boothook"),
    (b"#include", "#include"),
    (b"## template: jinja", "jinja2"),
)


def _parts(blob: bytes, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    blob = _gunzip(blob, notes)
    if b"mime-version:" not in blob.lstrip()[:4096].lower():
        yield from _typed(blob, notes)
        return
    for part in email.message_from_bytes(blob.lstrip()).walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        data = _gunzip(payload if isinstance(payload, bytes) else b"", notes)
        kind = _MIME.get(part.get_content_type())
        if kind:
            yield kind, data
        else:
            yield from _typed(data, notes)


def _typed(data: bytes, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    for start, kind in _STARTS:
        if not data.startswith(start):
            continue
        if kind != "archive":
            yield kind, data
            return
        entries = _load(data, notes)
        for entry in entries if isinstance(entries, list) else []:
            text = entry if isinstance(entry, str) else entry["content"]
            yield from _parts(text.encode(), notes)
        return
    if data.strip():
        start_of = repr(data[:24])
        notes.append(f"WARNING: Unhandled non-multipart (text/x-not-multipart) userdata: '{start_of}...'")


def _gunzip(data: bytes, notes: list[str]) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        notes.append(f"WARNING: user-data gzip: {error}")
        return b""


def _load(data: bytes, notes: list[str]) -> Any:
    try:
        return yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        said = " ".join(str(error).split())
        notes.append(f"WARNING: Failed loading yaml blob. Invalid format{where}: {said}")
        return None


def _mapping(data: bytes, notes: list[str]) -> dict[str, Any]:
    value = _load(data, notes)
    if isinstance(value, dict):
        return value
    if value is not None:
        kind = type(value).__name__
        notes.append(
            f"WARNING: Failed loading yaml blob. Yaml load allows ({dict!r},) root types, but got {kind} instead"
        )
    return {}


def _merge(config: dict[str, Any], more: dict[str, Any]) -> None:
    """Merge as cloud-init does: later wins, or lists append if asked."""
    append = "append" in str(more.pop("merge_how", more.pop("merge_type", "")))
    for key, value in more.items():
        old = config.get(key)
        if append and isinstance(old, list) and isinstance(value, list):
            config[key] = old + value
        elif isinstance(old, dict) and isinstance(value, dict):
            config[key] = {**old, **value}
        else:
            config[key] = value


# Effects


def _apply(config: dict[str, Any], init: CloudInit) -> None:
    for number, entry in enumerate(_list(config, "write_files", init)):
        try:
            init.files.append(_written(entry))
        except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
            init.notes.append(f"WARNING: Failed running module write_files: entry {number + 1}: {error!r}")
    for key, lines in (("bootcmd", init.bootcmd), ("runcmd", init.runcmd)):
        for entry in _list(config, key, init):
            line = _shell(entry)
            if line is not None:
                lines.append(line)
            elif entry is not None:
                init.notes.append(f"WARNING: Failed to shellify {entry!r} in {key}")
    for user in _list(config, "users", init):
        name = user.get("name") if isinstance(user, dict) else user
        if name:
            init.users.append(str(name))
    for package in _list(config, "packages", init):
        init.packages.append(str(package[0] if isinstance(package, list) and package else package))
    name = config.get("hostname") or config.get("fqdn")
    if name and not config.get("preserve_hostname"):
        init.hostname = str(name).split(".")[0].lower()


def _shell(entry: object) -> str | None:
    """Return a command as a line of shell, as cloud-init's shellify does."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, list):
        return None
    return shlex.join(str(word) for word in entry)


def _list(config: dict[str, Any], key: str, init: CloudInit) -> list[Any]:
    value = config.get(key) or []
    if isinstance(value, list):
        return value
    init.notes.append(f"WARNING: Invalid cloud-config: {key}: {type(value).__name__!r} is not of type array")
    return []


def _written(entry: dict[str, Any]) -> WrittenFile:
    path, content = entry["path"], entry.get("content", "")
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        raise TypeError(f"content is {type(content).__name__}, not text")
    encoding = str(entry.get("encoding") or "").lower()
    if "b64" in encoding or "base64" in encoding:
        content = base64.b64decode(content)
    if "gz" in encoding:
        content = gzip.decompress(content)
    permissions = entry.get("permissions", 0o644)
    # A number is what YAML has made of it already; text is octal.
    mode = int(permissions, 8) if isinstance(permissions, str) else int(permissions)
    return WrittenFile(
        str(path),
        content,
        mode & 0o7777,
        str(entry.get("owner") or "root:root"),
        bool(entry.get("append")),
        bool(entry.get("defer")),
    )

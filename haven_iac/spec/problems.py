"""The stable codes of everything that can be wrong with a description, and how a problem is put together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Protocol

from haven_iac.errors import Problem

Path = tuple[str | int, ...]
"""Place inside `haven:cluster`: keys and list positions, as in `("pools", "general", "size")`."""


class Code(StrEnum):
    """Families of problems; a code never changes its meaning."""

    MISSING = "HVN100"
    """A required key is not there."""
    UNKNOWN = "HVN101"
    """A key that nobody reads."""
    TYPE = "HVN102"
    """Text where a number is needed, and the like."""
    VALUE = "HVN103"
    """The right type with a value that cannot be used."""
    CROSS = "HVN104"
    """Two values that do not go together."""
    YAML = "HVN105"
    """The file is no YAML that every reader understands alike."""
    FILE = "HVN106"
    """A stack file or profile that is not there, cannot be read or has the wrong shape."""
    CLEAR_SECRET = "HVN107"
    """A secret, or what looks like one, is written where only its name belongs."""
    SECRET_NOT_SET = "HVN108"
    """A secret is named and Pulumi does not hold it."""


class Located(Protocol):
    """Anything that knows where a path was written."""

    def locate(self, path: Path) -> tuple[str, int]:
        """Return the file and line of a path, or of the nearest part of it that was written."""

    def raw(self, path: Path) -> str:
        """Return the text of a scalar as it was written, or an empty text."""


_SECRET = re.compile(r"(?i)password|passwd|secret|token|credential|key|salt")
_CLEAR = re.compile(r"(?i)(password|passwd|passphrase|token|secret|secret_?access_?key|api_?key|private_?key)$")


_LOGIN = re.compile(r"://[^/\s]*@")
"""Name and password in an address."""


def may_be_secret(path: Path) -> bool:
    """Return whether a value at that path must not be repeated in a message."""
    return any(isinstance(part, str) and _SECRET.search(part) for part in path)


def named_like_a_secret(key: str) -> bool:
    """Return whether a key says that its value is a secret itself."""
    return bool(_CLEAR.search(key))


def dotted(path: Path) -> str:
    """Return a path as people write it: `pools.general.labels[example.nl/tier]`, `cloud.zones[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int) or not re.fullmatch(r"[\w-]+", part):
            text += f"[{_short(str(part))}]"
        else:
            text += f".{_short(part)}" if text else _short(part)
    return text


def path_of(text: str) -> Path:
    """Return the path behind what `dotted` wrote, as far as it was not shortened."""
    found: list[str | int] = []
    for bracketed, plain in re.findall(r"\[([^]]*)\]|([^.\[]+)", text):
        part = bracketed or plain
        found.append(int(part) if bracketed and part.isdecimal() else part)
    return tuple(found)


def shown(value: object, path: Path = ()) -> str:
    """Return a value for a message: short, on one line, and never one that may be secret."""
    if may_be_secret(path):
        return kind(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{_short(_LOGIN.sub('://...@', value))}'"
    return _short(str(value)) if isinstance(value, int | float) else kind(value)


def kind(value: object) -> str:
    """Return what sort of value it is, in plain words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    names: tuple[tuple[Any, str], ...] = (
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (dict, "keys with values"),
        (list, "a list"),
        (tuple, "a list"),
    )
    return next((name for type_, name in names if isinstance(value, type_)), "a date")


def problem(code: Code, path: Path, what: str, fix: str = "", source: Located | None = None) -> Problem:
    """Return a problem with the file and line that its path has in `source`."""
    file, line = source.locate(path) if source else ("", 0)
    return Problem(what, fix, code.value, file, line, dotted(path))


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems without doubles, in the order in which a reader meets them."""
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.path, p.code, p.what))


def _short(text: str, longest: int = 60) -> str:
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= longest else f"{clean[:longest]}..."

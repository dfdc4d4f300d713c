"""Data that ages: what this package came with, or what the user has refreshed since.

A topic is one file with a date and a source.  A file of the user's own goes before the package's, unless the
package's is newer.  No clock and no network here: `haven_iac.dated.fetch` reaches out, and only when asked to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.errors import DataError

TOPICS: Mapping[str, str] = {
    "kubernetes": "the newest stable minor of Kubernetes, and when each one came out",
    "conformance": "which platforms have published results of conformance, by minor",
    "hardening": "operating systems whose kernel hardening the checker names",
    "provisioners": "provisioners of volumes that many nodes can write to, and those that cannot",
    "platforms": "platforms that run the control plane themselves, and whether the checker knows them",
    "workloads": "by which names the parts of a platform are recognised",
    "checkers": "releases of the checker",
}
"""What each topic holds."""

OWN = "HAVEN_DATA"
"""Environment variable with the folder of the user's own files."""

_PACKAGE = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, eq=False)
class Topic:
    """One topic as it is used; the same one as long as its file is not read again."""

    name: str
    as_of: date
    """Day on which it was looked up."""
    source: str
    """Where it was looked up."""
    file: Path
    own: bool
    """It is the user's own file, not the package's."""
    content: Mapping[str, Any]
    """Everything in it, date and source included."""


def folder() -> Path:
    """Return the folder of the user's own files: HAVEN_DATA, else below the user's own data folder."""
    if given := os.environ.get(OWN):
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "haven-iac" / "data"


@lru_cache(maxsize=16)
def topic(name: str) -> Topic:
    """Return one topic.

    Raises:
        DataError: the user's own file of it cannot be used.
        KeyError: there is no such topic.
    """
    ours = packaged(name)
    file = folder() / f"{name}.yaml"
    if not file.is_file():
        return ours
    from haven_iac.dated.forms import check

    try:
        content = parse(file.read_bytes())
    except OSError as error:
        raise _unusable(file, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _unusable(file, str(error)) from None
    if problems := check(name, content):
        raise _unusable(file, problems[0])
    mine = _topic(name, {**ours.content, **content}, file, own=True)
    return mine if mine.as_of >= ours.as_of else ours


def packaged(name: str) -> Topic:
    """Return a topic as this package came with it.

    Raises:
        KeyError: there is no such topic.
    """
    if name not in TOPICS:
        raise KeyError(name)
    file = _PACKAGE / f"{name}.yaml"
    return _topic(name, parse(file.read_bytes()), file, own=False)


def everything() -> tuple[Topic, ...]:
    """Return every topic as it is used."""
    return tuple(topic(name) for name in TOPICS)


def oldest() -> Topic:
    """Return the topic that was looked up longest ago."""
    return min(everything(), key=lambda one: one.as_of)


def forget() -> None:
    """Read every file again when it is asked for; for after an update."""
    topic.cache_clear()


def parse(text: bytes) -> dict[str, Any]:
    """Return a YAML document that is a map.

    Raises:
        ValueError: it is something else.
    """
    import yaml

    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(text, Loader=loader)  # noqa: S506 - it is the safe loader, in C where there is one
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("is no YAML") from None
    if not isinstance(found, dict):
        raise ValueError("is no YAML with keys")
    return found


def day(value: Any) -> date:
    """Return a date, written with or without quotes.

    Raises:
        ValueError: it is none.
    """
    if type(value) is date:
        return value
    return date.fromisoformat(value if isinstance(value, str) else "")


def _topic(name: str, content: Mapping[str, Any], file: Path, *, own: bool) -> Topic:
    return Topic(name, day(content["asOf"]), str(content["source"]), file, own, content)


def _unusable(file: Path, why: str) -> DataError:
    return DataError(f"{file} {why}", fix="mend it, or remove it to use what haven-iac came with")

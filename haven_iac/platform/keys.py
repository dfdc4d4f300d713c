"""Which keys the values of a chart may have, from the schema beside its stand-in; and what is wrong with others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.spec.describe import nearest
from haven_iac.spec.problems import Code, dotted, kind

CHARTS = Path(__file__).parent / "charts"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}


@dataclass(frozen=True)
class Strange:
    """A value that a chart does not take."""

    path: tuple[str, ...]
    """Below the chart's values."""
    what: str
    fix: str
    code: Code = Code.UNKNOWN


@lru_cache(maxsize=32)
def schema(chart: str) -> Mapping[str, Any] | None:
    """Return the JSON schema of a chart's values, or None when its keys are not known."""
    file = CHARTS / chart / "values.schema.json"
    found: Mapping[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found


def strange(chart: str, values: Mapping[str, Any]) -> list[Strange]:
    """Return every key that the chart does not know and every value of a type that it refuses.

    Args:
        chart: its name; nothing is said about a chart whose keys are not known.
        values: what somebody wants to give it.
    """
    root = schema(chart)
    return list(_strange(values, root, root, ())) if root else []


def _strange(value: Any, node: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Strange]:
    types = node.get("type")
    if types and path and not _fits(value, types):
        wanted = " or ".join(_WORDS[one] for one in types if one != "null")
        yield Strange(path, f"needs {wanted}, got {kind(value)}", f"write {wanted}", Code.TYPE)
    known = node.get("properties")
    if known is None or not isinstance(value, Mapping):
        return
    further = node["additionalProperties"]
    for key, inner in value.items():
        below = known.get(str(key))
        if below is not None:
            yield from _strange(inner, below, root, (*path, str(key)))
        elif isinstance(further, Mapping):
            yield from _strange(inner, further, root, (*path, str(key)))
        elif not further:
            yield Strange((*path, str(key)), "the chart does not know this key", _fix(str(key), known, root))


def _fits(value: Any, types: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    return isinstance(value, tuple(one for name in types for one in _TYPES[name]))


def _fix(key: str, known: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if close := nearest(key, list(known)):
        return f"did you mean {close}?"
    if places := [path for path in _paths(root) if path[-1] == key]:
        return f"did you mean {dotted(min(places, key=len))}?"
    names = sorted(known)
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known here: {listed}" if names else "take it out"


def _paths(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in node.get("properties", {}).items():
        yield (*path, key)
        yield from _paths(below, (*path, key))

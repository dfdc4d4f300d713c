"""Which keys a distribution knows in its config.yaml, by role and release; dated data.

An unknown key is skipped with a warning, or stops a k3s agent for good; so nothing is written that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parent / "data" / "keys.yaml"
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "list": (list, str),
    "bool": (bool,),
    "int": (int,),
    "duration": (str,),
}


@lru_cache(maxsize=1)
def keys() -> Mapping[str, Mapping[str, Any]]:
    """Return every key by name."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_FILE.read_text())["keys"]
    return found


def same_on_all_servers() -> frozenset[str]:
    """Return the keys that have to be equal on all servers."""
    return frozenset(name for name, key in keys().items() if key.get("same"))


def problems(distribution: str, role: str, release: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the distribution would not understand.

    Args:
        distribution: rke2 or k3s.
        role: server or agent.
        release: such as v1.36.5+rke2r1.
        config: what its config.yaml holds.
    """
    for name, value in config.items():
        key = keys().get(name)
        if key is None or role not in key.get(distribution, ()):
            yield f"{name}: no key of a {distribution} {role}"
            continue
        if not _since(key, release):
            yield f"{name}: {release} does not know it yet"
        # bool is an int to Python, and 1 is no boolean to the distribution.
        if not isinstance(value, _TYPES[key["type"]]) or (isinstance(value, bool) and key["type"] != "bool"):
            yield f"{name}: a {type(value).__name__} where a {key['type']} belongs"
            continue
        items: list[Any] = value if isinstance(value, list) else [value]
        if key["type"] == "list" and not all(isinstance(one, str) for one in items):
            yield f"{name}: not a list of texts"
        elif any("," in one for one in items if key.get("commas") and isinstance(value, list)):
            yield f"{name}: a comma would split an item"
        if allowed := key.get("values"):
            yield from (f"{name}: {one} is none of {allowed}" for one in items if one not in allowed)


def _since(key: Mapping[str, Any], release: str) -> bool:
    match = re.match(r"v(1\.\d+)\.(\d+)", release)
    first: int | None = key.get("from", {}).get(match[1], 0) if match else None
    return match is not None and first is not None and int(match[2]) >= first

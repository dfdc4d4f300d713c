"""What other packages have installed for us, by entry point; looked up once in a process."""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Any


@lru_cache(maxsize=8)
def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of one group, by name and then by what they load; none is imported.

    Every installed distribution is read for it, which takes longer than planning a cluster.
    """
    return tuple(sorted(_every().select(group=group), key=lambda one: (one.name, one.value)))


@lru_cache(maxsize=1)
def _every() -> Any:
    return metadata.entry_points()

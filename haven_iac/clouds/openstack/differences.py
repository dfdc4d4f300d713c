"""What a change of a resource's inputs means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.dynamic import DiffResult


def compared(
    olds: Mapping[str, Any], news: Mapping[str, Any], *, replaces: Sequence[str], noted: Sequence[str]
) -> DiffResult:
    """Return whether anything has changed, and which inputs make it another one.

    Args:
        olds: inputs as they are recorded.
        news: inputs as they should be.
        replaces: keys whose change makes another one.
        noted: keys whose change only has to be recorded, or is done in place.
    """
    changed = [key for key in (*replaces, *noted) if olds.get(key) != news.get(key)]
    return DiffResult(changes=bool(changed), replaces=[key for key in replaces if key in changed])

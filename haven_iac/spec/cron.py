"""Whether a cron schedule can be used; five fields, as Kubernetes and Velero read them."""

from __future__ import annotations

import re
from typing import Annotated

from haven_iac.spec.model import Form

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("weekday", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_PART = re.compile(r"(?P<any>\*)|(?P<first>\w+)(-(?P<last>\w+))?")


def check_schedule(text: str) -> None:
    """Refuse what is not a schedule.

    Raises:
        ValueError: with the field that is wrong.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"has {len(fields)} fields and a schedule has 5: minute, hour, day, month and weekday")
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            _check_part(part, name, low, high, names)


def _check_part(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> None:
    span, _, step = part.partition("/")
    match = _PART.fullmatch(span)
    if not match or ("/" in part and not (step.isdecimal() and 0 < int(step) <= high)):
        raise ValueError(f"has a {name} that cannot be read: {part}")
    if match["any"]:
        return
    first = _number(match["first"], low, names)
    last = _number(match["last"], low, names) if match["last"] else first
    if first is None or last is None or not low <= first <= high or not low <= last <= high:
        raise ValueError(f"has a {name} outside {low} to {high}: {part}")
    if last < first:
        raise ValueError(f"has a {name} that runs backwards: {part}")


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text.isascii() and text.isdecimal():
        return int(text[:4])
    return names.index(text.lower()) + low if text.lower() in names else None


Schedule = Annotated[
    str,
    Form(
        "a schedule: minute, hour, day, month and weekday, as cron writes them",
        "0 2 * * *",
        longest=100,
        meaning=check_schedule,
    ),
]
"""A cron schedule with five fields, in UTC."""

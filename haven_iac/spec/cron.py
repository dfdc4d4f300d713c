"""Whether a cron schedule can be used, and how far its turns are apart; five fields, as Velero reads them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
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


@lru_cache(maxsize=32)
def longest_gap(text: str) -> int:
    """Return the longest time between two turns of a schedule, in whole hours, rounded up.

    Args:
        text: a schedule that `check_schedule` takes.
    """
    minute, hour, day, month, weekday = (
        _values(field, low, high, names) for field, (_, low, high, names) in zip(text.split(), _FIELDS, strict=True)
    )
    whole_days = "*" in (text.split()[2], text.split()[4])
    start = date(2028, 1, 1)  # a leap year: 29 February is a day too
    days = [
        number
        for number in range(_DAYS)
        if (at := start + timedelta(days=number)).month in month and _on(at, day, weekday, either=not whole_days)
    ]
    turns = sorted(h * 60 + m for h in hour for m in minute)
    within = max((later - sooner for sooner, later in pairwise(turns)), default=0)
    apart = max((later - sooner for sooner, later in pairwise(days)), default=_DAYS)
    return -(-max(within, apart * 1440 - turns[-1] + turns[0]) // 60)


_DAYS = 2 * 366
"""Two years are looked through, so that once a year is two turns."""


def _on(at: date, day: set[int], weekday: set[int], *, either: bool) -> bool:
    """Return whether a schedule has a turn on a day; with both days given, one of them is enough."""
    by_day, by_weekday = at.day in day, (at.weekday() + 1) % 7 in weekday
    return by_day or by_weekday if either else by_day and by_weekday


def _values(field: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        match = _PART.fullmatch(span)
        if not match:
            continue
        first = low if match["any"] else _number(match["first"], low, names)
        last = high if match["any"] or (step and not match["last"]) else first
        if match["last"]:
            last = _number(match["last"], low, names)
        if first is not None and last is not None:
            found |= set(range(first, last + 1, int(step or 1)))
    return found


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

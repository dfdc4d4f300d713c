"""The checks by version of the checker, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from haven_iac import dated
from haven_iac.compliance.catalogue.inputs import Conformance, Inputs, Managed, Words, inputs
from haven_iac.compliance.model import Check
from haven_iac.compliance.words import Said, said

__all__ = [
    "CURRENT",
    "EARLIER",
    "STALE",
    "Conformance",
    "Inputs",
    "List",
    "Managed",
    "Words",
    "checks",
    "inputs",
    "list_of",
    "lists",
    "stale",
]

CURRENT = "12.8"
EARLIER = "before-12.8"
"""The 16 mandatory checks before 12.8; which versions had them is not known."""
STALE = timedelta(days=90)


@dataclass(frozen=True)
class List:
    """The checks of some versions of the checker, in its order."""

    name: str
    since: str
    """First version that is known to have it; empty when that is not known."""
    source: str
    checks: tuple[Check, ...]

    @property
    def mandatory(self) -> frozenset[str]:
        """Return the ids of the checks that count."""
        return frozenset(check.id for check in self.checks if check.mandatory)


@lru_cache(maxsize=1)
def lists() -> tuple[List, ...]:
    """Return every list, the newest first."""
    data = dated.parse((Path(__file__).parent / "haven.yaml").read_bytes())
    entries = {entry["id"]: entry for entry in data["checks"]}
    found = []
    for number, one in enumerate(data["lists"]):
        checks = []
        for name in one["checks"]:
            entry = dict(entries[name])
            earlier = entry.pop("earlier", "")
            checks.append(Check(**{**entry, "category": earlier if number and earlier else entry["category"]}))
        found.append(List(one["name"], one["since"], one["source"], tuple(checks)))
    return tuple(found)


def checks(name: str = CURRENT) -> tuple[Check, ...]:
    """Return the checks of one list, in the checker's order.

    Raises:
        KeyError: there is no such list.
    """
    for one in lists():
        if one.name == name:
            return one.checks
    raise KeyError(name)


def list_of(version: str, ids: Iterable[str]) -> List:
    """Return the list that a result of the checker goes by.

    Args:
        version: of the checker, as `12.8.0` or `v12.8.0`.
        ids: the checks in the result; between versions that are known they decide.
    """
    newest, *older = lists()
    if _at_least(version, newest.since):
        return newest
    present = set(ids)
    return max((*older, newest), key=lambda one: (len(one.mandatory & present), -len(one.mandatory - present)))


def _at_least(version: str, least: str) -> bool:
    parts = [int(part) for part in re.findall(r"\d+", version.partition("-")[0].partition("+")[0])]
    return parts >= [int(part) for part in least.split(".")]


def stale(today: date, topics: Iterable[dated.Topic] | None = None) -> Said | None:
    """Return a warning when dated data is older than 90 days, else None.

    Args:
        today: counts from here.
        topics: what to look at; everything when left out.
    """
    oldest = min(topics if topics is not None else dated.everything(), key=lambda one: one.as_of)
    age = today - oldest.as_of
    if age <= STALE:
        return None
    return said("warning.stale", age=age.days, topic=oldest.name, day=oldest.as_of)

"""Checks, results and verdicts, as plain data."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What a check comes to."""

    PASS = "PASS"
    FAIL = "FAIL"
    NEEDS_EVIDENCE = "NEEDS_EVIDENCE"
    """Only the checker itself can tell."""


class Basis(StrEnum):
    """What a verdict rests on."""

    PREDICTED = "predicted"
    """On the plan; nothing needs to exist."""
    OBSERVED = "observed"
    """On the live cluster, read-only."""


@dataclass(frozen=True)
class Check:
    """One check of the Haven Compliancy Checker."""

    id: str
    """As the checker prints it."""
    label: str
    category: str
    mandatory: bool
    rationale: str
    """Why it exists, in our words."""
    reads: str
    """What the checker is known to look at."""
    confidence: str
    """high, medium or low: how sure that is."""
    source: str
    """Where that is known from."""
    since: str = ""
    """First version of the checker that is known to have it; empty where that is not known."""
    until: str = ""
    """First version that is known to be without it; empty where it is still there."""


@dataclass(frozen=True)
class Edit:
    """One change to the description of a cluster."""

    path: tuple[str, ...]
    """Keys below `haven:cluster`, as in YAML."""
    value: Any
    """What to write there; None takes the key away."""

    @property
    def command(self) -> str:
        """Return the command that makes it; empty where a key is taken away, which is done in the file."""
        if self.value is None:
            return ""
        path = "haven:cluster" + "".join(f".{key}" if key.isalnum() else f'["{key}"]' for key in self.path)
        plain = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return f"pulumi config set --path {shlex.quote(path)} {shlex.quote(plain)}"


@dataclass(frozen=True)
class Result:
    """What one check comes to, and why."""

    check: Check
    status: Status
    reason: str
    fix: str = ""
    """Smallest change that would make it PASS; empty when it does."""
    objects: tuple[str, ...] = ()
    """The planned or live objects it rests on, as `Node/voorbeeld-general-az1-1`."""
    flaw: str = ""
    """What is not as it should be, although the checker is not known to mind it."""
    ours: bool = False
    """The description of the cluster decides this: where it is right already, `up` mends the cluster."""
    edits: tuple[Edit, ...] = ()
    """The smallest change to the description that was tried and makes it PASS; empty where none is known."""


class Look(StrEnum):
    """What a fact about security comes to; no check of the standard rests on it."""

    OK = "OK"
    ATTENTION = "ATTENTION"
    UNKNOWN = "UNKNOWN"
    """It cannot be seen through the API, or the credential may not see it."""


@dataclass(frozen=True)
class Fact:
    """Something about security that the checker does not test."""

    id: str
    look: Look
    reason: str
    fix: str = ""
    """What to do about it; empty when there is nothing to do."""
    objects: tuple[str, ...] = ()
    """What it rests on."""


@dataclass(frozen=True)
class Verdict:
    """Every check of one catalogue, on one basis."""

    basis: Basis
    catalogue: str
    """Version of the checker whose checks these are."""
    results: tuple[Result, ...]
    simulated: bool
    """True when the cluster is a simulation; its verdict is a rehearsal."""
    sandbox: bool = False
    """True when the spec says it stands outside the standard."""
    warnings: tuple[str, ...] = ()
    data: tuple[tuple[str, date], ...] = ()
    """Topics of dated data that it was judged with, and the day of each."""

    def count(self, status: Status) -> int:
        """Return how many mandatory checks have this status."""
        return sum(r.status is status for r in self.results if r.check.mandatory)

    @property
    def failed(self) -> tuple[Result, ...]:
        """Return the mandatory checks that fail."""
        return tuple(r for r in self.results if r.check.mandatory and r.status is Status.FAIL)

    def result(self, check_id: str) -> Result:
        """Return the result of one check.

        Raises:
            KeyError: the catalogue has no such check.
        """
        for result in self.results:
            if result.check.id == check_id:
                return result
        raise KeyError(check_id)


def agree(left: Result, right: Result) -> bool:
    """Return whether two results of one check say the same: the same status, with the same flaw or none."""
    return left.status is right.status and left.flaw == right.flaw


def differences(
    left: Verdict, right: Verdict, same: Callable[[Result, Result], bool] = agree
) -> Iterable[tuple[Result, Result]]:
    """Yield the pairs of results of the same check that do not agree."""
    for result in left.results:
        other = right.result(result.check.id)
        if not same(result, other):
            yield result, other

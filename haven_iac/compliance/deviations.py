"""Recorded reasons for checks that fail: shown, and ended when their time is over; they never change a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from haven_iac.compliance.model import Status, Verdict
from haven_iac.compliance.words import Said, said
from haven_iac.spec import ClusterSpec


@dataclass(frozen=True)
class Deviation:
    """Why a check fails, who answers for it, and until when."""

    check: str
    owner: str
    reason: str
    until: date
    """Last day."""
    ended: bool
    needed: bool
    """The check does fail."""


def recorded(spec: ClusterSpec, verdict: Verdict, today: date) -> tuple[Deviation, ...]:
    """Return the deviations in a description.

    Args:
        spec: where they are recorded.
        verdict: tells whether they are needed.
        today: tells whether they have ended.
    """
    failing = {one.check.id for one in verdict.results if one.status is Status.FAIL}
    return tuple(
        Deviation(check, one.owner, one.reason, one.until, one.until < today, check in failing)
        for check, one in sorted(spec.compliance.deviations.items())
    )


def warnings(found: Iterable[Deviation], known: Iterable[str]) -> list[Said]:
    """Return what should be said about deviations.

    Args:
        found: the deviations.
        known: ids of the checks that were judged; deviations from others are left alone.
    """
    judged, said_of = set(known), []
    for one in found:
        if one.check not in judged:
            continue
        if one.ended:
            said_of.append(said("warning.deviation_ended", check=one.check, day=one.until, owner=one.owner))
        elif not one.needed:
            said_of.append(said("warning.deviation_idle", check=one.check))
    return said_of

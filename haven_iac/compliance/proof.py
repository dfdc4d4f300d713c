"""What the checker's own results come to: the only place that may say the word, and when it may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from haven_iac import dated
from haven_iac.compliance.evidence.model import Answer, Evidence
from haven_iac.compliance.model import Verdict
from haven_iac.compliance.words import Said, said
from haven_iac.spec.model import duration

GRACE = timedelta(days=92)
"""How long a checker stays good after the next major came out: three months."""


class State(StrEnum):
    """What the newest result of the checker comes to."""

    NONE = "none"
    REHEARSAL = "rehearsal"
    SANDBOX = "sandbox"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    DENIED = "denied"
    OPEN = "open"
    """The checker skipped a mandatory check, or could not tell."""
    CONTRADICTED = "contradicted"
    """The cluster shows something else now."""
    PROVEN = "proven"


@dataclass(frozen=True)
class Proof:
    """What the newest result of the checker comes to."""

    state: State
    text: Said
    evidence: Evidence | None = None

    @property
    def proven(self) -> bool:
        """Return whether the checker's own result, unexpired and with every mandatory check YES, says so."""
        return self.state is State.PROVEN


def prove(found: Sequence[Evidence], verdict: Verdict, validity: str, today: date) -> Proof:
    """Return what the results of the checker come to.

    Args:
        found: results about this cluster, in any order.
        verdict: what the live cluster shows, or a prediction where there is no cluster to look at.
        validity: how long a result holds, as `90d`.
        today: tells whether it still does.
    """
    newest = max(found, key=lambda one: one.run.ended, default=None)
    if newest is None:
        return Proof(State.NONE, said("proof.none"))
    run = newest.run
    about = {"version": run.version, "day": run.ended.date()}
    state, text = _state(newest, verdict, validity, today)
    return Proof(state, said(f"proof.{state.value}", **about, **text), newest)


def _state(newest: Evidence, verdict: Verdict, validity: str, today: date) -> tuple[State, dict[str, object]]:
    run = newest.run
    denied = _ids(one.id for one in run.mandatory if one.answer is Answer.NO)
    open_ = _ids(one.id for one in run.mandatory if one.answer in (Answer.SKIPPED, Answer.UNKNOWN))
    if verdict.simulated:
        return State.REHEARSAL, {}
    if denied:
        return State.DENIED, {"checks": denied}
    if open_:
        return State.OPEN, {"checks": open_}
    if verdict.sandbox:
        return State.SANDBOX, {}
    if run.ended.date() + duration(validity) < today:
        return State.EXPIRED, {"validity": validity}
    if successor := _outdated(run.version, today):
        return State.OUTDATED, {"newer": successor}
    if verdict.failed:
        return State.CONTRADICTED, {"checks": _ids(one.check.id for one in verdict.failed)}
    return State.PROVEN, {}


def _ids(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(found)


def _major(version: str) -> int:
    digits = re.match(r"\d+", version.removeprefix("v"))
    return int(digits[0]) if digits else 0


def _outdated(version: str, today: date) -> str:
    """Return the release that put an end to a version three months ago or earlier; empty when none did."""
    releases = {name: dated.day(when) for name, when in dated.topic("checkers").content["releases"].items()}
    newer = [(when, name) for name, when in releases.items() if _major(name) > _major(version)]
    if not newer:
        return ""
    first, name = min(newer)
    return name if first + GRACE < today else ""

"""Verdicts for people and machines.  A prediction and an observation are named as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from haven_iac.compliance.model import Check, Result, Status, Verdict, agree
from haven_iac.compliance.words import said

SCHEMA = 1
"""Version of the JSON's shape."""

MEND = said("fix.mend")
"""What to do about something that is planned and not there."""


@dataclass(frozen=True)
class Row:
    """One check, as predicted and as observed."""

    predicted: Result
    observed: Result

    @property
    def check(self) -> Check:
        """Return the check."""
        return self.observed.check

    @property
    def agree(self) -> bool:
        """Return whether prediction and observation say the same."""
        return agree(self.predicted, self.observed)

    @property
    def reason(self) -> str:
        """Return why; the prediction's own reason too, when it says something else."""
        if self.agree:
            return self.observed.reason
        return f"{self.observed.reason} (predicted: {self.predicted.reason})"

    @property
    def change(self) -> str:
        """Return what would make it pass, and be as planned; empty when there is nothing to do."""
        if self.observed.status is Status.PASS and not self.observed.flaw:
            return ""
        if self.observed.ours and self.predicted.status is Status.PASS:
            return MEND
        return self.observed.fix


def side_by_side(predicted: Verdict, observed: Verdict) -> tuple[Row, ...]:
    """Return every check of a prediction beside its observation, in the checker's order.

    Raises:
        KeyError: the two are about different lists of checks.
    """
    return tuple(Row(result, observed.result(result.check.id)) for result in predicted.results)


def disagreements(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows in which prediction and observation do not say the same."""
    return tuple(row for row in rows if not row.agree)


def _standing(verdict: Verdict) -> list[str]:
    parts = []
    if verdict.simulated:
        parts.append("SIMULATED, a rehearsal, never evidence")
    if verdict.sandbox:
        parts.append("SANDBOX, outside the standard")
    return parts


def heading(verdict: Verdict) -> str:
    """Return what the verdict is, in one line."""
    return f"Haven {verdict.catalogue}: " + ", ".join([verdict.basis.value.upper(), *_standing(verdict)])


def heading_of_both(predicted: Verdict, observed: Verdict) -> str:
    """Return what a prediction and an observation side by side are, in one line."""
    standing = dict.fromkeys([*_standing(predicted), *_standing(observed)])
    return f"Haven {observed.catalogue}: " + ", ".join(["PREDICTED and OBSERVED", *standing])


def summary(verdict: Verdict) -> str:
    """Return the counts of the mandatory checks in one line."""
    counts = {status: verdict.count(status) for status in Status}
    total = sum(counts.values())
    return f"of {total} mandatory checks " + ", ".join(f"{count} {status.value}" for status, count in counts.items())


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict for JSON output."""
    return {
        "schema": SCHEMA,
        "basis": verdict.basis.value,
        "checker": verdict.catalogue,
        "simulated": verdict.simulated,
        "sandbox": verdict.sandbox,
        "summary": _counts(verdict),
        "warnings": list(verdict.warnings),
        "results": [{**_check(result.check), **_result(result)} for result in verdict.results],
    }


def both_as_dict(predicted: Verdict, observed: Verdict) -> dict[str, Any]:
    """Return a prediction and an observation side by side for JSON output."""
    rows = side_by_side(predicted, observed)
    return {
        "schema": SCHEMA,
        "heading": heading_of_both(predicted, observed),
        "checker": observed.catalogue,
        "simulated": predicted.simulated or observed.simulated,
        "sandbox": observed.sandbox,
        "summary": {verdict.basis.value: _counts(verdict) for verdict in (predicted, observed)},
        "disagreements": [row.check.id for row in disagreements(rows)],
        "warnings": list(dict.fromkeys((*predicted.warnings, *observed.warnings))),
        "checks": [
            {
                **_check(row.check),
                "agree": row.agree,
                "change": row.change,
                "predicted": _result(row.predicted),
                "observed": _result(row.observed),
            }
            for row in rows
        ],
    }


def _counts(verdict: Verdict) -> dict[str, int]:
    return {status.value: verdict.count(status) for status in Status}


def _check(check: Check) -> dict[str, Any]:
    return {"id": check.id, "label": check.label, "category": check.category, "mandatory": check.mandatory}


def _result(result: Result) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "reason": result.reason,
        "flaw": result.flaw,
        "fix": result.fix,
        "objects": list(result.objects),
    }

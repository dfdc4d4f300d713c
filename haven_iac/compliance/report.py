"""Verdicts for people and machines.  A prediction and an observation are named as what they are."""

from __future__ import annotations

from typing import Any

from haven_iac.compliance.model import Result, Status, Verdict

SCHEMA = 1
"""Version of the JSON's shape."""


def heading(verdict: Verdict) -> str:
    """Return what the verdict is, in one line."""
    parts = [verdict.basis.value.upper()]
    if verdict.simulated:
        parts.append("SIMULATED, a rehearsal and never evidence")
    if verdict.sandbox:
        parts.append("SANDBOX, outside the standard")
    return f"Haven {verdict.catalogue}: " + ", ".join(parts)


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
        "summary": {status.value: verdict.count(status) for status in Status},
        "warnings": list(verdict.warnings),
        "results": [_result(result) for result in verdict.results],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "label": result.check.label,
        "category": result.check.category,
        "mandatory": result.check.mandatory,
        "status": result.status.value,
        "reason": result.reason,
        "fix": result.fix,
        "objects": list(result.objects),
    }

"""One verdict in a few words or as plain values; a whole dossier is written by `haven_iac.compliance.formats`."""

from __future__ import annotations

from typing import Any

from haven_iac.compliance.model import Check, Result, Status, Verdict

SCHEMA = 1
"""Version of the JSON's shape."""


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
        "results": [{**_check(result.check), **_result(result)} for result in verdict.results],
    }


def _check(check: Check) -> dict[str, Any]:
    return {"id": check.id, "label": check.label, "category": check.category, "mandatory": check.mandatory}


def _result(result: Result) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "reason": result.reason,
        "flaw": result.flaw,
        "fix": result.fix,
        "edits": [{"path": list(one.path), "value": one.value, "command": one.command} for one in result.edits],
        "objects": list(result.objects),
    }

"""The report as JSON; its shape is `verdict.schema.json`, and a change to it is a new number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from haven_iac.compliance.deviations import Deviation
from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.evidence import store
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import Check, Result, Status, Verdict
from haven_iac.compliance.words import within, word

KIND = "haven-iac verdict"
SCHEMA = 2
"""Version of the shape."""


def document(found: Dossier, language: str = "en") -> dict[str, Any]:
    """Return a report as plain values."""
    about, newest = found.about, found.proof.evidence
    verdicts = [found.predicted, *([found.observed] if found.observed else [])]
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "language": language,
        "heading": common.heading(found, language),
        "cluster": about.cluster,
        "stack": about.stack,
        "made": about.made.isoformat(timespec="seconds"),
        "program": about.program,
        "spec": about.spec,
        "cloud": about.cloud,
        "kubernetes": about.kubernetes,
        "identity": about.identity,
        "checker": found.predicted.catalogue,
        "data": {name: day.isoformat() for name, day in found.predicted.data},
        "simulated": found.simulated,
        "sandbox": found.sandbox,
        "summary": {verdict.basis.value: _counts(verdict) for verdict in verdicts},
        "proof": {
            "state": found.proof.state.value,
            "text": within(found.proof.text, language),
            "checker": newest.run.version if newest else None,
            "ended": newest.run.ended.isoformat(timespec="seconds") if newest else None,
            "sha256": newest.sha256 if newest else None,
        },
        "disagreements": list(dict.fromkeys(one.check for one in found.findings)),
        "findings": [
            {"kind": one.kind, "check": one.check, "text": within(one.text, language)} for one in found.findings
        ],
        "warnings": [within(one, language) for one in found.warnings],
        "checks": [_line(one, language) for one in found.lines],
        "strange": [
            {"id": one.id, "label": one.label, "answer": one.answer.value, "mandatory": one.mandatory}
            for one in found.strange
        ],
        "deviations": [_deviation(one) for one in found.deviations],
        "evidence": [store.document(one) for one in found.evidence],
        "security": [
            {
                "id": one.id,
                "title": word(f"security.{one.id}.title", language),
                "look": one.look.value,
                "reason": within(one.reason, language),
                "fix": within(one.fix, language),
                "objects": list(one.objects),
            }
            for one in found.security
        ],
        "profiles": [_profile(one, language) for one in found.profiles],
    }


def text(found: Dossier, language: str) -> str:
    """Return a report as the text of a JSON file."""
    return json.dumps(document(found, language), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of a report."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "verdict.schema.json").read_bytes())
    return found


def _counts(verdict: Verdict) -> dict[str, int]:
    return {status.value: verdict.count(status) for status in Status}


def _check(check: Check, language: str) -> dict[str, Any]:
    return {
        "id": check.id,
        "label": common.label(check, language),
        "category": check.category,
        "mandatory": check.mandatory,
        "rationale": common.rationale(check, language),
        "expectation": common.expectation(check, language),
    }


def _line(line: Line, language: str) -> dict[str, Any]:
    return {
        **_check(line.check, language),
        "agree": line.agree,
        "change": within(line.change, language),
        "edits": [{"path": list(one.path), "value": one.value, "command": one.command} for one in line.edits],
        "predicted": _result(line.predicted, language),
        "observed": _result(line.observed, language) if line.observed else None,
        "evidence": line.evidence.answer.value if line.evidence else None,
        "deviation": _deviation(line.deviation) if line.deviation else None,
    }


def _result(result: Result, language: str) -> dict[str, Any]:
    return {
        "status": result.status.value,
        "reason": within(result.reason, language),
        "flaw": within(result.flaw, language),
        "fix": within(result.fix, language),
        "objects": list(result.objects),
    }


def _deviation(one: Deviation) -> dict[str, Any]:
    return {
        "check": one.check,
        "owner": one.owner,
        "reason": one.reason,
        "until": one.until.isoformat(),
        "ended": one.ended,
        "needed": one.needed,
    }


def _profile(verdict: Verdict, language: str) -> dict[str, Any]:
    return {
        "name": verdict.catalogue,
        "results": [
            {
                "id": one.check.id,
                "label": common.label(one.check, language),
                "category": within(one.check.category, language),
                "duty": within(getattr(one.check, "duty", ""), language),
                **_result(one, language),
            }
            for one in verdict.results
        ],
    }

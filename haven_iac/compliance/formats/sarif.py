"""The report as SARIF 2.1.0, for code scanning: a finding stands at the line of the description that decides it.

A deviation is told beside the finding and suppresses nothing: a check that fails stays a finding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import Look, Status
from haven_iac.compliance.words import within, word

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(found: Dossier, language: str) -> str:
    """Return a report as the text of a SARIF file."""
    run = {
        "tool": {
            "driver": {
                "name": "haven-iac",
                "version": found.about.program,
                "rules": [*_rules(found, language)],
            }
        },
        "automationDetails": {"id": f"haven/{found.about.stack}/"},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": found.about.made.strftime("%Y-%m-%dT%H:%M:%SZ")}],
        "properties": {
            "heading": common.heading(found, language),
            "proof": within(found.proof.text, language),
            "spec": found.about.spec,
            "simulated": found.simulated,
        },
        "results": [*_results(found, language)],
    }
    return json.dumps({"$schema": SCHEMA, "version": VERSION, "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rules(found: Dossier, language: str) -> Iterator[dict[str, Any]]:
    for line in found.lines:
        yield {
            "id": f"haven/{line.check.id}",
            "shortDescription": {"text": common.label(line.check, language)},
            "fullDescription": {"text": common.rationale(line.check, language)},
            "help": {"text": common.expectation(line.check, language)},
            "properties": {"category": line.check.category, "mandatory": line.check.mandatory},
        }
    for fact in found.security:
        yield {
            "id": f"security/{fact.id}",
            "shortDescription": {"text": word(f"security.{fact.id}.title", language)},
            "fullDescription": {"text": word("report.section.security_lead", language)},
        }


def _results(found: Dossier, language: str) -> Iterator[dict[str, Any]]:
    for line in found.lines:
        if line.now.status is not Status.PASS or line.now.flaw:
            yield _result(found, f"haven/{line.check.id}", _level(line), _text(line, language), line)
        for finding in line.findings:
            yield _result(found, f"haven/{line.check.id}", "warning", within(finding.text, language), line)
    for fact in found.security:
        if fact.look is Look.ATTENTION:
            text = _sentence(within(fact.reason, language), within(fact.fix, language))
            yield _result(found, f"security/{fact.id}", "warning", text, None)


def _level(line: Line) -> str:
    if line.now.status is Status.FAIL and line.check.mandatory:
        return "error"
    return "warning" if line.now.status is Status.FAIL or line.now.flaw else "note"


def _text(line: Line, language: str) -> str:
    parts = [common.reason(line, language), within(line.change, language)]
    if line.deviation:
        parts.append(f"{word('report.word.deviation', language)}: {common.because(line.deviation, language)}")
    return _sentence(*parts)


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _result(found: Dossier, rule: str, level: str, text: str, line: Line | None) -> dict[str, Any]:
    file, number = found.about.places.get(line.check.id, found.about.places.get("", ("", 0))) if line else ("", 0)
    file = file or found.about.places.get("", ("", 0))[0]
    result: dict[str, Any] = {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "partialFingerprints": {
            "havenIac/v1": hashlib.sha256(f"{found.about.stack}/{rule}/{level}".encode()).hexdigest()[:32]
        },
    }
    if file:
        place: dict[str, Any] = {"artifactLocation": {"uri": file}}
        if number:
            place["region"] = {"startLine": number}
        result["locations"] = [{"physicalLocation": place}]
    if line and line.deviation:
        result["properties"] = {"deviation": {"owner": line.deviation.owner, "until": line.deviation.until.isoformat()}}
    return result

"""Results of the checker made by the documented shape of its JSON: fixtures, never output of the checker itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from haven_iac.compliance import catalogue

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 30, 9, 15, 8, tzinfo=UTC)


def result(
    version: str = "v12.8.0",
    answers: Mapping[str, str] | None = None,
    *,
    name: str = catalogue.CURRENT,
    ended: datetime = ENDED,
    extra: Mapping[str, str] | None = None,
    claim: bool | None = None,
) -> dict[str, Any]:
    """Return a result that does not contradict itself.

    Args:
        version: of the checker.
        answers: by check; YES to every mandatory one and SKIPPED to the others where left out.
        name: of the list of checks.
        ended: when the run ended.
        extra: further mandatory checks, with their answers.
        claim: the checker's own verdict; what the answers come to when left out.
    """
    given = answers or {}
    parts: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for check in catalogue.checks(name):
        parts[check.mandatory].append(
            {
                "Name": check.id,
                "Label": check.label,
                "Category": check.category,
                "Rationale": "a fixture",
                "Result": given.get(check.id, "YES" if check.mandatory else "SKIPPED"),
            }
        )
    for key, answer in (extra or {}).items():
        one = {"Name": key, "Label": f"Something about {key}", "Category": "Cluster", "Rationale": "", "Result": answer}
        parts[True].append(one)
    said = [one["Result"] for one in parts[True]]
    return {
        "Version": version,
        "HavenCompliant": all(one == "YES" for one in said) if claim is None else claim,
        "StartTS": _go_time(ended - timedelta(seconds=8)),
        "StopTS": _go_time(ended),
        "Config": {"CNCF": True, "CIS": False, "KESC": False},
        "CompliancyChecks": {
            "Results": parts[True],
            "Summary": {
                "Total": len(said),
                "Unknown": said.count("UNKNOWN"),
                "Skipped": said.count("SKIPPED"),
                "Failed": said.count("NO"),
                "Passed": said.count("YES"),
            },
        },
        "SuggestedChecks": {"Results": parts[False]},
    }


def _go_time(when: datetime) -> str:
    """Return a time as Go writes it: nine digits behind the dot."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.123456789Z"


def raw(**changes: Any) -> bytes:
    return json.dumps(result(**changes), indent=2).encode()


def camel(value: Any) -> Any:
    """Return a result with its keys in camelCase, as the checker's objects have them."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: camel(inner) for key, inner in value.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value


def compliancy(name: str = "run-1", **changes: Any) -> dict[str, Any]:
    """Return an object of kind Compliancy, as the checker leaves one in the cluster."""
    document = result(**changes)
    return {
        "apiVersion": "haven.commonground.nl/v1alpha1",
        "kind": "Compliancy",
        "metadata": {"name": name},
        "spec": {
            "created": document["StopTS"],
            "version": document["Version"],
            "compliant": document["HavenCompliant"],
            "input": {
                "commandline": "haven check",
                "kubeHost": "https://192.0.2.10:6443",
                "platform": {"determinedPlatform": "RKE", "determiningLabel": "", "proxy": False},
            },
            "output": camel({key: document[key] for key in ("Config", "CompliancyChecks", "SuggestedChecks")}),
        },
    }

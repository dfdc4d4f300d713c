"""BIO2: the government's baseline for information security, as far as a cluster can show something of it.

The same machinery as the checks of the standard, with a catalogue of its own. Nothing here is a finding of a
supervisor: a measure that passes still leaves the organisation its own duty, which stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from haven_iac import dated
from haven_iac.compliance.bio2 import access, data, operations
from haven_iac.compliance.bio2.subject import Rule, Subject
from haven_iac.compliance.live import Documents
from haven_iac.compliance.model import Basis, Check, Fact, Result, Verdict
from haven_iac.compliance.words import Said, said
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec.compliance import Profile

_FILE = Path(__file__).parents[1] / "catalogue" / "bio2.yaml"

RULES: dict[str, Rule] = {
    "5.14.01": operations.standards,
    "5.14.02": data.certificates,
    "5.17.01": access.second_factor,
    "5.18.01": access.special_rights,
    "5.18.02": access.yearly_review,
    "5.23.01": operations.cloud_policy,
    "5.28.01": data.incident_data,
    "8.02.01": access.quarterly_review,
    "8.08.01": operations.patches,
    "8.08.04": operations.tests,
    "8.13.01": data.backup_policy,
    "8.13.02": data.loss,
    "8.13.03": data.elsewhere,
    "8.13.04": data.restore_test,
    "8.15.01": data.log_lines,
    "8.15.04": data.retention,
    "8.15.05": data.tampering,
    "8.15.06": data.integrity,
    "8.16.04": operations.network_logging,
    "8.18.02": data.half_a_year,
    "8.20.02": access.management_plane,
    "8.21.02": operations.detection,
    "8.22.01": operations.segmentation,
    "8.24.04": data.cryptography,
    "8.31.02": operations.tested_changes,
    "8.32.01": operations.change_records,
}


@dataclass(frozen=True)
class Measure(Check):
    """One measure; the organisation's own part of it stands beside it."""

    duty: Said | str = ""
    """What remains the organisation's own duty, whatever the cluster shows."""
    spec: tuple[str, ...] = ()
    """Where the description decides it, as dotted paths."""


@lru_cache(maxsize=1)
def measures() -> tuple[Measure, ...]:
    """Return the measures, in the order of their numbers."""
    found = dated.parse(_FILE.read_bytes())
    return tuple(
        Measure(
            id=one["id"],
            label=said(f"bio2.{one['id']}.label"),
            category=said(f"bio2.topic.{one['topic']}"),
            mandatory=True,
            rationale=said(f"bio2.{one['id']}.label"),
            reads="",
            confidence="high",
            source=found["source"],
            since=str(found["version"]),
            duty=said(f"bio2.{one['id']}.duty"),
            spec=tuple(one["spec"]),
        )
        for one in found["measures"]
    )


def judge(plan: ClusterPlan, security: Sequence[Fact], documents: Documents | None, today: date) -> Verdict:
    """Return what a cluster shows of BIO2: on the plan, and on what is live where somebody looked.

    Args:
        plan: what was planned.
        security: facts that were read from the live cluster; empty where nobody looked.
        documents: what the API returned; None where nobody looked.
        today: the day.
    """
    subject = Subject(plan, {one.id: one for one in security}, documents is not None)
    results = tuple(Result(one, **vars(RULES[one.id](subject))) for one in measures())
    return Verdict(
        basis=Basis.OBSERVED if documents else Basis.PREDICTED,
        catalogue="bio2-1.3",
        results=results,
        simulated=plan.facts.simulated,
        sandbox=plan.spec.compliance.profile is Profile.SANDBOX,
    )

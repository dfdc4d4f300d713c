"""Everything that is known about one cluster and the standard on one day: prediction, observation, evidence, deviation.

A dossier is plain data; `haven_iac.compliance.formats` turns it into pages and files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from haven_iac.compliance.deviations import Deviation, recorded
from haven_iac.compliance.deviations import warnings as about_deviations
from haven_iac.compliance.evidence.model import Answer, Evidence
from haven_iac.compliance.evidence.model import Said as Answered
from haven_iac.compliance.model import Check, Edit, Fact, Result, Status, Verdict, agree
from haven_iac.compliance.proof import Proof, prove
from haven_iac.compliance.words import Said, said
from haven_iac.errors import HavenError
from haven_iac.plan.model import ClusterPlan
from haven_iac.spec import ClusterSpec

MEND = said("fix.mend")
"""What to do about something that is planned and not there."""

MEANS = {Answer.YES: Status.PASS, Answer.NO: Status.FAIL}
"""What the checker's answers mean; SKIPPED and UNKNOWN mean nothing."""


@dataclass(frozen=True)
class Finding:
    """Two of prediction, observation and evidence that do not say the same."""

    kind: str
    """observed (not as predicted), evidence-predicted or evidence-observed."""
    check: str
    text: Said


@dataclass(frozen=True)
class Line:
    """One check: what was expected, what is seen, what the checker says, and why it may fail."""

    check: Check
    predicted: Result
    observed: Result | None
    """None where nobody looked at the cluster."""
    evidence: Answered | None
    """None where the checker was not run, or did not ask."""
    deviation: Deviation | None
    findings: tuple[Finding, ...]

    @property
    def now(self) -> Result:
        """Return the latest we know by ourselves: what is seen, else what is predicted."""
        return self.observed or self.predicted

    @property
    def agree(self) -> bool:
        """Return whether nothing known about this check says otherwise than the rest."""
        return not self.findings

    @property
    def change(self) -> str:
        """Return what would make it pass, and be as planned; empty when there is nothing to do."""
        now = self.now
        answered = self.evidence is not None and self.evidence.answer is Answer.YES
        if not now.flaw and (now.status is Status.PASS or (now.status is Status.NEEDS_EVIDENCE and answered)):
            return ""
        if self.observed and now.ours and self.predicted.status is Status.PASS:
            return MEND
        return self.predicted.fix if self.edits else now.fix

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return the changes to the description that were tried and make it pass; none where it does."""
        return self.predicted.edits if self.now.status is Status.FAIL else ()


@dataclass(frozen=True)
class About:
    """Which cluster, which description, which program, and when."""

    cluster: str
    stack: str
    made: datetime
    program: str
    """Version of haven-iac."""
    spec: str
    """SHA-256 of the description with everything that it leaves to us."""
    cloud: str
    kubernetes: str
    """Minor in the description."""
    identity: str = ""
    """Of the live cluster: the uid of its namespace kube-system; empty where nobody looked."""
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """By check: file and line of the description that decide it; under an empty name the description itself."""


@dataclass(frozen=True)
class Dossier:
    """Everything that is known about one cluster and the standard on one day."""

    about: About
    plan: ClusterPlan
    predicted: Verdict
    observed: Verdict | None
    lines: tuple[Line, ...]
    evidence: tuple[Evidence, ...]
    """Results of the checker about this cluster, the newest first."""
    strange: tuple[Answered, ...]
    """Answers in the newest result to checks that our list does not have."""
    proof: Proof
    deviations: tuple[Deviation, ...]
    security: tuple[Fact, ...] = ()
    """What the checker does not test, and a person should know."""
    profiles: tuple[Verdict, ...] = ()
    """Other catalogues, such as BIO2."""
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Return the latest we know by ourselves."""
        return self.observed or self.predicted

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return every disagreement."""
        return tuple(finding for line in self.lines for finding in line.findings)

    @property
    def simulated(self) -> bool:
        """Return whether this is a rehearsal."""
        return self.predicted.simulated or bool(self.observed and self.observed.simulated)

    @property
    def sandbox(self) -> bool:
        """Return whether the cluster stands outside the standard."""
        return self.predicted.sandbox


def spec_hash(spec: ClusterSpec) -> str:
    """Return the SHA-256 of a description with everything that it leaves to us, in a form that is always the same."""
    text = json.dumps(spec.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def assemble(
    about: About,
    plan: ClusterPlan,
    predicted: Verdict,
    observed: Verdict | None = None,
    *,
    evidence: Iterable[Evidence] = (),
    unusable: Sequence[HavenError] = (),
    security: Sequence[Fact] = (),
    profiles: Sequence[Verdict] = (),
    today: date,
) -> Dossier:
    """Return everything side by side.

    Args:
        about: which cluster and description.
        plan: what was planned.
        predicted: the verdict on it.
        observed: the verdict on the live cluster; None where nobody looked.
        evidence: results of the checker, of this cluster or of another one.
        unusable: why other results could not be used.
        security: what the checker does not test.
        profiles: verdicts by other catalogues.
        today: tells what has ended.
    """
    ours, foreign = _of_this_cluster(evidence, about.identity)
    verdict = observed or predicted
    simulated = predicted.simulated or verdict.simulated
    seen = replace(verdict, simulated=simulated, sandbox=predicted.sandbox)
    proof = prove(ours, seen, plan.spec.compliance.evidence_validity, today)
    newest = proof.evidence
    deviations = recorded(plan.spec, verdict, today)
    lines = tuple(_line(one, observed, newest, deviations) for one in predicted.results)
    known = {line.check.id for line in lines}
    warnings: list[str] = [
        *predicted.warnings,
        *(observed.warnings if observed else ()),
        *about_deviations(deviations, known),
        *_about_evidence(ours, foreign, unusable),
    ]
    return Dossier(
        about=about,
        plan=plan,
        predicted=predicted,
        observed=observed,
        lines=lines,
        evidence=tuple(ours),
        strange=tuple(one for one in newest.run.answers if one.id not in known) if newest else (),
        proof=proof,
        deviations=deviations,
        security=tuple(security),
        profiles=tuple(profiles),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _of_this_cluster(evidence: Iterable[Evidence], identity: str) -> tuple[list[Evidence], list[Evidence]]:
    ordered = sorted(evidence, key=lambda one: one.run.ended, reverse=True)
    foreign = [one for one in ordered if identity and one.cluster and one.cluster != identity]
    seen: set[str] = set()
    ours = []
    for one in ordered:
        if one not in foreign and one.sha256 not in seen:
            seen.add(one.sha256)
            ours.append(one)
    return ours, foreign


def _about_evidence(
    ours: Sequence[Evidence], foreign: Sequence[Evidence], unusable: Sequence[HavenError]
) -> Iterable[Said]:
    for other in foreign:
        yield said("warning.evidence_foreign", name=other.name)
    for error in unusable:
        yield said("warning.evidence_unusable", why="; ".join(f"{one.what}" for one in error.problems))
    if ours and ours[0].run.newer:
        yield said("warning.evidence_newer", version=ours[0].run.version)


def _line(
    predicted: Result, observed: Verdict | None, newest: Evidence | None, deviations: Sequence[Deviation]
) -> Line:
    check = predicted.check
    seen = observed.result(check.id) if observed else None
    answer = newest.run.answer(check.id) if newest else None
    deviation = next((one for one in deviations if one.check == check.id), None)
    return Line(check, predicted, seen, answer, deviation, tuple(_findings(predicted, seen, answer)))


def _word(result: Result) -> Said:
    return said(f"verdict.{result.status.value}")


def _findings(predicted: Result, seen: Result | None, answer: Answered | None) -> Iterable[Finding]:
    check = predicted.check.id
    if seen and not agree(predicted, seen):
        key = "finding.flaw" if predicted.status is seen.status else "finding.observed"
        values = {"check": check, "predicted": _word(predicted), "observed": _word(seen)}
        yield Finding("observed", check, said(key, **values, reason=seen.reason))
    means = MEANS.get(answer.answer) if answer else None
    if not answer or not means:
        return
    for kind, ours in (("predicted", predicted), ("observed", seen)):
        if ours and ours.status in (Status.PASS, Status.FAIL) and ours.status is not means:
            values = {"check": check, "ours": _word(ours), "answer": answer.answer.value}
            yield Finding(f"evidence-{kind}", check, said(f"finding.{kind}_evidence", **values, reason=ours.reason))

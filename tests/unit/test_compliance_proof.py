"""Evidence beside prediction and observation: what disagrees is found, and the word is said only when it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from haven_iac.compliance.dossier import spec_hash
from haven_iac.compliance.model import Status
from haven_iac.compliance.proof import State
from haven_iac.errors import EvidenceError
from tests.checker_fixtures import ENDED
from tests.dossiers import dossier, evidence, real, seen
from tests.mutations import TODAY, plan, zones


def test_without_evidence_nothing_is_proven() -> None:
    found = dossier().proof
    assert (found.state, found.evidence) == (State.NONE, None)


def test_a_result_of_the_checker_in_which_everything_is_yes_says_the_word_with_version_and_day() -> None:
    found = dossier(evidence())
    assert found.proof.proven
    assert found.proof.text == "Haven compliant, says the Haven Compliancy Checker 12.8.0 of 2026-11-30"
    assert found.findings == ()


CASES: list[tuple[str, State, Any]] = [
    ("one NO", State.DENIED, lambda: dossier(evidence(answers={"multiaz": "NO"}))),
    ("one UNKNOWN", State.OPEN, lambda: dossier(evidence(answers={"cncf": "UNKNOWN"}))),
    ("one SKIPPED", State.OPEN, lambda: dossier(evidence(answers={"cncf": "SKIPPED"}))),
    ("too old", State.EXPIRED, lambda: dossier(evidence(), today=TODAY + timedelta(days=91))),
    ("simulated", State.REHEARSAL, lambda: dossier(evidence(), made=plan())),
    ("a sandbox", State.SANDBOX, lambda: dossier(evidence(), made=real(plan(compliance={"profile": "sandbox"})))),
    ("fails now", State.CONTRADICTED, lambda: dossier(evidence(), observed=seen(real(plan()), metrics=()))),
    ("of another cluster", State.NONE, lambda: dossier(evidence(cluster="uid-2"))),
    (
        "an older one says YES",
        State.DENIED,
        lambda: dossier(evidence(ended=ENDED - timedelta(days=9)), evidence(answers={"logs": "NO"})),
    ),
    (
        "a shorter validity",
        State.EXPIRED,
        lambda: dossier(
            evidence(ended=ENDED - timedelta(days=9)), made=real(plan(compliance={"evidenceValidity": "7d"}))
        ),
    ),
    ("an unknown check says NO", State.DENIED, lambda: dossier(evidence(version="13.0.0", extra={"oidc": "NO"}))),
]


@pytest.mark.parametrize(("state", "make"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_nothing_else_says_it(state: State, make: Any) -> None:
    found = make()
    assert found.proof.state is state
    assert "compliant" not in found.proof.text.lower()
    assert not found.proof.proven


def test_the_newest_result_counts_even_when_it_is_the_better_one() -> None:
    older = evidence(answers={"logs": "NO"}, ended=ENDED - timedelta(days=9))
    assert dossier(older, evidence()).proof.proven


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    from haven_iac import dated

    known = {"12.8.0": "2026-04-13"}
    topic = dated.topic("checkers")
    changed = replace(topic, content={**topic.content, "releases": known})
    monkeypatch.setattr(dated, "topic", lambda name: changed if name == "checkers" else dated.packaged(name))
    return known


def test_a_checker_is_outdated_three_months_after_the_next_major_came_out(releases: dict[str, str]) -> None:
    assert dossier(evidence()).proof.proven
    releases["13.0.0"] = "2026-10-01"
    assert dossier(evidence()).proof.proven
    releases["13.0.0"] = "2026-08-01"
    found = dossier(evidence()).proof
    assert found.state is State.OUTDATED
    assert "13.0.0 has replaced it" in found.text
    releases |= {"12.9.0": "2026-05-01"}
    assert dossier(evidence(version="12.9.0")).proof.state is State.OUTDATED


def test_what_disagrees_with_the_checker_is_a_finding() -> None:
    found = dossier(evidence(answers={"multiaz": "NO", "cncf": "NO"}))
    kinds = {(one.kind, one.check) for one in found.findings}
    assert kinds == {("evidence-predicted", "multiaz"), ("evidence-observed", "multiaz")}
    line = next(line for line in found.lines if line.check.id == "multiaz")
    assert line.evidence is not None
    assert (line.evidence.answer, line.agree) == ("NO", False)
    other = dossier(evidence(), made=real(plan(**zones("az1"))))
    assert {(one.kind, one.check) for one in other.findings} == kinds
    assert "the checker says YES" in other.findings[0].text


def test_a_difference_between_prediction_and_observation_is_a_finding() -> None:
    made = real(plan())
    found = dossier(made=made, observed=seen(made, storage=()))
    [finding] = found.findings
    assert (finding.kind, finding.check) == ("observed", "rwxvolumes")
    line = next(line for line in found.lines if line.check.id == "rwxvolumes")
    assert "haven-iac up" in line.change


def test_a_check_that_the_checker_has_answered_asks_for_no_run_of_it() -> None:
    made = real(plan())

    def advice(*answers: str) -> list[str]:
        given = [evidence(answers={"cncf": one}) for one in answers]
        found = dossier(*given, made=made, observed=seen(made))
        return [line.change for line in found.lines if line.check.id == "cncf"]

    assert advice("YES") == [""]
    for answers in ((), ("NO",), ("UNKNOWN",)):
        assert "run the checker" in advice(*answers)[0]


def test_checks_that_nobody_knows_are_kept() -> None:
    found = dossier(evidence(version="13.0.0", extra={"oidc": "YES"}))
    assert [one.id for one in found.strange] == ["oidc"]
    assert any("newer than this haven-iac knows" in one for one in found.warnings)
    assert found.proof.proven
    earlier = dossier(evidence(version="11.0.0", name="before-12.8"))
    assert [one.id for one in earlier.strange] == ["basicauth"]


def test_what_cannot_be_used_is_a_warning() -> None:
    found = dossier(evidence(cluster="uid-2"), unusable=[EvidenceError("x.json is no JSON")])
    assert any("about another cluster" in one for one in found.warnings)
    assert any("x.json is no JSON" in one for one in found.warnings)


DEVIATION = {"owner": "CISO", "reason": "one site until 2027", "until": "2026-12-31"}


def test_a_deviation_is_shown_and_changes_nothing() -> None:
    bare, explained = (
        dossier(made=real(plan(**zones("az1"), compliance={"deviations": deviations})))
        for deviations in ({}, {"multiaz": DEVIATION})
    )
    line = next(line for line in explained.lines if line.check.id == "multiaz")
    assert line.deviation is not None
    assert (line.deviation.owner, line.deviation.ended, line.deviation.needed) == ("CISO", False, True)
    assert line.now.status is Status.FAIL
    assert [one.now.status for one in explained.lines] == [one.now.status for one in bare.lines]
    assert [one.check.id for one in explained.verdict.failed] == ["multiaz"]


def test_a_deviation_ends_with_its_last_day() -> None:
    made = real(plan(**zones("az1"), compliance={"deviations": {"multiaz": DEVIATION}}))
    last = date(2026, 12, 31)
    assert not dossier(made=made, today=last).deviations[0].ended
    ended = dossier(made=made, today=last + timedelta(days=1))
    assert ended.deviations[0].ended
    assert "the deviation from multiaz ended on 2026-12-31; CISO answers for it" in ended.warnings


def test_a_deviation_that_is_not_needed_is_said() -> None:
    found = dossier(made=real(plan(compliance={"deviations": {"multiaz": DEVIATION}})))
    assert "the deviation from multiaz is recorded, and the check does not fail" in found.warnings


def test_the_hash_of_a_description_is_of_what_it_means() -> None:
    assert spec_hash(plan().spec) == spec_hash(plan(controlPlane={"size": 3}).spec)
    assert spec_hash(plan().spec) != spec_hash(plan(controlPlane={"size": 5}).spec)
    assert len(spec_hash(plan().spec)) == 64


def test_evidence_from_before_the_cluster_was_identified_is_still_used() -> None:
    found = dossier(evidence(cluster=""))
    assert found.proof.proven
    assert datetime.now(UTC) > ENDED - timedelta(days=3650)

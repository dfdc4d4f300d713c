"""Prediction and observation: the same rules on a plan and on what is live, and how they are shown."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from haven_iac import dated
from haven_iac.cli.verdict import show
from haven_iac.compliance import catalogue
from haven_iac.compliance.dossier import MEND
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import differences
from haven_iac.compliance.observe import observe
from haven_iac.compliance.predict import predict
from haven_iac.compliance.report import heading, summary
from haven_iac.compliance.subject import of_plan
from tests.dossiers import broken, dossier, seen
from tests.mutations import FAIL, MUTATIONS, NEEDS_EVIDENCE, ONLY_THE_CHECKER, PASS, TODAY, off, plan


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_prediction_follows_the_description(name: str) -> None:
    changes, expected = MUTATIONS[name]
    verdict = predict(plan(**changes), TODAY)
    found = {r.check.id: r.status for r in verdict.results if r.status is not PASS}
    assert found == {**dict.fromkeys(ONLY_THE_CHECKER, NEEDS_EVIDENCE), **expected}
    assert {r.check.id for r in verdict.failed} == {check for check, status in expected.items() if status is FAIL}


def test_a_cluster_that_is_as_planned_agrees_on_every_check() -> None:
    for changes, _ in MUTATIONS.values():
        made = plan(**changes)
        assert list(differences(predict(made, TODAY), observe(of_plan(made), made, TODAY))) == []


def test_a_plan_without_log_store_that_forwards_needs_the_checkers_word() -> None:
    made = plan(logs={"enabled": True, "forward": "https://siem.example.test/otlp"}, **off("logs"))
    assert [release.slot for release in made.releases if release.slot.startswith("log")] == ["log-collector"]
    assert predict(made, TODAY).result("logs").status is NEEDS_EVIDENCE


def test_what_differs_is_found_with_what_to_do() -> None:
    made = plan()
    lines = {line.check.id: line for line in dossier(made=made, observed=broken(made)).lines if line.findings}
    assert {name: line.now.status for name, line in lines.items()} == {
        "multiaz": PASS,  # it counts labels with a value, and there are three left
        "rwxvolumes": FAIL,
        "logs": FAIL,
    }
    assert {line.change for line in lines.values()} == {MEND}
    assert "1 of 6 nodes" in common.reason(lines["multiaz"], "en")
    assert "(predicted: Loki and Alloy are there)" in common.reason(lines["logs"], "en")


def test_what_was_never_planned_is_mended_in_the_description() -> None:
    made = plan(logs={"enabled": False})
    found = dossier(made=made, observed=seen(made, log_store=(), log_collector=()))
    assert next(line.change for line in found.lines if line.check.id == "logs").startswith("logs.enabled: true")


def test_what_up_cannot_mend_keeps_its_own_advice() -> None:
    made = plan()
    public = tuple(replace(node, external=True) for node in of_plan(made).nodes)
    found = dossier(made=made, observed=seen(made, nodes=public))
    assert "public address" in next(line.change for line in found.lines if line.check.id == "privatenetworking")


def test_another_cluster_than_planned_is_a_warning() -> None:
    made, seen = plan(), of_plan(plan())
    stranger = replace(seen, nodes=tuple(replace(node, name=f"x-{node.name}") for node in seen.nodes))
    assert observe(seen, made, TODAY).warnings == ()
    assert "is this the cluster proef?" in observe(stranger, made, TODAY).warnings[0]


def test_a_simulated_cluster_is_a_rehearsal_and_a_sandbox_outside_the_standard() -> None:
    verdict = predict(plan(), TODAY)
    assert heading(verdict) == "Haven 12.8: PREDICTED, SIMULATED, a rehearsal, never evidence"
    real = replace(verdict, simulated=False)
    assert heading(real) == "Haven 12.8: PREDICTED"
    sandbox = predict(plan(compliance={"profile": "sandbox"}), TODAY)
    assert "SANDBOX, outside the standard" in heading(sandbox)
    assert summary(verdict) == "of 15 mandatory checks 12 PASS, 0 FAIL, 3 NEEDS_EVIDENCE"


def test_a_cluster_whose_nodes_are_simulated_is_never_shown_as_real() -> None:
    made, seen = plan(), of_plan(plan())
    real = replace(made, facts=replace(made.facts, simulated=False))
    assert observe(replace(seen, simulated=True), real, TODAY).simulated
    assert not observe(replace(seen, simulated=False), real, TODAY).simulated


def test_old_data_is_a_warning_in_every_verdict() -> None:
    later = dated.oldest().as_of + timedelta(days=400)
    assert "days old" in predict(plan(), later).warnings[0]
    assert "days old" in observe(of_plan(plan()), plan(), later).warnings[0]
    assert predict(plan(), TODAY).warnings == ()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_every_check_is_printed_on_any_terminal(width: int) -> None:
    made, out = plan(), io.StringIO()
    show(
        Console(file=out, width=width, force_terminal=True, color_system=None),
        dossier(made=made, observed=broken(made)),
        "en",
    )
    text = " ".join(out.getvalue().split())
    for check in catalogue.checks():
        assert check.id in text
    assert "SIMULATED, a rehearsal, never evidence" in text
    assert "On 3 of 17 checks prediction, observation and evidence do not agree" in text
    assert "observed PASS with a flaw" in text


def test_a_hostile_name_is_printed_as_it_is() -> None:
    made, out = plan(), io.StringIO()
    hostile = tuple(replace(node, os_image="[bold]x[/bold] [/] [link=a]") for node in of_plan(made).nodes)
    show(Console(file=out, width=200), dossier(made=made, observed=seen(made, nodes=hostile)), "en")
    assert "[bold]x[/bold] [/] [link=a]" in out.getvalue()

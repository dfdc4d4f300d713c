"""The checks and their inputs as data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from haven_iac import dated
from haven_iac.compliance import catalogue
from haven_iac.spec.known import CHECKS
from haven_iac.versions import minors, number

CATEGORIES = {"Fundamental", "Infrastructure", "Cluster", "External", "Haven+", "Validation"}


def test_the_current_checker_has_fifteen_mandatory_checks_and_two_suggested_ones() -> None:
    checks = catalogue.checks()
    assert [check.mandatory for check in checks] == [True] * 15 + [False] * 2
    assert [check.id for check in checks if not check.mandatory] == ["cis", "kubescape"]
    assert tuple(check.id for check in checks) == CHECKS
    assert len({check.id for check in checks}) == len({check.label for check in checks}) == 17


@pytest.mark.parametrize("check", catalogue.checks(), ids=lambda check: check.id)
def test_every_check_is_described(check: catalogue.Check) -> None:
    assert check.category in CATEGORIES
    assert check.confidence in ("high", "medium", "low")
    assert all((check.label, check.rationale, check.reads, check.source))
    assert "compliant" not in f"{check.rationale} {check.reads}".lower()


def test_the_list_before_it_has_sixteen_mandatory_checks_and_another_category() -> None:
    now, before = catalogue.checks(), catalogue.checks(catalogue.EARLIER)
    assert [check.mandatory for check in before] == [True] * 16 + [False] * 2
    assert {check.id for check in before} - {check.id for check in now} == {"basicauth"}
    assert {check.category for check in before} - CATEGORIES == {"Deployment"}
    [gone] = [check for check in before if check.id == "basicauth"]
    assert (gone.until, gone.category) == ("12.8", "Cluster")
    assert [check.until for check in now] == [""] * 17
    with pytest.raises(KeyError):
        catalogue.checks("1.0")


NOW, EARLIER = (tuple(check.id for check in catalogue.checks(name)) for name in (catalogue.CURRENT, catalogue.EARLIER))


@pytest.mark.parametrize(
    ("version", "ids", "name"),
    [
        ("12.8.0", NOW, "12.8"),
        ("v12.8.3-rc1", NOW, "12.8"),
        ("13.0.0", (*NOW, "new"), "12.8"),
        ("12.7.0", NOW, "12.8"),
        ("12.7.0", EARLIER, "before-12.8"),
        ("v9.0.0", EARLIER, "before-12.8"),
        ("nonsense", EARLIER, "before-12.8"),
    ],
)
def test_a_result_goes_by_the_list_of_its_version_or_by_what_it_holds(
    version: str, ids: tuple[str, ...], name: str
) -> None:
    assert catalogue.list_of(version, ids).name == name


def test_the_inputs_do_not_contradict_themselves() -> None:
    data = catalogue.inputs()
    assert not set(data.read_write_many) & set(data.read_write_once)
    assert [name for name in data.read_write_once if data.many(name)] == []
    assert [name for name in data.read_write_many if not data.many(name)] == []
    assert [name for name in data.hardened if not data.hardening(f"{name} 1")] == []
    assert [name for name in data.not_hardened if data.hardening(name) != ""] == []
    assert {name for name, one in data.managed.items() if one.known} <= set(data.conformance)
    for one in data.conformance.values():
        assert all(number(minor) <= number(minors().newest) for minor in one.minors)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("cert-manager", "certificates"),
        ("prod-cert-manager", "certificates"),
        ("cert-manager-webhook", ""),
        ("cert-manager-cainjector", ""),
        ("loki", "log_store"),
        ("loki-write", "log_store"),
        ("logs-loki-backend", "log_store"),
        ("loki-canary", ""),
        ("loki-gateway", ""),
        ("lokibook", ""),
        ("alloy", "log_collector"),
        ("alloy-operator", ""),
        ("metrics-server", "metrics"),
        ("rke2-metrics-server", "metrics"),
        ("kube-state-metrics", ""),
        ("game-server-metrics", ""),
        ("fluent-bit", "other_logs"),
        ("my-opentelemetry-collector", "other_logs"),
        ("pgvector", ""),
        ("elasticsearch-exporter", ""),
    ],
)
def test_a_workload_is_recognised_by_the_words_of_its_name(name: str, part: str) -> None:
    words = catalogue.inputs().workloads
    assert [found for found in words if words[found].match(name)] == ([part] if part else [])


def test_data_older_than_ninety_days_is_a_warning_that_names_the_oldest_topic() -> None:
    topics = [replace(topic, as_of=date(2026, 6, 1)) for topic in dated.everything()]
    topics[2] = replace(topics[2], as_of=date(2026, 1, 1))
    assert catalogue.stale(date(2026, 1, 1) + timedelta(days=90), topics) is None
    warning = catalogue.stale(date(2026, 1, 1) + timedelta(days=91), topics)
    assert warning is not None
    assert "91 days old (hardening, of 2026-01-01)" in warning

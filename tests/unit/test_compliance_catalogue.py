"""The checks and their inputs as data."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

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


def test_the_inputs_are_dated_and_do_not_contradict_themselves() -> None:
    data = catalogue.inputs()
    assert data.as_of <= date.today()
    assert not set(data.read_write_many) & set(data.read_write_once)
    assert [name for name in data.read_write_once if data.many(name)] == []
    assert [name for name in data.read_write_many if not data.many(name)] == []
    assert [name for name in data.hardened if not data.hardening(f"{name} 1")] == []
    assert [name for name in data.not_hardened if data.hardening(name) != ""] == []
    assert data.managed <= set(data.conformance)
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


def test_data_older_than_ninety_days_is_a_warning() -> None:
    made = date(2026, 1, 1)
    assert catalogue.stale(made + timedelta(days=90), made) == ""
    assert "91 days old" in catalogue.stale(made + timedelta(days=91), made)

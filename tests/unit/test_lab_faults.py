"""Faults fit what they are meant for, count, and are used up."""

from __future__ import annotations

from pathlib import Path

import pytest

from haven_iac.lab.inside.faults import KINDS, FaultError, Faults, answer
from haven_iac.lab.machines.health import Member, expected

NEW = {"method": "POST", "path": "/v2.1/servers", "name": "api-1"}


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(str(tmp_path / "faults.json"))


def test_a_fault_strikes_as_often_as_it_was_told_to(faults: Faults) -> None:
    faults.add("compute-quota", {}, times=2)
    struck = [faults.strike("http:nova", **NEW) is not None for _ in range(3)]
    assert struck == [True, True, False]
    [left] = faults.all()
    assert (left.hits, left.left) == (2, 0)


@pytest.mark.parametrize(
    "facts",
    [
        {**NEW, "name": "other"},
        {**NEW, "method": "GET"},
        {**NEW, "path": "/v2.1/servers/0123/action"},
    ],
)
def test_a_fault_leaves_others_alone(faults: Faults, facts: dict[str, str]) -> None:
    faults.add("compute-error", {"name": "^api-"})
    assert faults.strike("http:nova", **facts) is None
    assert faults.strike("http:cinder", **NEW) is None
    assert faults.strike("http:nova", **NEW)


def test_two_programs_see_the_same_faults(faults: Faults, tmp_path: Path) -> None:
    other = Faults(str(tmp_path / "faults.json"))
    added = faults.add("machine-never-boots", {"name": "az1"})
    assert other.strike("boot", name="node-az1-1")
    assert faults.all()[0].hits == 1
    assert other.remove([added.id]) == [added.id]
    assert faults.all() == []


@pytest.mark.parametrize(
    ("kind", "parameters", "times", "said"),
    [
        ("nonsense", {}, None, "no fault is called"),
        ("slow", {"second": "1"}, None, "no parameter"),
        ("slow", {"seconds": "x"}, None, "seconds=x"),
        ("slow", {"path": "("}, None, "path="),
        ("slow", {}, 0, "1 or more"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    faults: Faults, kind: str, parameters: dict[str, str], times: int | None, said: str
) -> None:
    with pytest.raises(FaultError, match=said):
        faults.add(kind, parameters, times)
    assert faults.all() == []


@pytest.mark.parametrize("service", ["nova", "neutron", "octavia", "keystone", "cinder"])
def test_every_service_reports_in_its_own_words(faults: Faults, service: str) -> None:
    status, body = answer(service, faults.add("http", {"status": "409", "message": "no"}))
    assert status == 409
    assert "no" in str(body)
    assert len(body) == (3 if service == "octavia" else 1)


def test_every_kind_can_be_asked_for(faults: Faults) -> None:
    for kind in KINDS:
        faults.add(kind, {})
    assert len(faults.all()) == len(KINDS)


def test_a_member_is_online_after_enough_checks_and_in_error_after_enough_failures() -> None:
    monitor = {"max_retries": 2, "max_retries_down": 3}
    member, seen = Member(), []
    for passed in (True, False, True, True, False, False, True, False, False, False):
        member.saw(passed, monitor)
        seen.append(member.status)
    assert seen[:4] == ["OFFLINE", "OFFLINE", "OFFLINE", "ONLINE"]
    assert seen[4:] == ["ONLINE"] * 5 + ["ERROR"]


def test_expected_codes_may_be_one_several_or_a_range() -> None:
    assert expected("200") == {200}
    assert expected("200, 202") == {200, 202}
    assert expected("200-203") == {200, 201, 202, 203}

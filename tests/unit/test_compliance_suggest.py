"""The smallest change that makes a failing check pass: it does, when it is made."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haven_iac.compliance.model import Edit, Status, Verdict
from haven_iac.compliance.predict import predict
from haven_iac.compliance.suggest import apply, suggested
from haven_iac.errors import SpecError
from haven_iac.plan.model import ClusterPlan
from haven_iac.prepare import from_document, replan
from tests.mutations import FAIL, MUTATIONS, TODAY, document, plan, pools, scaled, zones
from tests.unit.openstack_cases import DOCUMENT as OPENSTACK

FAILING = [(name, check) for name, (_, expected) in MUTATIONS.items() for check, one in expected.items() if one is FAIL]


def advised(made: ClusterPlan) -> Verdict:
    return suggested(predict(made, TODAY), made, replan)


def after(changes: Mapping[str, Any], edits: tuple[Edit, ...]) -> Verdict:
    return predict(from_document(apply(document(**changes), edits)).plan, TODAY)


@pytest.mark.parametrize(("name", "check"), FAILING, ids=[f"{name}: {check}" for name, check in FAILING])
def test_every_failing_check_has_a_change_that_works_and_breaks_nothing(name: str, check: str) -> None:
    changes, _ = MUTATIONS[name]
    verdict = advised(plan(**changes))
    edits = verdict.result(check).edits
    assert edits, verdict.result(check).reason
    mended = after(changes, edits)
    assert mended.result(check).status is Status.PASS
    assert {one.check.id for one in mended.failed} < {one.check.id for one in verdict.failed}


@pytest.mark.parametrize(("name", "check"), FAILING, ids=[f"{name}: {check}" for name, check in FAILING])
def test_no_part_of_a_change_can_be_left_out(name: str, check: str) -> None:
    changes, _ = MUTATIONS[name]
    edits = advised(plan(**changes)).result(check).edits
    for left_out in range(len(edits) if len(edits) > 1 else 0):
        fewer = (*edits[:left_out], *edits[left_out + 1 :])
        with contextlib.suppress(SpecError):  # without it the description has a problem
            assert after(changes, fewer).result(check).status is not Status.PASS


def test_all_changes_together_leave_nothing_that_fails() -> None:
    for name in ("as small as can be", "nothing but nodes"):
        changes, _ = MUTATIONS[name]
        edits = tuple(edit for result in advised(plan(**changes)).failed for edit in result.edits)
        assert after(changes, edits).failed == ()


def test_the_change_is_said_in_words_and_as_a_command() -> None:
    result = advised(plan(**pools(general=scaled(1, 2)))).result("haworkers")
    assert result.fix == "pools.general.autoscale.min: 3, pools.general.autoscale.max: 3"
    assert shlex.split(result.edits[0].command)[-2:] == ["haven:cluster.pools.general.autoscale.min", "3"]
    dropped = advised(plan(**zones("az1"))).result("multiaz")
    assert dropped.fix == "take cloud.zones out"
    assert dropped.edits[0].command == ""
    dashed = Edit(("platform", "addons", "log-collector", "enabled"), True)
    assert shlex.split(dashed.command)[-2:] == ['haven:cluster.platform.addons["log-collector"].enabled', "true"]


def test_a_cloud_with_one_zone_gets_no_change_that_would_fake_a_second() -> None:
    made = plan(**zones("az1"))

    def one_zone_only(changed: Mapping[str, Any]) -> ClusterPlan:
        found = replan(changed)
        if len(found.facts.zones) == 1:
            return found
        return replan({**changed, "cloud": {"kind": "local", "zones": ["az1"]}})

    result = suggested(predict(made, TODAY), made, one_zone_only).result("multiaz")
    assert (result.status, result.edits) == (Status.FAIL, ())
    assert "zones that the cloud really has" in result.fix


ON_OPENSTACK: dict[str, tuple[str, dict[str, Any], str]] = {
    "one server": ("hamasters", {"controlPlane": {"size": 1, "flavor": "m1.medium"}}, "controlPlane.size: 3"),
    "two workers": ("haworkers", {"pools": {"general": {"size": 2, "flavor": "m1.large"}}}, "pools.general.size: 3"),
    "everything in one zone of three": (
        "multiaz",
        {
            "controlPlane": {"zones": ["az1"], "flavor": "m1.medium"},
            "pools": {"general": {"size": 3, "zones": ["az1"], "flavor": "m1.large"}},
        },
        "take controlPlane.zones out",
    ),
    "no shared volumes": ("rwxvolumes", {"storage": {"shared": {"kind": "none"}}}, 'storage.shared.kind: "cloud"'),
    "no metrics": (
        "metrics",
        {"platform": {"addons": {"metrics": {"enabled": False}}}},
        "platform.addons.metrics.enabled: true",
    ),
    "a cloud with one zone": ("multiaz", {"cloud": {**OPENSTACK["cloud"], "zones": ["nova"]}}, ""),
}


@pytest.mark.parametrize("name", ON_OPENSTACK)
def test_a_production_cloud_gets_the_same_advice_and_none_where_only_words_would_change(name: str) -> None:
    check, changes, fix = ON_OPENSTACK[name]
    description = {**OPENSTACK, **changes}
    result = advised(from_document(description).plan).result(check)
    assert result.status is Status.FAIL
    assert (result.fix if result.edits else "") == fix
    if fix:
        mended = predict(from_document(apply(description, result.edits)).plan, TODAY)
        assert mended.result(check).status is Status.PASS


def test_an_image_that_is_not_hardened_is_no_matter_of_calling_it_something_else() -> None:
    made = from_document(OPENSTACK).plan
    soft = replace(made, facts=replace(made.facts, nodes=replace(made.facts.nodes, os_image="Amazon Linux 2")))
    result = suggested(predict(soft, TODAY), soft, lambda changed: made).result("nodehardening")
    assert (result.status, result.edits) == (Status.FAIL, ())
    assert result.fix


def test_a_change_that_breaks_another_check_is_not_advised() -> None:
    made = plan(**pools(general=2))
    verdict = suggested(predict(made, TODAY), made, lambda changed: plan(controlPlane={"size": 1}))
    assert verdict.result("haworkers").edits == ()


def test_a_verdict_without_failures_is_left_alone() -> None:
    verdict = predict(plan(), TODAY)
    assert suggested(verdict, plan(), replan) is verdict


sizes = st.integers(0, 4)
some_zones = st.lists(st.sampled_from(["az1", "az2", "az3"]), max_size=3, unique=True)
a_pool = st.fixed_dictionaries({"size": sizes, "zones": some_zones})
a_scaled_pool = st.tuples(sizes, st.integers(1, 4)).map(lambda pair: scaled(min(pair), max(pair)))


@settings(max_examples=40)
@given(
    servers=st.sampled_from([1, 3, 5]),
    groups=st.dictionaries(st.sampled_from("abc"), a_pool | a_scaled_pool, min_size=1, max_size=3),
    there=st.lists(st.sampled_from(["az1", "az2", "az3"]), min_size=1, max_size=3, unique=True),
)
def test_every_change_that_is_advised_works(servers: int, groups: dict[str, Any], there: list[str]) -> None:
    for one in groups.values():
        one["zones"] = [zone for zone in one.get("zones", []) if zone in there]
    changes = {"controlPlane": {"size": servers}, "pools": groups, **zones(*there)}
    verdict = advised(plan(**changes))
    for result in verdict.failed:
        assert result.edits
        mended = after(changes, result.edits)
        assert mended.result(result.check.id).status is Status.PASS
        assert {one.check.id for one in mended.failed} < {one.check.id for one in verdict.failed}

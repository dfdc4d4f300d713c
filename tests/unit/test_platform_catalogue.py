"""Which slots there are, who fills them, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from haven_iac.errors import HavenError, SpecError
from haven_iac.facts import CloudFacts
from haven_iac.plan.build import plan
from haven_iac.platform import catalogue, slots, verification
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.versions import minors, table
from haven_iac.spec import ClusterSpec
from haven_iac.spec.known import PLATFORM_NAMESPACES, SLOTS, SYSTEM_NAMESPACES
from haven_iac.spec.platform import PodSecurity
from haven_iac.spec.rules import platform as rules
from tests.unit.platform_lab import EVERYTHING, facts, spec


def test_everything_asked_for_fills_every_slot() -> None:
    assert set(plan(spec(EVERYTHING), facts()).slots) == {slots.NAMESPACES, *SLOTS}


def test_the_names_that_a_description_may_use_are_the_slots_that_exist() -> None:
    assert set(SLOTS) == set(catalogue.addons())


def test_names_of_platform_namespaces_are_kept_from_tenants() -> None:
    used = {
        name
        for kind in ("cloud", "nfs", "longhorn")
        for one in catalogue.releases(spec(EVERYTHING, storage={"shared": {"kind": kind, "server": "nfs"}}), facts())
        for name in (one.namespace, *one.namespaces)
        if name not in SYSTEM_NAMESPACES
    }
    assert {*used, verification.NAMESPACE} == set(PLATFORM_NAMESPACES)
    with pytest.raises(SpecError, match="belongs to the platform"):
        spec(tenants={"gateway": {}})


@pytest.mark.parametrize("slot", SLOTS)
def test_a_slot_that_is_turned_off_vanishes_and_nobody_needs_it(slot: str) -> None:
    made = plan(spec(EVERYTHING, platform={"addons": {slot: {"enabled": False}}}), facts())
    assert slot not in made.slots
    everything: list[Release | Manifest] = [*made.releases, *made.manifests]
    assert all(slot not in one.needs for one in everything)


def test_a_slot_that_the_cloud_fills_is_left_to_it() -> None:
    made = plan(spec(), facts(bundled=frozenset({slots.METRICS})))
    assert made.release(slots.METRICS) is None
    assert slots.METRICS in plan(spec(), facts()).slots


@settings(max_examples=60, deadline=None)
@given(
    off=st.sets(st.sampled_from(SLOTS)),
    bundled=st.sets(st.sampled_from(SLOTS)),
    asked=st.sets(st.sampled_from(("logs", "monitoring", "backup"))),
)
def test_whatever_is_off_every_need_stands_before_who_needs_it(
    off: set[str], bundled: set[str], asked: set[str]
) -> None:
    described = spec(
        EVERYTHING,
        platform={"addons": {slot: {"enabled": False} for slot in off}},
        **{part: {"enabled": False} for part in asked},
    )
    made = plan(described, facts(bundled=frozenset(bundled)))
    order = made.slots
    assert not off & set(order)
    assert not {one.slot for one in made.releases} & bundled
    assert all(one.beside for one in made.manifests if one.slot in bundled)
    everything: list[Release | Manifest] = [*made.releases, *made.manifests]
    for one in everything:
        for need in one.needs:
            assert order.index(need) < order.index(one.slot)
    assert len({other.name for other in made.manifests}) == len(made.manifests)
    assert len({other.name for other in made.releases}) == len(made.releases)


def test_own_values_go_over_ours_and_leave_the_rest() -> None:
    own = {"loki": {"limits_config": {"max_query_lookback": "7d"}}, "read": {"replicas": 1}}
    described = spec(platform={"addons": {"logs": {"values": own}}})
    [ours] = [one for one in catalogue.releases(spec(), facts()) if one.slot == slots.LOGS]
    [theirs] = [one for one in catalogue.releases(described, facts()) if one.slot == slots.LOGS]
    assert theirs.values["loki"]["limits_config"] == {
        **ours.values["loki"]["limits_config"],
        "max_query_lookback": "7d",
    }
    assert theirs.values["read"] == {"replicas": 1}
    assert theirs.values["singleBinary"] == ours.values["singleBinary"]


def test_a_slot_that_does_not_exist_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SpecError) as caught:
        spec(platform={"addons": {"log-colector": {}, "zzz": {}}})
    close, far = sorted(caught.value.problems, key=lambda one: one.path)
    assert (close.path, close.fix) == ("platform.addons.log-colector", "did you mean log-collector?")
    assert far.what == "there is no slot zzz"
    assert "gateway" in far.fix


@dataclass
class Stranger:
    """An add-on of another package."""

    slot: str
    needs: tuple[str, ...] = ("gateway",)

    def release(self, spec: ClusterSpec, facts: CloudFacts) -> Release | None:
        """Return a chart of its own."""
        return Release(
            slot=self.slot,
            name="theirs",
            chart="theirs",
            repo="https://charts.example.nl",
            version="1.0.0",
            app_version="1.0.0",
            namespace="theirs",
            pod_security=PodSecurity.BASELINE,
            needs=self.needs,
        )

    def manifests(self, spec: ClusterSpec, facts: CloudFacts) -> list[Manifest]:
        """Return nothing."""
        return []


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Install add-ons of other packages: name of the entry point, and what it loads."""

    def installed(**found: Any) -> None:
        names = {name.replace("_", "-"): addon for name, addon in found.items()}
        points = [SimpleNamespace(name=name, value=f"pkg:{name}", load=lambda a=a: a) for name, a in names.items()]
        for module in (catalogue, rules):
            monkeypatch.setattr(module, "entry_points", lambda group: points)
        catalogue.addons.cache_clear()

    yield installed
    monkeypatch.undo()
    catalogue.addons.cache_clear()


def test_an_add_on_of_another_package_takes_the_place_of_ours(install: Any) -> None:
    install(logs=Stranger("logs"))
    [logs] = [one for one in catalogue.releases(spec(), facts()) if one.slot == slots.LOGS]
    assert logs.chart == "theirs"
    assert logs.needs == (slots.NAMESPACES, slots.GATEWAY)


def test_an_add_on_of_another_package_may_fill_a_slot_of_its_own(install: Any) -> None:
    install(object_storage=Stranger("object-storage"))
    made = plan(spec(platform={"addons": {"object-storage": {"values": {"a": 1}}}}), facts())
    release = made.release("object-storage")
    assert release is not None
    assert release.values == {"a": 1}
    assert "theirs" in [one.body["metadata"]["name"] for one in made.manifests if one.body["kind"] == "Namespace"]


def test_an_add_on_that_needs_what_nobody_fills_is_refused(install: Any) -> None:
    install(logs=Stranger("logs", ("gateway", "no-such-slot")))
    with pytest.raises(HavenError, match="for logs needs no-such-slot"):
        catalogue.releases(spec(), facts())


@pytest.mark.parametrize(
    ("name", "addon"), [("logs", object()), ("logs", Stranger("metrics")), ("namespaces", Stranger("namespaces"))]
)
def test_what_is_no_add_on_is_refused(install: Any, name: str, addon: Any) -> None:
    install(**{name: addon})
    with pytest.raises(HavenError, match="pkg:"):
        catalogue.addons()


def test_there_is_a_stand_in_for_every_chart_with_its_pinned_version() -> None:
    rows = {row.chart: row for minor in minors() for row in table(minor)}
    folders = {one.name for one in catalogue.chart_folder("loki").parent.iterdir() if one.is_dir()}
    assert folders == set(rows)
    for name, row in rows.items():
        chart = yaml.safe_load((catalogue.chart_folder(name) / "Chart.yaml").read_text())
        assert chart["name"] == name
        assert chart["version"] == f"{row.version}-stand-in"
        assert chart["appVersion"].lstrip("v") == row.app_version.lstrip("v")


def test_a_chart_without_stand_in_is_an_error_with_a_way_out() -> None:
    with pytest.raises(HavenError, match="no stand-in for the chart nothing") as caught:
        catalogue.chart_folder("nothing")
    assert caught.value.fix


def test_every_stand_in_shares_one_library() -> None:
    folder = catalogue.chart_folder("loki").parent
    library = (folder / "_stand-in.tpl").read_text()
    copies = list(folder.glob("*/templates/_*.tpl"))
    assert len(copies) == len([one for one in folder.iterdir() if one.is_dir()])
    assert all(Path(copy).read_text() == library for copy in copies)


@pytest.mark.parametrize(("charts", "expected"), [(None, True), ("upstream", False), ("stand-in", True)])
def test_stand_ins_are_used_where_the_cloud_or_the_description_says_so(charts: str | None, expected: bool) -> None:
    described = spec(platform={"charts": charts}) if charts else spec()
    made = catalogue.releases(described, facts(stand_in_charts=True))
    assert {one.stand_in for one in made} == {expected}
    [gateway_api] = [one for one in made if one.slot == slots.GATEWAY_API]
    assert bool(gateway_api.manifest) is not expected


def test_asking_twice_gives_the_same_and_changes_nothing() -> None:
    described, promised = spec(EVERYTHING), facts()
    first = catalogue.releases(described, promised)
    assert first == catalogue.releases(described, promised)
    assert first == catalogue.releases(spec(EVERYTHING), replace(promised))
    with pytest.raises(TypeError):
        catalogue.addons()["x"] = first  # type: ignore[index]

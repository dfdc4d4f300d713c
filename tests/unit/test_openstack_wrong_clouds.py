"""Clouds on which a plan cannot work, each with what is said of it; `HAVEN_UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import judge
from haven_iac.clouds.openstack.probing.judge_user_data import stand_in_keys
from haven_iac.clouds.openstack.probing.needs import needs
from haven_iac.clouds.openstack.probing.snapshot import Kind
from tests.unit.openstack_cases import GOOD, WRONG, Wrong, case, limited

GOLDEN = Path(__file__).parents[1] / "golden" / "wrong-clouds.txt"


def written(found: list[Finding]) -> str:
    """Return findings as people read them."""
    return "".join(f"  {one.severity} {one.path}: {one.what}; {one.fix}\n" for one in found)


def test_nothing_is_said_of_a_cloud_in_order() -> None:
    assert written(judge(case())) == ""


def test_there_are_enough() -> None:
    assert len(WRONG) >= 30


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_cloud_is_refused_with_a_place_and_a_way_out(name: str) -> None:
    stops = [one for one in judge(case(WRONG[name])) if one.severity == "error"]
    assert stops
    for one in stops:
        assert one.path, one
        assert one.fix, one


def test_what_is_said_of_each_is_what_was_reviewed() -> None:
    text = "\n".join(f"{name}\n{written(judge(case(wrong)))}" for name, wrong in WRONG.items())
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_many_things_are_said_at_once() -> None:
    stops = [one for one in judge(case(WRONG["seven things at once"])) if one.severity == "error"]
    assert len(stops) >= 7


def test_a_quota_that_just_suffices_is_no_finding() -> None:
    wanted = needs(case().plan, case().settings, GOOD.flavors)
    for kind, need in wanted.items():
        exact = limited(Kind(kind), 100 + need.amount, 100) if kind in list(Kind) else {}
        if kind not in (Kind.GROUP_MEMBERS, Kind.MEMBERS):
            assert judge(case(Wrong(seen=exact))) == [], kind


def test_what_the_cluster_has_already_counts() -> None:
    full = case(Wrong(seen={**limited(Kind.SERVERS, 6, 6), "existing": {Kind.SERVERS.value: 6}, "exists": True}))
    assert judge(full) == []
    grown = case(
        Wrong(
            {"pools": {"general": {"size": 5, "flavor": "m1.large"}}},
            seen={**limited(Kind.SERVERS, 7, 6), "existing": {Kind.SERVERS.value: 6}, "exists": True},
        )
    )
    [one] = judge(grown)
    assert "1 of 7 servers are left, and the cluster needs 2 more" in one.what


def test_what_cannot_be_read_is_said_and_judges_nothing() -> None:
    wrong = Wrong(seen={"flavors": (), "unreadable": {"flavors": "HTTP 500"}})
    [one] = judge(case(wrong))
    assert one.severity == "warning"
    assert "flavors could not be read (HTTP 500)" in one.what


def test_stand_in_keys_are_as_long_as_real_ones() -> None:
    from datetime import UTC, datetime

    from haven_iac.bootstrap.base import Machine
    from haven_iac.bootstrap.registry import find
    from haven_iac.keys.material import make

    spec = case().plan.spec
    machine = Machine("voorbeeldstad-control-plane-az1-1", True, True)
    real = make("voorbeeldstad-bcdfg", datetime(2026, 1, 1, tzinfo=UTC)).files
    sizes = [find("rke2").user_data(spec, machine, keys, "198.51.100.10").size for keys in (real, stand_in_keys())]
    assert set(real) == set(stand_in_keys())
    assert sizes[0] <= sizes[1] <= 1.15 * sizes[0]


def test_needs_follow_what_is_adopted() -> None:
    own = needs(case().plan, case().settings, GOOD.flavors)
    adopting = case(WRONG["an adopted subnet without DHCP"])
    less = needs(adopting.plan, adopting.settings, GOOD.flavors)
    assert {Kind.NETWORKS, Kind.SUBNETS, Kind.ROUTERS} <= set(own)
    assert not {Kind.NETWORKS, Kind.SUBNETS, Kind.ROUTERS} & set(less)


def test_a_cluster_without_octavia_needs_no_load_balancers() -> None:
    off = case(Wrong(settings={"loadBalancer": {"enabled": False}}))
    found = needs(off.plan, off.settings, GOOD.flavors)
    assert Kind.BALANCERS not in found
    assert replace(found[Kind.FLOATING_IPS]).amount == 1


def test_certificates_of_private_authorities_count_as_user_data() -> None:
    def said(mirror: dict[str, str]) -> str:
        long = WRONG["user data too long"]
        return written(judge(case(replace(long, document={**long.document, "mirror": mirror}))))

    registry = {"images": "registry.voorbeeld.nl"}
    assert "user data" in said(registry)
    assert said(registry) != said({**registry, "caSecret": "mirror-ca"})


@pytest.mark.parametrize(("address", "volumes", "warned"), [
    ("http://10.0.0.1:8080", "move", True), ("http://10.0.0.1:8080", None, True),
    ("http://10.0.0.1:8080", "snapshot", False), ("https://10.0.0.1:8080", "move", False),
])  # fmt: skip
def test_data_movers_and_object_storage_without_tls_do_not_go_together(
    address: str, volumes: str | None, warned: bool
) -> None:
    backup = {"backup": {"volumes": volumes}} if volumes else {}
    seen = {"services": GOOD.services | {"object-store"}, "s3": address}
    found = judge(case(Wrong(backup, settings={"objectStorage": {"kind": "cloud"}}, seen=seen)))
    assert [one.path for one in found] == (["backup.volumes"] if warned else [])

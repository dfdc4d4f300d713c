"""Nodes are spread evenly, and keep their names whatever happens to others."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from haven_iac.clouds.local import CLOUD
from haven_iac.plan.model import ClusterPlan, NodePlan
from haven_iac.plan.nodes import pools, rank, spread
from haven_iac.spec.load import parse

ZONES = st.lists(st.sampled_from([f"zone-{n}" for n in range(12)]), min_size=1, max_size=7, unique=True).map(tuple)
NAMES = st.sampled_from(["general", "database", "gpu", "edge", "batch"])


def nodes(zones: tuple[str, ...], sizes: dict[str, int], servers: int = 3) -> dict[str, NodePlan]:
    """Return every planned node by name."""
    document: dict[str, Any] = {
        "name": "test",
        "cloud": {"kind": "local", "zones": list(zones)},
        "controlPlane": {"size": servers},
        "pools": {name: {"size": size} for name, size in sizes.items()},
        "ingress": {"domain": "test.nl"},
    }
    spec = parse(document)
    found = [node for pool in pools(spec, CLOUD.promise(spec)) for node in pool.nodes]
    named = {node.name: node for node in found}
    assert len(named) == len(found)
    return named


@given(ZONES, st.integers(0, 60), NAMES)
def test_no_two_zones_differ_by_more_than_one(zones: tuple[str, ...], size: int, pool: str) -> None:
    counts = spread(pool, size, zones)
    assert sum(counts.values()) == size
    assert set(counts) == set(zones)
    assert max(counts.values()) - min(counts.values()) <= 1


@given(ZONES, st.integers(0, 60), NAMES)
def test_one_node_more_is_one_more_in_one_zone_and_the_same_elsewhere(
    zones: tuple[str, ...], size: int, pool: str
) -> None:
    before, after = spread(pool, size, zones), spread(pool, size + 1, zones)
    assert sorted(after[zone] - before[zone] for zone in zones) == [0] * (len(zones) - 1) + [1]


@given(ZONES, NAMES)
def test_the_order_of_zones_does_not_depend_on_how_they_are_written(zones: tuple[str, ...], pool: str) -> None:
    assert rank(pool, zones) == rank(pool, tuple(reversed(zones)))


@settings(max_examples=60, deadline=None)
@given(ZONES, st.dictionaries(NAMES, st.integers(0, 12), min_size=1), st.sampled_from([1, 3, 5]))
def test_a_pool_that_comes_or_goes_touches_no_other_node(
    zones: tuple[str, ...], sizes: dict[str, int], servers: int
) -> None:
    one, more = nodes(zones, sizes, servers), nodes(zones, {**sizes, "extra": 4}, servers)
    assert {name: more[name] for name in one} == one
    assert {node.pool for name, node in more.items() if name not in one} == {"extra"}


@settings(max_examples=60, deadline=None)
@given(ZONES, st.dictionaries(NAMES, st.integers(0, 12), min_size=1))
def test_a_zone_that_goes_takes_its_own_nodes_and_moves_no_other(zones: tuple[str, ...], sizes: dict[str, int]) -> None:
    before = nodes((*zones, "zone-gone"), sizes)
    after = nodes(zones, sizes)
    stayed = {name: node for name, node in before.items() if node.zone != "zone-gone"}
    for name, node in stayed.items():
        assert after[name].labels == node.labels
        assert after[name].zone == node.zone


@settings(max_examples=60, deadline=None)
@given(ZONES, st.dictionaries(NAMES, st.integers(0, 12), min_size=1))
def test_a_zone_that_comes_takes_nodes_over_and_renames_none(zones: tuple[str, ...], sizes: dict[str, int]) -> None:
    before, after = nodes(zones, sizes), nodes((*zones, "zone-new"), sizes)
    assert {name for name, node in after.items() if node.zone != "zone-new"} <= set(before)


@settings(max_examples=40, deadline=None)
@given(ZONES, st.dictionaries(NAMES, st.integers(1, 12), min_size=1), NAMES)
def test_a_node_that_goes_is_the_last_of_its_zone(zones: tuple[str, ...], sizes: dict[str, int], pool: str) -> None:
    sizes = {**sizes, pool: 5}
    before, after = nodes(zones, sizes), nodes(zones, {**sizes, pool: 4})
    gone = [node for name, node in before.items() if name not in after]
    assert len(gone) == 1
    assert gone[0].pool == pool
    assert set(after) < set(before)
    peers = [n.ordinal for n in before.values() if (n.pool, n.zone) == (pool, gone[0].zone)]
    assert gone[0].ordinal == max(peers)


@given(ZONES, st.sampled_from([1, 3, 5, 7]))
@settings(max_examples=40, deadline=None)
def test_exactly_one_server_is_the_first(zones: tuple[str, ...], servers: int) -> None:
    found = nodes(zones, {"general": 3}, servers)
    assert [node.pool for node in found.values() if node.first] == ["control-plane"]


def test_a_plan_is_the_same_each_time() -> None:
    def plan() -> ClusterPlan:
        from haven_iac.prepare import from_document

        from_document.__globals__["_from_json"].cache_clear()
        return from_document(
            {"name": "a", "cloud": {"kind": "local"}, "pools": {"b": {}}, "ingress": {"domain": "test.nl"}}
        ).plan

    assert plan() == plan()

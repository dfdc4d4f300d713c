"""The keys that charts know: whose they are, and what is said of others."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml

from haven_iac.errors import SpecError
from haven_iac.platform import catalogue, keys
from haven_iac.platform.versions import minors, table
from haven_iac.prepare import from_document
from tests.unit.platform_lab import EVERYTHING, PLAIN, facts, spec

NO_VALUES = {"gateway-api"}
"""Stand-ins of what upstream publishes as a plain file."""
CHARTS = sorted({row.chart for minor in minors() for row in table(minor)} - NO_VALUES)


@pytest.mark.parametrize("chart", CHARTS)
def test_the_keys_are_those_of_the_version_on_the_newest_minor(chart: str) -> None:
    schema = json.loads((catalogue.chart_folder(chart) / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    [pinned] = [row.version for row in table(minors()[-1]) if row.chart == chart]
    assert schema["$comment"].startswith(f"The keys of {chart} {pinned};")
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("chart", CHARTS)
def test_a_stand_in_reads_only_keys_that_the_real_chart_has(chart: str) -> None:
    defaults = yaml.safe_load((catalogue.chart_folder(chart) / "values.yaml").read_text())
    assert not keys.strange(chart, defaults)


def test_what_the_engine_checks_is_what_we_check() -> None:
    for one in catalogue.releases(spec(EVERYTHING), facts()):
        if schema := keys.schema(one.chart):
            assert jsonschema.Draft7Validator(schema).is_valid(json.loads(json.dumps(dict(one.values))))
            broken = {**one.values, "noSuchKey": 1}
            assert not jsonschema.Draft7Validator(schema).is_valid(json.loads(json.dumps(broken)))
            assert [found.path for found in keys.strange(one.chart, broken)] == [("noSuchKey",)]


@pytest.mark.parametrize(
    ("chart", "values", "path", "fix"),
    [
        ("traefik", {"deployment": {"replicaz": 3}}, ("deployment", "replicaz"), "did you mean replicas?"),
        ("traefik", {"replicas": 3}, ("replicas",), "did you mean deployment.replicas?"),
        ("loki", {"singlebinary": {}}, ("singlebinary",), "did you mean singleBinary?"),
        ("traefik", {"ports": {"mine": {"prot": 1}}}, ("ports", "mine", "prot"), "did you mean port?"),
        ("kube-prometheus-stack", {"grafana": {"ldap": {"x": 1}}}, ("grafana", "ldap", "x"), "known here: "),
    ],
)
def test_a_key_that_a_chart_does_not_know_comes_with_the_nearest(
    chart: str, values: dict[str, Any], path: tuple[str, ...], fix: str
) -> None:
    [found] = keys.strange(chart, values)
    assert found.path == path
    assert found.fix.startswith(fix)


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ("traefik", {"ports": {"mine": {"port": 1234}}, "resources": {"limits": {"x": 1}}}),
        ("loki", {"loki": {"limits_config": {"anything_of_loki": 1}, "structuredConfig": {"a": {"b": 1}}}}),
        ("kube-prometheus-stack", {"grafana": {"grafana.ini": {"auth.azuread": {"enabled": True}}}}),
        ("no-such-chart", {"anything": 1}),
    ],
)
def test_below_a_map_that_is_the_users_own_everything_is_taken(chart: str, values: dict[str, Any]) -> None:
    assert keys.strange(chart, values) == []


def test_a_value_of_the_wrong_type_is_said() -> None:
    [found] = keys.strange("traefik", {"deployment": {"replicas": "3"}})
    assert (found.what, found.fix) == ("needs a whole number, got text", "write a whole number")


def test_everything_that_is_strange_is_said_at_once_before_anything_is_planned() -> None:
    own = {"gateway": {"values": {"x": 1, "y": 2}}, "metrics": {"values": {"z": 3}}, "policy": {"values": {"a": 1}}}
    with pytest.raises(SpecError) as caught:
        from_document({**PLAIN, "platform": {"addons": own}})
    paths = {one.path for one in caught.value.problems}
    assert paths == {
        "platform.addons.gateway.values.x",
        "platform.addons.gateway.values.y",
        "platform.addons.metrics.values.z",
        "platform.addons.policy.values",
    }

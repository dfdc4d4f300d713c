"""Everything that Prometheus is asked, by alerts and by dashboards, is a question that it understands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest

from haven_iac.platform import catalogue
from tests.unit.platform_lab import EVERYTHING, facts, spec


def asked(value: Any) -> Iterator[str]:
    """Yield every expression in a document, in dashboards that are texts too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "expr":
                yield str(inner)
            else:
                yield from asked(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from asked(inner)
    elif isinstance(value, str) and value.startswith("{") and '"expr"' in value:
        yield from asked(json.loads(value))


def expressions() -> list[str]:
    described, promised = spec(EVERYTHING), facts()
    releases = catalogue.releases(described, promised)
    manifests = catalogue.manifests(described, promised, releases)
    bodies = [*(dict(one.values) for one in releases), *(dict(one.body) for one in manifests)]
    return sorted(set(asked(json.loads(json.dumps(bodies)))))


def test_there_are_alerts_and_panels() -> None:
    assert len(expressions()) > 60


@pytest.mark.parametrize("expression", expressions())
def test_it_is_promql(expression: str) -> None:
    promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def test_what_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("sum(rate(up[5m])")

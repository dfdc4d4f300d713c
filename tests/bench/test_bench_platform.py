"""The values of the whole platform for one cluster: how quickly they are there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from haven_iac.platform import catalogue
from tests.unit.platform_lab import EVERYTHING, facts, spec

pytestmark = pytest.mark.bench

MOST_MILLISECONDS = 50
MOST = 5
"""What rendering may take in proportion to writing the result down as JSON."""


def took(work: Callable[[], Any]) -> float:
    """Return the shortest of some runs, in milliseconds of this process's own time."""
    times = []
    for _ in range(15):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times) * 1000


def test_the_values_of_a_whole_platform_are_there_at_once() -> None:
    described, promised = spec(EVERYTHING), facts()

    def render() -> list[Any]:
        releases = catalogue.releases(described, promised)
        manifests = catalogue.manifests(described, promised, releases)
        return [*(dict(one.values) for one in releases), *(dict(one.body) for one in manifests)]

    began = time.process_time()
    made = render()
    first = (time.process_time() - began) * 1000
    again = took(render)
    written = took(lambda: json.dumps(made))
    ratio = again / written
    print(f"values of one platform: {first:.1f} ms the first time, {again:.1f} ms again, {ratio:.1f} times writing it")
    assert first < MOST_MILLISECONDS
    assert again < MOST_MILLISECONDS
    assert ratio < MOST

"""Command and engine killed at twenty moments over create, change and destroy: what is there in the end is one cluster,
and after it nothing.

The moments differ in every run; HAVEN_KILL_SEED repeats one.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.lab.stacks import everything, killed, named, project

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3600)]

KILLS = 20
CREATE, DESTROY = 8, 6
SEED = int(os.environ.get("HAVEN_KILL_SEED") or secrets.randbelow(10**6))


def test_twenty_kills_leave_one_cluster_and_then_nothing(cloud: Any, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    before = everything(cloud)
    count = 0
    with project(tmp_path / "project") as stack:
        for _ in range(CREATE):
            print(f"seed {SEED}: kill {count + 1} while it is made")
            count += killed(stack, rng.uniform(2, 30), "up", "--yes")
        stack.run("up", "--yes")
        stack.run("up", "--yes", "--expect-no-changes")
        assert [name for name, times in Counter(named(cloud)).items() if times > 1] == []

        while count < KILLS - DESTROY:
            print(f"seed {SEED}: kill {count + 1} while it is changed")
            size = 4 if count % 2 else 3
            stack.edit(pools={"general": {"size": size, "labels": {"round": str(count)}}})
            count += killed(stack, rng.uniform(2, 15), "up", "--yes", "--allow-disruption")
        stack.edit(pools={"general": {"size": 3, "labels": {"round": "last"}}})
        stack.run("up", "--yes", "--allow-disruption")
        stack.run("up", "--yes", "--expect-no-changes")
        assert len(list(cloud.compute.servers())) == 6
        assert [name for name, times in Counter(named(cloud)).items() if times > 1] == []

        while count < KILLS and (stack.state / "state").is_dir():
            print(f"seed {SEED}: kill {count + 1} while it is destroyed")
            count += killed(stack, rng.uniform(2, 12), "destroy", "--yes")
        if (stack.state / "state").is_dir():
            stack.run("destroy", "--yes")
        assert everything(cloud) - before == set()
    assert count >= KILLS - 1

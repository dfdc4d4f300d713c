"""How long `up` takes on the lab in proportion to what the cloud itself takes, and what it asks of it; printed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from haven_iac.lab.requests import counted, of_services, read
from tests.lab.conftest import Inside
from tests.lab.stacks import project

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]

MOST = 1.2
"""What making the cluster may take in proportion to its own longest chain of calls and boots."""


def test_making_a_cluster_takes_little_more_than_the_cloud_does(lab: Inside, cloud: Any, tmp_path: Path) -> None:
    with project(tmp_path / "project") as stack:
        began = time.time()
        found = stack.json("up", "--yes")
        whole = counted(one for one in read(lab.lab.place, began) if not of_services(one))
        began = time.time()
        stack.run("up", "--yes", "--expect-no-changes")
        idle = counted(one for one in read(lab.lab.place, began) if not of_services(one))
    for what, each in (("up", whole), ("up without a change", idle)):
        total = sum(sum(services.values()) for services in each.values())
        print(f"{what}: {total} requests to the cloud: {each}")
    for one in found["criticalPath"]:
        print(f"waited {one['waited']:5.2f} s, took {one['seconds']:5.2f} s: {one['name']} ({one['type']})")
    chain = [one for one in found["criticalPath"] if one["type"].startswith("openstack:") or "ApiReady" in one["type"]]
    theirs = sum(one["seconds"] for one in chain)
    ends = {one["phase"]: one for one in found["phases"]}
    ours = ends["nodes"]["to"] - ends["keys"]["from"]
    print(f"cluster: {ours:.1f} s; the cloud's own chain: {theirs:.1f} s; ratio {ours / theirs:.2f}")
    assert ours / theirs < MOST

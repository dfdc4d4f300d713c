"""Servers that are lost: the cluster keeps its majority, and what comes back joins it; there is never a second one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.api import Kube
from tests.engine.stack import Stack
from tests.lab.stacks import project, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def stack(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a cluster that runs."""
    with project(tmp_path_factory.mktemp("loss") / "project") as made:
        made.run("up", "--yes")
        yield made


@pytest.fixture(scope="module")
def api(stack: Stack) -> Kube:
    """Give the cluster's API, as an administrator."""
    return Kube(stack.run("kubeconfig", "--ttl", "2h").stdout)


def born(api: Kube) -> str:
    """Return what only this cluster has."""
    return str(api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])


def lose(cloud: Any, *parts: str) -> set[str]:
    """Delete servers behind everybody's back; return the names of those that have one of these in their name."""
    gone = [one for one in cloud.compute.servers() if any(part in one.name for part in parts)]
    for one in gone:
        cloud.compute.delete_server(one)
    assert settled(lambda: not [one for one in cloud.compute.servers() if one.id in {lost.id for lost in gone}])
    return {one.name for one in gone}


def silent(stack: Stack) -> bool:
    """Return whether the cluster's API does not answer."""
    status = stack.start("status")
    status.communicate(timeout=60)
    return status.returncode == 10


def back(stack: Stack, api: Kube, cloud: Any) -> None:
    """Let the product mend it, and look at all that should be there."""
    stack.run("refresh")
    stack.run("up", "--yes", "--allow-disruption")
    nodes = list(api.items("/api/v1/nodes"))
    assert len(nodes) == 6
    servers = {one.id for one in cloud.compute.servers()}
    assert len(servers) == 6
    assert {one["spec"]["providerID"].rsplit("/", 1)[-1] for one in nodes} == servers

    def ready() -> bool:
        found = [one["status"]["conditions"] for one in api.items("/api/v1/nodes")]
        return all(any(c["type"] == "Ready" and c["status"] == "True" for c in each) for each in found)

    assert settled(ready)
    stack.run("up", "--yes", "--expect-no-changes")


@pytest.mark.parametrize(
    "parts",
    [("control-plane-az1",), ("general-az2",), ("az3",)],
    ids=["the first server", "a node", "a zone"],
)
def test_what_was_lost_joins_again(stack: Stack, api: Kube, cloud: Any, parts: tuple[str, ...]) -> None:
    uid = born(api)
    assert lose(cloud, *parts)
    assert born(api) == uid
    back(stack, api, cloud)
    assert born(api) == uid


def test_machines_that_were_all_switched_off_are_named_and_come_back_by_themselves(
    stack: Stack, api: Kube, cloud: Any
) -> None:
    uid, machines = born(api), list(cloud.compute.servers())
    for one in machines:
        cloud.compute.stop_server(one)
    assert settled(lambda: all(one.status == "SHUTOFF" for one in cloud.compute.servers()))
    assert settled(lambda: silent(stack))
    for command, status in ((("status",), 10), (("up", "--yes"), 5)):
        said = stack.run(*command, expect=status).stderr
        assert "6 of its 6 machines are switched off" in said, said
        assert "openstack server start" in said
        assert "resource monitor" not in said
    for one in machines:
        cloud.compute.start_server(one)
    assert settled(lambda: not silent(stack), 180)
    assert born(api) == uid
    stack.run("up", "--yes", "--expect-no-changes")

"""What goes wrong in the cloud while a cluster is made: its cause, the machine's own words, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.stack import Stack
from tests.lab.conftest import Inside
from tests.lab.stacks import everything, project

pytestmark = [pytest.mark.lab, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def stack(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a project whose cluster is made bit by bit, by runs that are all struck but the last."""
    before = everything(cloud)
    with project(tmp_path_factory.mktemp("faults") / "project") as made:
        yield made
        made.run("destroy", "--yes")
        assert everything(cloud) - before == set()


STRIKES = [
    ("network-conflict", {"path": "/v2.0/subnets"}, ("Neutron", "another request")),
    ("http", {"service": "network", "path": ".*security-group-rules", "method": "POST", "status": "503"}, ("Neutron",)),
    ("balancer-stuck", {"name": "api", "seconds": "5"}, ("Octavia", "ERROR")),
    ("compute-quota", {"name": "control-plane-az2"}, ("Nova", "uota")),
    ("compute-error", {"name": "general-az1"}, ("Nova", "500")),
    ("server-error", {"name": "control-plane-az3"}, ("control-plane-az3", "ERROR")),
]


@pytest.mark.parametrize(("kind", "given", "words"), STRIKES, ids=[one[0] for one in STRIKES])
def test_each_gives_its_cause_and_the_next_run_goes_on(
    stack: Stack, lab: Inside, kind: str, given: dict[str, str], words: tuple[str, ...]
) -> None:
    fault = lab.faults.add(kind, given, times=1)
    try:
        done = stack.run("up", "--yes", expect=5)
    finally:
        [left] = [one for one in lab.faults.all() if one.id == fault.id]
        lab.faults.remove([fault.id])
    assert left.hits
    said = done.stderr.splitlines()[-1]
    assert all(word in said for word in words), said
    assert "again" in said or "plan --online" in said, said


def test_a_machine_that_never_boots_is_named_with_the_end_of_its_console(stack: Stack, lab: Inside) -> None:
    stack.edit(cloud={"settings": {"bootTimeout": "1m"}})
    fault = lab.faults.add("machine-never-boots", {"name": "general-az3"}, times=1)
    try:
        done = stack.run("up", "--yes", expect=5)
    finally:
        lab.faults.remove([fault.id])
    assert "voorbeeldstad-general-az3-1 did not join within 60 s" in done.stderr
    assert "Linux version" in done.stderr or "Booting" in done.stderr, done.stderr


def test_what_was_struck_comes_up_in_the_end(stack: Stack, lab: Inside) -> None:
    lab.faults.add("api-late", {"seconds": "20"}, times=1)
    lab.faults.add("token-expiry", {"seconds": "20"})
    try:
        stack.run("up", "--yes")
    finally:
        lab.faults.remove()
    stack.run("up", "--yes", "--expect-no-changes")

"""What goes wrong in the cloud while a cluster is made: its cause, the machine's own words, and how to go on."""

from __future__ import annotations

import re
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


MAKING = [
    ("network-conflict", {"path": "/v2.0/subnets"}, ("Neutron", "another request")),
    ("balancer-stuck", {"name": "api", "seconds": "5"}, ("Octavia", "ERROR")),
]
GROWING = [
    ("compute-quota", {"name": "general-az.-2"}, ("general-az", "Nova", "uota")),
    ("compute-error", {"name": "general-az.-2"}, ("general-az", "Nova", "500")),
    ("server-error", {"name": "general-az.-2"}, ("general-az", "Nova could not start it")),
]


def struck(stack: Stack, lab: Inside, kind: str, given: dict[str, str], words: tuple[str, ...]) -> None:
    """Let something go wrong while `up` runs; it has to say what, and how to go on."""
    # Nova tries a server that fails on other hosts.
    fault = lab.faults.add(kind, given, times=None if kind == "server-error" else 1)
    try:
        done = stack.run("up", "--yes", expect=5)
    finally:
        [left] = [one for one in lab.faults.all() if one.id == fault.id]
        lab.faults.remove([fault.id])
    assert left.hits
    said = done.stderr.splitlines()
    told = next(line for line in said if line.startswith("HVN"))
    assert all(word in told for word in words), told
    assert any("again" in line or "plan --online" in line for line in said), said


@pytest.mark.parametrize(("kind", "given", "words"), MAKING, ids=[one[0] for one in MAKING])
def test_while_it_is_made(stack: Stack, lab: Inside, kind: str, given: dict[str, str], words: tuple[str, ...]) -> None:
    struck(stack, lab, kind, given, words)


def test_preview_tells_what_will_be_made_anew(stack: Stack) -> None:
    assert "could not finish" in stack.run("preview").stderr
    [balancer] = [one for one in stack.json("preview")["steps"] if one["type"].endswith(":LoadBalancer")]
    assert "replace" in balancer["op"]


def test_it_comes_up_with_a_late_api_and_tokens_that_end_soon(stack: Stack, lab: Inside) -> None:
    lab.faults.add("api-late", {"seconds": "20"}, times=1)
    lab.faults.add("token-expiry", {"seconds": "20"})
    try:
        stack.run("up", "--yes")
    finally:
        lab.faults.remove()
    stack.run("up", "--yes", "--expect-no-changes")


@pytest.mark.parametrize(("kind", "given", "words"), GROWING, ids=[one[0] for one in GROWING])
def test_while_it_grows(stack: Stack, lab: Inside, kind: str, given: dict[str, str], words: tuple[str, ...]) -> None:
    stack.edit(pools={"general": {"size": 4 + [one[0] for one in GROWING].index(kind)}})
    struck(stack, lab, kind, given, words)


def test_a_machine_that_never_boots_is_named_with_the_end_of_its_console(stack: Stack, lab: Inside) -> None:
    stack.edit(cloud={"settings": {"bootTimeout": "1m"}}, pools={"general": {"size": 7}})
    fault = lab.faults.add("machine-never-boots", {"name": "general-az.-3"}, times=1)
    try:
        done = stack.run("up", "--yes", expect=5)
    finally:
        lab.faults.remove([fault.id])
    assert re.search(r"voorbeeldstad-general-az.-3 did not join within 60 s", done.stderr)
    assert "Linux version" in done.stderr or "Booting" in done.stderr, done.stderr

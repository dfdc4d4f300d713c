"""`up` killed at different moments: the next one converges, and nothing is left over."""

from __future__ import annotations

import signal

import pytest

from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

MOMENTS = ("keys", "control plane", "nodes", "platform: certificates", "platform: monitoring")


def test_killed_at_any_moment_the_next_up_converges(stack: Stack) -> None:
    for moment in MOMENTS:
        stack.kill_when(moment, "up", "--yes")
    stack.run("up", "--yes")
    stack.run("verify", "--strict")
    stack.run("up", "--expect-no-changes")
    stack.run("destroy", "--yes")
    assert stack.processes() == []
    assert not stack.state.exists()


def test_ctrl_c_stops_cleanly_and_the_next_up_goes_on(stack: Stack) -> None:
    stack.kill_when("platform: namespaces", "up", "--yes", number=signal.SIGINT)
    assert not list((stack.state / "state" / ".pulumi" / "locks").rglob("*.json"))
    done = stack.run("up", "--yes")
    assert "cut short" not in done.stderr
    stack.run("destroy", "--yes")


def test_a_stack_that_is_being_worked_on_says_by_whom(stack: Stack) -> None:
    first = stack.start("up", "--yes")
    assert first.stderr is not None
    for line in first.stderr:
        if "control plane" in line:
            break
    refused = stack.run("up", "--yes", expect=6)
    assert "locked by" in refused.stderr
    assert "process" in refused.stderr
    first.communicate(timeout=300)
    assert first.returncode == 0
    stack.run("destroy", "--yes")


def test_destroy_that_was_killed_can_be_run_again(stack: Stack) -> None:
    stack.run("up", "--yes")
    stack.kill_when("platform", "destroy", "--yes")
    stack.run("destroy", "--yes")
    assert stack.processes() == []
    assert not stack.state.exists()

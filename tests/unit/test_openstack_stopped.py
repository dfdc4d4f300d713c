"""Which machines are switched off, when a cluster's API says nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from haven_iac.clouds.base import Explained
from haven_iac.clouds.openstack import stopped
from haven_iac.errors import CloudLoginError
from tests.unit.openstack_cases import case


def said(monkeypatch: pytest.MonkeyPatch, **statuses: str) -> Explained | None:
    """Return what is said of a cloud whose machines are as given: all ACTIVE, but for those with this in their name."""
    plan, settings, closed = case().plan, case().settings, []

    def status(name: str) -> str:
        return next((found for part, found in statuses.items() if part.replace("_", "-") in name), "ACTIVE")

    machines = [SimpleNamespace(name=node.name, status=status(node.name)) for node in plan.nodes]
    others = [SimpleNamespace(name=f"{plan.spec.name}-of-somebody-else", status="SHUTOFF")]
    compute = SimpleNamespace(servers=lambda **_: [*machines, *others])
    cloud = SimpleNamespace(compute=compute, close=lambda: closed.append(True))
    monkeypatch.setattr(stopped, "connect", lambda _: cloud)
    found = stopped.explain(plan, settings)
    assert closed
    return found


def test_machines_that_are_off_are_named_with_what_starts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = said(monkeypatch, control_plane="SHUTOFF")
    assert found
    assert "3 of its 6 machines are switched off" in found.what
    assert found.fix.count("control-plane") == 3
    assert "somebody-else" not in found.fix


@pytest.mark.parametrize("status", ["ACTIVE", "BUILD", "REBUILD", "VERIFY_RESIZE", "ERROR"])
def test_a_machine_that_is_not_off_is_not_called_so(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    assert said(monkeypatch, control_plane=status) is None


def test_a_node_that_is_off_does_not_explain_a_silent_api(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, general="SHUTOFF") is None


def test_a_cloud_that_cannot_be_asked_explains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise CloudLoginError("no")

    monkeypatch.setattr(stopped, "connect", refuse)
    assert stopped.explain(case().plan, case().settings) is None

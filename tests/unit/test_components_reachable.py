"""A preview does not ask an API that has never answered."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from haven_iac.components import reachable


async def _unknown() -> bool:
    return False


async def _text() -> str:
    return "kubeconfig"


@pytest.mark.parametrize(
    ("ready", "answers", "known"),
    [(True, False, True), (False, True, True), (False, False, False)],
    ids=["it has answered before", "it answers now", "it never answered"],
)
def test_the_way_is_known_to_a_preview_only_where_it_leads_somewhere(
    monkeypatch: pytest.MonkeyPatch, ready: bool, answers: bool, known: bool
) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(reachable, "_answers", lambda kubeconfig: answers)

    async def look() -> bool:
        answered = pulumi.Output.from_input("yes") if ready else pulumi.Output(set(), _text(), _unknown())
        return await reachable.reachable(pulumi.Output.from_input("kubeconfig"), answered).is_known()

    assert asyncio.run(look()) is known


def test_a_run_always_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)

    async def look() -> bool:
        given = pulumi.Output.from_input("kubeconfig")
        return reachable.reachable(given, pulumi.Output(set(), _text(), _unknown())) is given

    assert asyncio.run(look())

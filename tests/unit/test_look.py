"""A look before a run: placed in the description, remembered for a while, and never in the way of a preview."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from haven_iac import look
from haven_iac.clouds.base import Finding
from haven_iac.prepare import Prepared, prepare
from haven_iac.project import Project
from haven_iac.spec.problems import dotted, path_of

ROOT = Path(__file__).parents[2]
WRONG = Finding("error", "there is none", "take another", "pools.general.labels[tier]")


class Seen:
    """A cloud that finds what it is told to."""

    def __init__(self, cloud: Any, *found: Finding) -> None:
        self._cloud, self.found, self.looks = cloud, list(found), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cloud, name)

    def probe(self, plan: Any) -> list[Finding]:
        self.looks += 1
        return self.found


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.delenv(look.SWITCH, raising=False)
    found = prepare(Project(ROOT), "local")
    return replace(found, project=Project(tmp_path), cloud=Seen(found.cloud))  # type: ignore[arg-type]


def looked(ready: Prepared) -> int:
    return ready.cloud.looks  # type: ignore[attr-defined,no-any-return]


def finding(ready: Prepared, *found: Finding) -> Prepared:
    ready.cloud.found = list(found)  # type: ignore[attr-defined]
    return ready


@pytest.mark.parametrize(
    "path", [("cloud", "zones", 1), ("pools", "general", "labels", "example.nl/tier"), ("name",), ("cloud", "settings")]
)
def test_a_written_path_leads_back_to_its_place(path: tuple[str | int, ...]) -> None:
    assert path_of(dotted(path)) == path


def test_a_finding_has_the_file_and_line_it_is_about(ready: Prepared) -> None:
    [one] = look.problems(ready, [WRONG])
    lines = (ROOT / one.file).read_text().splitlines() if not Path(one.file).is_absolute() else []
    assert one.file.endswith("Pulumi.local.yaml")
    assert one.line > 0
    assert not lines or "general" in lines[one.line - 1] or "tier" in lines[one.line - 1]
    assert str(one).endswith("pools.general.labels[tier]: there is none; take another")


def test_a_clean_look_saves_the_next(ready: Prepared) -> None:
    assert not look.is_fresh(ready, 60)
    assert look.find(ready) == []
    assert look.is_fresh(ready, 60)
    assert not look.is_fresh(ready, 0)
    assert look.Looking(ready, 60).end() == []
    assert looked(ready) == 1


def test_what_was_found_wrong_is_looked_at_again(ready: Prepared) -> None:
    finding(ready, WRONG)
    assert look.find(ready) == [WRONG]
    assert not look.is_fresh(ready, 60)
    assert look.refusal(ready, look.find(ready)) is not None


def test_another_description_or_account_is_looked_at_again(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    look.find(ready)
    other = replace(ready, spec=ready.spec.model_copy(update={"name": "ander"}))
    assert not look.is_fresh(other, 60)
    monkeypatch.setenv("OS_CLOUD", "another")
    assert not look.is_fresh(ready, 60)


def test_a_warning_stops_nothing(ready: Prepared) -> None:
    finding(ready, replace(WRONG, severity="warning"))
    assert look.refusal(ready, look.find(ready)) is None
    assert look.is_fresh(ready, 60)


def test_somebody_who_knows_better_can_go_on(ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    finding(ready, WRONG)
    monkeypatch.setenv(look.SWITCH, "warn")
    assert look.refusal(ready, look.find(ready)) is None
    monkeypatch.setenv(look.SWITCH, "off")
    assert look.find(ready) == []
    assert looked(ready) == 1


def test_a_look_goes_on_beside_other_work(ready: Prepared) -> None:
    begun, go = threading.Event(), threading.Event()

    def probe(plan: Any) -> list[Finding]:
        begun.set()
        go.wait(10)
        return [WRONG]

    ready.cloud.probe = probe  # type: ignore[method-assign]
    looking = look.Looking(ready, 60)
    assert begun.wait(10)
    go.set()
    assert looking.end() == [WRONG]

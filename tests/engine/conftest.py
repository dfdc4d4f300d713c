"""Projects of their own for tests that run the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.stack import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Give a project with one stack; whatever is left of it is ended and removed."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Stack(folder)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a cluster that is up, for the tests of one file."""
    folder = tmp_path_factory.mktemp("running") / "project"
    folder.mkdir()
    made = Stack(folder)
    made.run("up", "--yes")
    yield made
    made.remove()

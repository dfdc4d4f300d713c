"""The tutorial does what it says: its commands are run, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.stack import commands_of, typed

pytestmark = pytest.mark.engine


def test_every_command_of_the_tutorial_works(tmp_path: Path) -> None:
    commands = commands_of("tutorial.md")
    assert len(commands) > 8
    for words in commands:
        typed(words, tmp_path)
    assert not (tmp_path / ".haven-iac").exists()

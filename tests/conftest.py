"""What holds for every test."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Nobody's own data decides what a test says.
os.environ["HAVEN_DATA"] = os.devnull
# A busy machine makes no property false.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, and all of the lab, so that what they share is started once."""
    for item in items:
        group = "lab" if "lab" in item.path.parent.parts else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))

"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# Nobody's own data decides what a test says.
os.environ["HAVEN_DATA"] = os.devnull
# A busy machine makes no property false.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

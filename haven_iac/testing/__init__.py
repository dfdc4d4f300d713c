"""For the tests of components and adapters, ours and a stranger's."""

from haven_iac.testing.runner import Recorded, run

__all__ = ["Recorded", "run"]

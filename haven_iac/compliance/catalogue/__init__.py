"""The checks and what they compare with, as dated data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.compliance.model import Check

CURRENT = "12.8"
STALE = timedelta(days=90)


@dataclass(frozen=True)
class Inputs:
    """What the checks compare with."""

    as_of: date
    hardened: dict[str, str]
    read_write_many: frozenset[str]
    conformance: dict[str, frozenset[str]]

    def hardening(self, os_image: str) -> str:
        """Return the kernel hardening of an operating system, or nothing when it is not known."""
        return next((kind for name, kind in self.hardened.items() if os_image.startswith(name)), "")


def _read(name: str) -> Any:
    import yaml

    return yaml.safe_load((Path(__file__).parent / name).read_text())


@lru_cache(maxsize=4)
def checks(version: str = CURRENT) -> tuple[Check, ...]:
    """Return the checks of one version of the checker, in its order."""
    return tuple(Check(**entry) for entry in _read(f"haven-{version}.yaml")["checks"])


@lru_cache(maxsize=1)
def inputs() -> Inputs:
    """Return what the checks compare with."""
    data = _read("inputs.yaml")
    return Inputs(
        date.fromisoformat(data["asOf"]),
        dict(data["hardened"]),
        frozenset(data["readWriteMany"]),
        {name: frozenset(minors) for name, minors in data["conformance"].items()},
    )


def stale(today: date, as_of: date) -> str:
    """Return a warning when dated data is older than 90 days, else nothing."""
    age = today - as_of
    return f"the data behind these checks is {age.days} days old (of {as_of})" if age > STALE else ""

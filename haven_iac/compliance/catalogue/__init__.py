"""The checks and what they compare with, as dated data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.compliance.model import Check

CURRENT = "12.8"
STALE = timedelta(days=90)


@dataclass(frozen=True)
class Words:
    """How a workload is recognised by its name."""

    names: tuple[str, ...]
    excluded: frozenset[str]

    def match(self, name: str) -> bool:
        """Return whether a name holds one of the names, dash by dash, and no excluded word."""
        if self.excluded & set(name.split("-")):
            return False
        return any(f"-{word}-" in f"-{name}-" for word in self.names)


@dataclass(frozen=True)
class Conformance:
    """Where results of one platform are published."""

    directory: str
    minors: frozenset[str]
    proven: bool
    """The checker is known to look there for this platform."""


@dataclass(frozen=True)
class Inputs:
    """What the checks compare with."""

    as_of: date
    hardened: Mapping[str, str]
    not_hardened: tuple[str, ...]
    read_write_many: tuple[str, ...]
    read_write_once: tuple[str, ...]
    managed: frozenset[str]
    conformance: Mapping[str, Conformance]
    workloads: Mapping[str, Words]

    def hardening(self, os_image: str) -> str | None:
        """Return the kernel hardening of an operating system: empty when it has none, None when it is not known."""
        if any(_starts(os_image, name) for name in self.not_hardened):
            return ""
        return next((kind for name, kind in self.hardened.items() if _starts(os_image, name)), None)

    def many(self, provisioner: str) -> bool | None:
        """Return whether volumes of a provisioner can be written by many nodes; None when it is not known."""
        if _ends(provisioner, self.read_write_many):
            return True
        return False if _ends(provisioner, self.read_write_once) else None


def _starts(os_image: str, name: str) -> bool:
    image, start = os_image.lower(), name.lower()
    return image.startswith(start) and not image[len(start) : len(start) + 1].isalnum()


def _ends(provisioner: str, known: Iterable[str]) -> bool:
    return any(provisioner == name or provisioner.endswith((f".{name}", f"/{name}")) for name in known)


def _read(name: str) -> Any:
    import yaml

    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(__file__).parent / name).read_bytes()
    return yaml.load(text, Loader=loader)  # noqa: S506 - it is the safe loader, in C where there is one


@lru_cache(maxsize=4)
def checks(version: str = CURRENT) -> tuple[Check, ...]:
    """Return the checks of one version of the checker, in its order."""
    return tuple(Check(**entry) for entry in _read(f"haven-{version}.yaml")["checks"])


@lru_cache(maxsize=1)
def inputs() -> Inputs:
    """Return what the checks compare with."""
    data = _read("inputs.yaml")
    return Inputs(
        as_of=date.fromisoformat(data["asOf"]),
        hardened=dict(data["hardened"]),
        not_hardened=tuple(data["notHardened"]),
        read_write_many=tuple(data["readWriteMany"]),
        read_write_once=tuple(data["readWriteOnce"]),
        managed=frozenset(data["managed"]),
        conformance={
            name: Conformance(one["directory"], frozenset(one["minors"]), one["proven"])
            for name, one in data["conformance"].items()
        },
        workloads={
            part: Words(tuple(words["names"]), frozenset(words["not"])) for part, words in data["workloads"].items()
        },
    )


def stale(today: date, as_of: date) -> str:
    """Return a warning when dated data is older than 90 days, else nothing."""
    age = today - as_of
    return f"the data behind these checks is {age.days} days old (of {as_of})" if age > STALE else ""

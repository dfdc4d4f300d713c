"""What the checks compare with, from the dated data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from haven_iac import dated


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
class Managed:
    """A platform that runs the control plane itself."""

    known: bool
    """The checker knows it by name."""
    why: str


@dataclass(frozen=True)
class Inputs:
    """What the checks compare with."""

    hardened: Mapping[str, str]
    not_hardened: tuple[str, ...]
    read_write_many: tuple[str, ...]
    read_write_once: tuple[str, ...]
    managed: Mapping[str, Managed]
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


def inputs() -> Inputs:
    """Return what the checks compare with.

    Raises:
        DataError: data of the user's own cannot be used.
    """
    return _inputs(
        *(dated.topic(name) for name in ("conformance", "hardening", "provisioners", "platforms", "workloads"))
    )


@lru_cache(maxsize=4)
def _inputs(*topics: dated.Topic) -> Inputs:
    conformance, hardening, provisioners, platforms, workloads = (one.content for one in topics)
    return Inputs(
        hardened=dict(hardening["hardened"]),
        not_hardened=tuple(hardening["notHardened"]),
        read_write_many=tuple(provisioners["readWriteMany"]),
        read_write_once=tuple(provisioners["readWriteOnce"]),
        managed={name: Managed(one["known"], one["why"]) for name, one in platforms["managed"].items()},
        conformance={name: _conformance(one) for name, one in conformance["results"].items()},
        workloads={
            part: Words(tuple(words["names"]), frozenset(words["not"])) for part, words in workloads["parts"].items()
        },
    )


def _conformance(one: Mapping[str, Any]) -> Conformance:
    return Conformance(one["directory"], frozenset(one["minors"]), one["proven"])

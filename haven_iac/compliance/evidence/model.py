"""A result of the checker, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from haven_iac.compliance.catalogue import List


class Answer(StrEnum):
    """What the checker says of one check."""

    YES = "YES"
    NO = "NO"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"


class Source(StrEnum):
    """How a result came here."""

    RUN = "run"
    """haven-iac ran the checker itself."""
    FILE = "file"
    """Somebody gave a file; where that came from cannot be seen in it."""
    CLUSTER = "cluster"
    """An object that the checker, or anybody with the right to write one, left in the cluster."""


@dataclass(frozen=True)
class Said:
    """The checker's answer to one check."""

    id: str
    """Of our catalogue where it is known there, else as the checker prints it."""
    label: str
    category: str
    answer: Answer
    mandatory: bool
    known: bool
    """Our catalogue has it."""


@dataclass(frozen=True)
class Run:
    """One run of the checker, as its output has it."""

    version: str
    """Of the checker, without a `v`."""
    started: datetime
    ended: datetime
    answers: tuple[Said, ...]
    """In the checker's own order, the suggested checks last."""
    list: List
    """The list of checks it goes by."""
    newer: bool
    """Its version is newer than any that this package knows."""
    config: Mapping[str, Any]
    """What the checker was asked to do, as it says."""

    def answer(self, check: str) -> Said | None:
        """Return the answer to one check, or None when it was not asked."""
        return next((one for one in self.answers if one.id == check), None)

    @property
    def mandatory(self) -> tuple[Said, ...]:
        """Return the answers that count."""
        return tuple(one for one in self.answers if one.mandatory)

    @property
    def strange(self) -> tuple[Said, ...]:
        """Return the answers to checks that our catalogue does not have."""
        return tuple(one for one in self.answers if not one.known)


@dataclass(frozen=True)
class Binary:
    """The checker that was run."""

    name: str
    """Name of its file."""
    sha256: str
    listed: str
    """Which entry of the list of releases has this hash; empty when no list was given."""


@dataclass(frozen=True)
class Evidence:
    """One run of the checker with everything that is known about it."""

    run: Run
    source: Source
    sha256: str
    """Of the checker's output, byte by byte."""
    taken: datetime
    """When it came here."""
    cluster: str
    """Identity of the cluster it is about: the uid of its namespace kube-system; empty when that was not known."""
    spec: str
    """Hash of the description at that time; empty when there was none."""
    binary: Binary | None = None
    host: str = ""
    """API that the checker looked at, where its output says so."""
    name: str = ""
    """Of the file or object that it is kept in."""

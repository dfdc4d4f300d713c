"""What a rule comes to, and how rules say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from haven_iac.compliance.model import Status
from haven_iac.compliance.subject import NodeSeen, Seen
from haven_iac.compliance.words import Said, said

PASS, FAIL, NEEDS_EVIDENCE = Status.PASS, Status.FAIL, Status.NEEDS_EVIDENCE
RUN = said("fix.run")


@dataclass(frozen=True)
class Outcome:
    """What a rule comes to."""

    status: Status
    reason: Said
    fix: str = ""
    """A sentence, or empty."""
    objects: tuple[str, ...] = ()
    """What it rests on."""
    flaw: str = ""
    """What is not as it should be although the check passes: a sentence, or empty."""
    ours: bool = False
    """The description of the cluster decides this: where it is right already, `up` mends the cluster."""


def labels(nodes: Iterable[NodeSeen]) -> tuple[str, ...]:
    """Return nodes as objects of a result."""
    return tuple(f"Node/{node.name}" for node in nodes)


def objects(found: Iterable[Seen]) -> tuple[str, ...]:
    """Return what runs as objects of a result."""
    return tuple(seen.label for seen in found)


def count(number: int, noun: str) -> Said:
    """Return a number with its noun: node, server, worker, zone or minor."""
    return said(f"count.{noun}", n=number)

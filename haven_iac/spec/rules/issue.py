"""What a rule finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.problems import Code, Path


@dataclass(frozen=True)
class Issue:
    """Something that does not go together with something else."""

    path: Path
    """Where the person should look first."""
    what: str
    fix: str
    also: tuple[Path, ...] = ()
    """Other places that it rests on."""
    code: Code = Code.CROSS


Rule = Callable[[ClusterSpec], Iterator[Issue]]

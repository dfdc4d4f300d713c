"""Rules across fields: what no single field can tell.

Every rule is a pure function from a description to what is wrong; all rules always run.
"""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.errors import Problem
from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.problems import Located, Path, problem
from haven_iac.spec.rules import addresses, kubernetes, nodes, platform, services
from haven_iac.spec.rules.issue import Issue, Rule

RULES: tuple[Rule, ...] = (*addresses.RULES, *kubernetes.RULES, *nodes.RULES, *platform.RULES, *services.RULES)

__all__ = ["RULES", "Issue", "broken"]


def broken(
    spec: ClusterSpec, source: Located | None = None, dropped: Sequence[Path] = (), *, nodes_there: bool = False
) -> list[Problem]:
    """Return what does not go together.

    Args:
        spec: the description.
        source: where it was written.
        dropped: paths whose value was taken out because it was wrong by itself; nothing is said about those.
        nodes_there: the cluster has its nodes already, so that no pool is needed.
    """
    found = [issue for rule in RULES if not (nodes_there and rule is nodes.pools_given) for issue in rule(spec)]
    return [
        problem(issue.code, issue.path, issue.what, issue.fix, source)
        for issue in found
        if not any(_touches(path, gone) for path in (issue.path, *issue.also) for gone in dropped)
    ]


def _touches(path: Path, gone: Path) -> bool:
    shorter = min(len(path), len(gone))
    return path[:shorter] == gone[:shorter]

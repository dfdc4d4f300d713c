"""Other catalogues that a cluster can be judged by, beside the checks of the standard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from haven_iac.compliance import bio2
from haven_iac.compliance.live import Documents
from haven_iac.compliance.model import Fact, Verdict
from haven_iac.errors import ReportError
from haven_iac.plan.model import ClusterPlan

Judge = Callable[[ClusterPlan, Sequence[Fact], Documents | None, date], Verdict]

PROFILES: Mapping[str, Judge] = {"bio2": bio2.judge}
"""By the name that `--profile` takes."""


def judged(
    names: Sequence[str], plan: ClusterPlan, security: Sequence[Fact], documents: Documents | None, today: date
) -> tuple[Verdict, ...]:
    """Return the verdicts by other catalogues.

    Args:
        names: of the catalogues.
        plan: what was planned.
        security: what is known about security.
        documents: what the API returned; None where nobody looked.
        today: the day.

    Raises:
        ReportError: there is no such catalogue.
    """
    return tuple(PROFILES[name](plan, security, documents, today) for name in dict.fromkeys(known(names)))


def known(names: Sequence[str]) -> Sequence[str]:
    """Return names of catalogues, as they were written.

    Raises:
        ReportError: there is no such catalogue.
    """
    for name in names:
        if name not in PROFILES:
            raise ReportError(f"there is no catalogue {name[:40]!r}", fix=f"known are {', '.join(PROFILES)}")
    return names

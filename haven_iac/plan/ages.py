"""How old a cluster's versions are: what is pinned, what is behind, and when Kubernetes leaves Haven's window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.versions import ChartVersion, Newest, pinned, read
from haven_iac.versions import minors

STALE = timedelta(days=90)
"""After this the data themselves should be looked up again."""


@dataclass(frozen=True)
class Window:
    """Where a Kubernetes minor stands in the window of Haven's check kubernetesversion."""

    minor: str
    newest: str
    """Newest stable minor on the day of the data."""
    behind: int
    """Minors behind the newest."""
    allowed: int
    leaves: date
    """First day outside: known where the release is, else reckoned from the pace of releases."""
    reckoned: bool
    released: date | None
    as_of: date


@dataclass(frozen=True)
class Age:
    """One chart."""

    slot: str
    chart: str
    pinned: ChartVersion | None
    """None for the chart of an add-on of another package."""
    version: str
    newest: Newest | None

    @property
    def behind(self) -> bool:
        """Return whether something newer was published: of the chart, or of what it installs."""
        if self.newest is None or self.pinned is None:
            return False
        return self.newest.version != self.pinned.version or bool(self.newest.app_version)


@dataclass(frozen=True)
class Ages:
    """Everything that ages."""

    window: Window
    charts: tuple[Age, ...]
    as_of: date
    """Day on which the newest charts were looked up."""
    source: str


def ages(plan: ClusterPlan) -> Ages:
    """Return how old a plan's versions are; pure: the day of today is the reader's own."""
    table, minor = read(), plan.spec.kubernetes.version
    found = []
    for release in plan.releases:
        try:
            row = pinned(minor, release.chart)
        except KeyError:
            row = None
        found.append(Age(release.slot, release.chart, row, release.version, table.newest.get(release.chart)))
    return Ages(window(minor), tuple(found), table.as_of, table.source)


def window(minor: str) -> Window:
    """Return where a minor stands in Haven's window."""
    known = minors()
    leaves = known.leaves(minor)
    return Window(
        minor=minor,
        newest=known.newest,
        behind=known.lag(minor),
        allowed=known.behind,
        leaves=leaves,
        reckoned=leaves not in known.released.values(),
        released=known.released.get(minor),
        as_of=known.as_of,
    )


def stale(found: Ages, today: date) -> list[str]:
    """Return which data are too old to judge by."""
    days = {"newest charts": found.as_of, "Kubernetes minors": found.window.as_of}
    return [
        f"the data on {name} are of {day}, {(today - day).days} days ago: look them up again"
        for name, day in days.items()
        if today - day > STALE
    ]

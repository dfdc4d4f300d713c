"""`haven-iac versions`: what is pinned, what is behind, and when the cluster leaves Haven's window."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from haven_iac.cli.options import JsonOption, StackOption, console, emit

if TYPE_CHECKING:
    from haven_iac.plan.ages import Age, Ages, Window


def versions(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Show which version of everything a stack gets, what was published since, and how long its Kubernetes is allowed.

    It looks nowhere: what is newest stands in dated data of this package, and the dates are shown.
    """
    from haven_iac.cli import run
    from haven_iac.plan.ages import ages

    found, today = ages(run.prepared(stack).plan), date.today()
    if as_json:
        emit(_document(found, today))
    else:
        _show(found, today)


def _left(window: Window, today: date) -> int:
    return (window.leaves - today).days


def _document(found: Ages, today: date) -> dict[str, Any]:
    from haven_iac.plan.ages import stale

    window = found.window
    return {
        "kubernetes": {
            "version": window.minor,
            "released": window.released,
            "newest": window.newest,
            "behind": window.behind,
            "allowed": window.allowed,
            "leavesWindow": window.leaves,
            "reckoned": window.reckoned,
            "daysLeft": _left(window, today),
            "asOf": window.as_of,
        },
        "charts": [_chart(one) for one in found.charts],
        "asOf": found.as_of,
        "source": found.source,
        "stale": stale(found, today),
    }


def _chart(one: Age) -> dict[str, Any]:
    return {
        "slot": one.slot,
        "chart": one.chart,
        "version": one.version,
        "appVersion": one.pinned.app_version if one.pinned else None,
        "published": one.pinned.published if one.pinned else None,
        "source": one.pinned.source if one.pinned else None,
        "newest": one.newest.version if one.newest else None,
        "newestPublished": one.newest.published if one.newest else None,
        "newestAppVersion": (one.newest.app_version or None) if one.newest else None,
        "behind": one.behind,
        "note": one.newest.note if one.newest else "",
    }


def _show(found: Ages, today: date) -> None:
    from rich.table import Table
    from rich.text import Text

    from haven_iac.plan.ages import stale

    out, window = console(), found.window
    about = "about " if window.reckoned else ""
    left = _left(window, today)
    when = f"leaves Haven's window {about}{window.leaves} (in {left} days)"
    if left <= 0:
        when = f"has been outside Haven's window since {about}{window.leaves}"
    out.print(f"Kubernetes {window.minor}, {window.behind} behind {window.newest} ({window.allowed} allowed): {when}")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("slot", "chart", "pinned", "of", "installs", "newest", "of", "says"):
        table.add_column(name)
    for one in found.charts:
        cells = [
            one.slot,
            one.chart,
            one.version,
            one.pinned.published if one.pinned else "",
            one.pinned.app_version if one.pinned else "",
            one.newest.version if one.newest else "not known",
            one.newest.published if one.newest else "",
            _says(one),
        ]
        style = "yellow" if one.behind else ""
        table.add_row(*(Text(str(cell), style=style) for cell in cells))
    out.print(table)
    out.print(f"newest as of {found.as_of}: {found.source}", style="dim", markup=False)
    for warning in stale(found, today):
        out.print(f"warning: {warning}", style="yellow", markup=False)


def _says(one: Age) -> str:
    if not one.behind or one.newest is None:
        return one.newest.note if one.newest else ""
    further = f"behind; {one.newest.app_version} is out" if one.newest.app_version else "behind"
    return f"{further}; {one.newest.note}" if one.newest.note else further

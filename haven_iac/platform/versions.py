"""Which version of each chart goes with which Kubernetes minor, with dates and sources; from one data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.versions import number

FILE = Path(__file__).parents[1] / "data" / "charts.yaml"


@dataclass(frozen=True)
class ChartVersion:
    """One pinned chart."""

    chart: str
    version: str
    app_version: str
    published: date
    repo: str
    """https URL of a chart repository, or the oci:// prefix that the chart's name is put after."""
    manifest: str = ""
    """URL of a plain YAML file, where upstream publishes no chart."""
    images: tuple[str, ...] = ()
    """What our values make it start: `registry/path:tag`, with `@sha256:` where the digest is known."""
    source: str = ""
    """Where its versions are published."""


@dataclass(frozen=True)
class Newest:
    """The newest release of a chart on the day of the table."""

    version: str
    published: date
    app_version: str = ""
    """Newest version of what it installs, where that is further than the chart."""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """All that is pinned."""

    as_of: date
    """Day on which the newest releases were looked up."""
    source: str
    rows: Mapping[str, Mapping[str, ChartVersion]]
    """By Kubernetes minor, oldest first, and by chart."""
    newest: Mapping[str, Newest]
    """By chart."""


@lru_cache(maxsize=1)
def read() -> Table:
    """Return the table."""
    import yaml

    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(FILE.read_bytes(), Loader=loader)  # noqa: S506 - it is the safe loader, in C where there is one
    return of(data)


def of(data: Mapping[str, Any]) -> Table:
    """Return the table in a document.

    Raises:
        KeyError: a minor names a chart or a version that the document does not describe.
    """
    charts = data["charts"]
    rows: dict[str, dict[str, ChartVersion]] = {}
    above: Mapping[str, ChartVersion] = {}
    for minor in sorted(data["minors"], key=number, reverse=True):
        own = {chart: _row(chart, charts[chart], version) for chart, version in (data["minors"][minor] or {}).items()}
        above = rows[minor] = {**above, **own}
    return Table(
        as_of=date.fromisoformat(data["asOf"]),
        source=data["source"],
        rows={minor: rows[minor] for minor in sorted(rows, key=number)},
        newest={chart: _newest(about["newest"]) for chart, about in charts.items()},
    )


def _row(chart: str, about: Mapping[str, Any], version: str) -> ChartVersion:
    found = about["versions"][version]
    return ChartVersion(
        chart=chart,
        version=version,
        app_version=str(found["app"]),
        published=date.fromisoformat(found["published"]),
        repo=about.get("repo", ""),
        manifest=about.get("manifest", "").format(version=version),
        images=tuple(found["images"]),
        source=about["source"],
    )


def _newest(found: Mapping[str, Any]) -> Newest:
    day = date.fromisoformat(found["published"])
    return Newest(found["version"], day, str(found.get("app", "")), found.get("note", ""))


def minors() -> tuple[str, ...]:
    """Return the Kubernetes minors that have a row, oldest first."""
    return tuple(read().rows)


def pinned(minor: str, chart: str) -> ChartVersion:
    """Return the version of a chart for one Kubernetes minor.

    A minor without a row of its own takes the nearest newer row, else the newest.

    Raises:
        KeyError: no such chart.
    """
    return _rows(minor)[chart]


def table(minor: str) -> tuple[ChartVersion, ...]:
    """Return every chart that goes with one Kubernetes minor, by name."""
    rows = _rows(minor)
    return tuple(rows[chart] for chart in sorted(rows))


def _rows(minor: str) -> Mapping[str, ChartVersion]:
    every = read().rows
    row = next((name for name in every if number(name) >= number(minor)), list(every)[-1])
    return every[row]

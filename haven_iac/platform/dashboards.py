"""Dashboards for Grafana, out of a few words a panel: JSON in ConfigMaps that its sidecar picks up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from haven_iac.platform.common import NS_MONITORING

LABEL = {"grafana_dashboard": "1"}
"""By this label Grafana's sidecar knows a dashboard."""
WIDTH = 24
"""Columns of a dashboard."""
_SCHEMA = 39
_SOURCES = {"prometheus": "prometheus", "loki": "loki"}


@dataclass(frozen=True)
class Panel:
    """One question, with its answer as a line, a number or a table."""

    title: str
    queries: tuple[tuple[str, str], ...]
    """Query in PromQL, and the legend of what it gives."""
    kind: str = "timeseries"
    """timeseries, stat, table, bargauge, or logs."""
    unit: str = "short"
    """As Grafana calls it: percentunit, bytes, s, short, reqps..."""
    width: int = 12
    """Columns, of 24."""
    warn: float | None = None
    """From here on it is yellow."""
    bad: float | None = None
    """From here on it is red; below it when it is less than `warn`."""
    about: str = ""
    """What to do about it."""


def stat(title: str, query: str, *, unit: str = "short", warn: float | None = None, bad: float | None = None) -> Panel:
    """Return a panel with one number; four of them make a row."""
    return Panel(title, ((query, ""),), "stat", unit, WIDTH // 4, warn, bad)


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    name: str
    """Lower-case letters and dashes; part of its address."""
    title: str
    panels: tuple[Panel, ...]


@lru_cache(maxsize=32)
def _text(board: Board) -> str:
    return json.dumps(document(board), separators=(",", ":"), sort_keys=True)


def config_map(board: Board) -> dict[str, Any]:
    """Return the ConfigMap of a dashboard."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"dashboard-{board.name}", "namespace": NS_MONITORING, "labels": dict(LABEL)},
        "data": {f"{board.name}.json": _text(board)},
    }


def document(board: Board) -> dict[str, Any]:
    """Return a dashboard as Grafana reads it."""
    return {
        "uid": f"haven-iac-{board.name}",
        "title": board.title,
        "tags": ["haven-iac"],
        "timezone": "browser",
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "schemaVersion": _SCHEMA,
        "panels": list(_placed(board.panels)),
        "templating": {"list": []},
        "annotations": {"list": []},
    }


def _placed(panels: Sequence[Panel]) -> Iterator[dict[str, Any]]:
    """Yield the panels from left to right, in rows."""
    x = y = tallest = 0
    for number, panel in enumerate(panels, 1):
        height = 4 if panel.kind == "stat" else 8
        if x + panel.width > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        yield {"id": number, "gridPos": {"x": x, "y": y, "w": panel.width, "h": height}, **_panel(panel)}
        x, tallest = x + panel.width, max(tallest, height)


def _panel(panel: Panel) -> dict[str, Any]:
    source = "loki" if panel.kind == "logs" else "prometheus"
    at = {"type": source, "uid": _SOURCES[source]}
    targets = [
        {"refId": chr(ord("A") + number), "datasource": at, "expr": query, "legendFormat": legend, **_when(panel.kind)}
        for number, (query, legend) in enumerate(panel.queries)
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": at,
        "targets": targets,
        "fieldConfig": {"defaults": {"unit": panel.unit, "thresholds": _thresholds(panel)}, "overrides": []},
        "options": {},
    }


def _when(kind: str) -> dict[str, Any]:
    """Return whether a query is asked for a span of time or for now."""
    if kind in ("timeseries", "logs"):
        return {}
    return {"instant": True, "range": False, "format": "table" if kind == "table" else "time_series"}


def _thresholds(panel: Panel) -> dict[str, Any]:
    """Return from which value on it is yellow or red; where less is worse, the other way round."""
    warn, bad = panel.warn, panel.bad
    if warn is not None and bad is not None and bad < warn:
        steps: list[tuple[str, float | None]] = [("red", None), ("yellow", bad), ("green", warn)]
    else:
        steps = [("green", None)]
        steps += [("yellow", warn)] if warn is not None else []
        steps += [("red", bad)] if bad is not None else []
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for colour, value in steps]}

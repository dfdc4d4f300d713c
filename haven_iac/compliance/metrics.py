"""Picks a few metrics out of the many that an API server has; the text form of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator

from haven_iac.compliance.live import Metric
from haven_iac.compliance.security.access import METRICS

_LINE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>[-+.\deENaInf]+)(?: \d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def chosen(text: str) -> Iterator[Metric]:
    """Yield the metrics that are looked at; what cannot be read is left out."""
    for line in text.splitlines():
        if not line.startswith(METRICS):
            continue
        found = _LINE.fullmatch(line)
        if found and found["name"] in METRICS:
            try:
                yield found["name"], dict(_LABEL.findall(found["labels"] or "")), float(found["value"])
            except ValueError:
                continue

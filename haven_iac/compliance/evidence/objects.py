"""The objects of kind Compliancy that the checker leaves in the cluster, as results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from haven_iac.compliance.evidence.model import Evidence, Source
from haven_iac.compliance.evidence.parse import clean, load, moment, of_document
from haven_iac.errors import EvidenceError

GROUP = "haven.commonground.nl"
VERSION = "v1alpha1"
PLURAL = "compliancies"


def read(found: Iterable[Mapping[str, Any]], cluster: str, now: datetime) -> tuple[list[Evidence], list[EvidenceError]]:
    """Return the results in the cluster, the newest first, and why others could not be used.

    Args:
        found: the objects, as the API has them.
        cluster: identity of the cluster.
        now: nothing can have ended after it.
    """
    good, bad = [], []
    for one in found:
        try:
            good.append(_one(one, cluster, now))
        except EvidenceError as error:
            bad.append(error)
    return sorted(good, key=lambda one: one.run.ended, reverse=True), bad


def _one(found: Mapping[str, Any], cluster: str, now: datetime) -> Evidence:
    about, spec = found.get("metadata") or {}, found.get("spec") or {}
    name = f"Compliancy/{clean(about.get('name', ''), 100)}"
    output = spec.get("output")
    if isinstance(output, str):
        output = load(output.encode(), name)
    if not isinstance(output, dict):
        raise EvidenceError(f"{name} has no output of the checker in it", fix="run the checker again")
    whole = _whole(spec, output)
    raw = json.dumps(output, sort_keys=True, separators=(",", ":")).encode()
    return Evidence(
        run=of_document(whole, name, now),
        source=Source.CLUSTER,
        sha256=hashlib.sha256(raw).hexdigest(),
        taken=moment(spec.get("created")) or moment(about.get("creationTimestamp")) or now,
        cluster=cluster,
        spec="",
        host=clean((spec.get("input") or {}).get("kubeHost", ""), 200),
        name=name,
    )


_BESIDE: Sequence[tuple[str, str]] = (
    ("version", "Version"),
    ("Compliant".lower(), "HavenCompliant"),
    ("created", "StopTS"),
)
"""Keys of the object that say what the output may leave out, and the keys of the output."""


def _whole(spec: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, Any]:
    """Return the output with what the object says beside it, where the output itself does not."""
    low = {key.lower() for key in output}
    whole = dict(output)
    for key, shown in _BESIDE:
        if shown.lower() not in low and key in spec:
            whole[shown] = spec[key]
    if "startts" not in low and "stopts" not in low and "created" in spec:
        whole["startTS"] = spec["created"]
    return whole

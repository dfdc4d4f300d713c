"""What each verify saw, kept small: as files beside the project, and in the cluster itself."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from haven_iac.compliance.dossier import Dossier
from haven_iac.compliance.evidence.parse import moment
from haven_iac.compliance.model import Status
from haven_iac.compliance.proof import State
from haven_iac.compliance.words import Said, said
from haven_iac.errors import ReportError
from haven_iac.kube import Kube, KubeError
from haven_iac.platform.common import PRIORITY
from haven_iac.platform.verification import RECORDS
from haven_iac.spec.model import duration

KIND = "haven-iac record"
SCHEMA = 1
NAMESPACE = "kube-system"
NAME = RECORDS
"""Of the ConfigMap with the records of a cluster."""
OWNER = PRIORITY
"""PriorityClass of our platform: when the stack is destroyed, the records go with it."""
KEPT = 60
"""Records in the ConfigMap; older ones go."""
FILES = 500
"""Records beside a project; older ones go."""
LAST = "last"

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Changed:
    """One thing that is not what it was."""

    subject: str
    """Id of a check or of a fact about security; or spec, kubernetes, proof, catalogue, identity."""
    aspect: str
    """predicted, observed, evidence, security, or what the subject itself is."""
    before: str
    now: str

    @property
    def text(self) -> Said:
        """Return it as a sentence."""
        say = _state if self.aspect == "proof" else _word
        return said(f"history.{self.aspect}", subject=self.subject, before=say(self.before), now=say(self.now))


def _word(value: str) -> str:
    """Return a value as it is said; a status with a mark has a flaw."""
    if not value:
        return said("history.nothing")
    plain = value.rstrip("!")
    known = said(f"verdict.{plain}") if plain in [one.value for one in Status] else plain
    return said("history.flawed", status=known) if value.endswith("!") else known


def _state(value: str) -> str:
    return said(f"state.{value}") if value in [one.value for one in State] else _word(value)


def record(found: Dossier) -> dict[str, Any]:
    """Return what is kept of a dossier."""
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "at": found.about.made.astimezone(UTC).isoformat(timespec="microseconds"),
        "cluster": found.about.cluster,
        "stack": found.about.stack,
        "identity": found.about.identity,
        "spec": found.about.spec,
        "kubernetes": found.about.kubernetes,
        "program": found.about.program,
        "catalogue": found.predicted.catalogue,
        "simulated": found.simulated,
        "proof": found.proof.state.value,
        "checks": {
            line.check.id: {
                "predicted": line.predicted.status.value,
                "observed": (line.observed.status.value + ("!" if line.observed.flaw else "")) if line.observed else "",
                "evidence": line.evidence.answer.value if line.evidence else "",
            }
            for line in found.lines
        },
        "security": {one.id: one.look.value for one in found.security},
    }


def changes(before: Record, now: Record) -> tuple[Changed, ...]:
    """Return what is not what it was, the checks first."""
    found = []
    old, new = before["checks"], now["checks"]
    for check in dict.fromkeys([*new, *old]):
        for aspect in ("predicted", "observed", "evidence"):
            was, is_ = (str(one.get(check, {}).get(aspect, "")) for one in (old, new))
            if was != is_:
                found.append(Changed(check, aspect, was, is_))
    for fact in dict.fromkeys([*now["security"], *before["security"]]):
        was, is_ = (str(one["security"].get(fact, "")) for one in (before, now))
        if was != is_:
            found.append(Changed(fact, "security", was, is_))
    for key in ("proof", "kubernetes", "spec", "catalogue", "identity"):
        was, is_ = str(before.get(key, "")), str(now.get(key, ""))
        if was != is_:
            found.append(Changed(key, key, was[:12], is_[:12]))
    return tuple(found)


def at(one: Record) -> datetime:
    """Return when a record was made."""
    return moment(one["at"]) or datetime.min.replace(tzinfo=UTC)


def _key(one: Record) -> str:
    """Return what a record is kept under: its moment, so fine that two in one second stay two."""
    return f"{at(one):%Y%m%dT%H%M%S.%fZ}"


def checked(text: str, now: datetime) -> str:
    """Return what is to be compared with, as it was written.

    Raises:
        ReportError: it is neither a day that has come, nor a time, nor `last`.
    """
    if text != LAST:
        _until(text, now)
    return text


def since(records: Iterable[Record], text: str, now: datetime) -> Record | None:
    """Return the record to compare with: the newest one up to a day; the oldest where all are younger.

    Args:
        records: in any order.
        text: a day as 2026-11-01, a time that has passed since as 7d, or `last`.
        now: the time.

    Raises:
        ReportError: the text is none of these, or a day that has not come.
    """
    ordered = sorted(records, key=at)
    if text == LAST:
        return ordered[-1] if ordered else None
    until = _until(text, now)
    earlier = [one for one in ordered if at(one) <= until]
    return earlier[-1] if earlier else next(iter(ordered), None)


def _until(text: str, now: datetime) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            if day > now.date():
                raise ReportError(f"{text} has not come yet", fix=f"today is {now.date()} (UTC)")
            return datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(seconds=1)
        return now - duration(text)
    except (ValueError, OverflowError):
        fix = f"write a day such as 2026-11-01, a time such as 7d, or {LAST}"
        raise ReportError(f"{text[:40]!r} is no moment to compare with", fix=fix) from None


def valid(value: Any) -> bool:
    """Return whether a document is a record that can be compared."""
    if not isinstance(value, dict) or value.get("kind") != KIND or value.get("schema") != SCHEMA:
        return False
    checks, security = value.get("checks"), value.get("security")
    whole = isinstance(checks, dict) and all(isinstance(one, dict) for one in checks.values())
    return whole and isinstance(security, dict) and moment(value.get("at")) is not None


# Beside the project


def keep(folder: Path, one: Record) -> Path:
    """Write a record to a file of its own; the oldest go when there are very many.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{_key(one)}.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(one, indent=1) + "\n", encoding="utf-8")
    os.replace(new, file)
    for old in sorted(folder.glob("*.json"))[:-FILES]:
        old.unlink(missing_ok=True)
    return file


def read(folder: Path) -> list[Record]:
    """Return the records in a folder, the oldest first; what cannot be read is left out."""
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            one = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if valid(one):
            found.append(one)
    return found


# In the cluster

_CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "namespace": NAMESPACE}}


def of_cluster(kube: Kube) -> list[Record]:
    """Return the records that are kept in the cluster, the oldest first; none where they may not be read."""
    try:
        found = kube.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}")
    except KubeError as error:
        if error.status == 403:
            return []
        raise
    records = []
    for text in ((found or {}).get("data") or {}).values():
        try:
            one = json.loads(text)
        except ValueError:
            continue
        if valid(one):
            records.append(one)
    return sorted(records, key=at)


def keep_in_cluster(kube: Kube, one: Record) -> bool:
    """Add a record to those in the cluster; return False where the credential may not.

    Raises:
        KubeError: the API refused for another reason.
    """
    key, text = _key(one), json.dumps(one, separators=(",", ":"))
    try:
        found = kube.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{NAME}")
        if found is None:
            kube.create({**_CONFIG_MAP, "metadata": {**_metadata(), **_owned(kube)}, "data": {key: text}})
            return True
        there = sorted({*(found.get("data") or {}), key})
        kube.merge(_CONFIG_MAP, {"data": {key: text, **dict.fromkeys(there[:-KEPT])}})
    except KubeError as error:
        if error.status == 403:
            return False
        raise
    return True


def _metadata() -> dict[str, Any]:
    return {"name": NAME, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "haven-iac"}}


def _owned(kube: Kube) -> dict[str, Any]:
    """Return what lets the records go when the stack does."""
    try:
        owner = kube.get(f"/apis/scheduling.k8s.io/v1/priorityclasses/{OWNER}")
    except KubeError:
        owner = None
    if not owner:
        return {}
    reference = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "name": OWNER,
        "uid": owner["metadata"]["uid"],
    }
    return {"ownerReferences": [reference]}

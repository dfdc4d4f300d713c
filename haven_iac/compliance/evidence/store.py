"""Keeps results of the checker beside the project, with their hash, so that a later change is seen."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from haven_iac.compliance.evidence.model import Binary, Evidence, Source
from haven_iac.compliance.evidence.parse import MOST, load, moment, parse
from haven_iac.errors import EvidenceError

KIND = "haven-iac evidence"
SCHEMA = 1

AGAIN = "remove the file, and run the checker again"


def take(
    raw: bytes,
    *,
    name: str,
    source: Source,
    now: datetime,
    cluster: str = "",
    spec: str = "",
    binary: Binary | None = None,
) -> Evidence:
    """Return a result with what is known about it.

    Args:
        raw: the checker's JSON.
        name: of the file it came in, for messages.
        source: how it came here.
        now: the time.
        cluster: identity of the cluster it is about.
        spec: hash of the description.
        binary: the checker that was run.

    Raises:
        EvidenceError: it cannot be used.
    """
    run = parse(raw, name, now)
    digest = hashlib.sha256(raw).hexdigest()
    return Evidence(run, source, digest, now, cluster, spec, binary, name=name)


def save(folder: Path, evidence: Evidence, raw: bytes) -> Path:
    """Keep a result; the same output is kept once.  Returns the file.

    Raises:
        EvidenceError: the folder cannot be written.
    """
    short = evidence.sha256[:12]
    file = folder / f"{evidence.run.ended:%Y%m%dT%H%M%SZ}-{short}.json"
    if file.exists():
        return file
    document: dict[str, Any] = {
        "kind": KIND,
        "schema": SCHEMA,
        "source": evidence.source.value,
        "taken": evidence.taken.isoformat(),
        "cluster": evidence.cluster,
        "spec": evidence.spec,
        "binary": asdict(evidence.binary) if evidence.binary else None,
        "sha256": evidence.sha256,
        "output": raw.decode("utf-8", errors="strict"),
    }
    document["seal"] = _seal(document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=folder, prefix=".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                json.dump(document, out, indent=1, ensure_ascii=False)
                out.write("\n")
                out.flush()
                os.fsync(out.fileno())
            os.chmod(new, 0o644)
            os.replace(new, file)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EvidenceError(
            f"{folder} cannot be written: {error.strerror}", fix="make room, or look at its owner"
        ) from None
    return file


def read(folder: Path, now: datetime) -> tuple[list[Evidence], list[EvidenceError]]:
    """Return the results in a folder, the newest first, and why others could not be used."""
    good, bad = [], []
    for file in sorted(folder.glob("*.json")):
        try:
            good.append(_one(file, now))
        except EvidenceError as error:
            bad.append(error)
    return sorted(good, key=lambda one: one.run.ended, reverse=True), bad


def _one(file: Path, now: datetime) -> Evidence:
    raw = given(file)
    document = load(raw, file.name)
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise EvidenceError(f"{file.name} is not kept by haven-iac", fix="give it with `haven-iac verify --evidence`")
    if document.get("schema") != SCHEMA:
        raise EvidenceError(f"{file.name} was kept by another version of haven-iac", fix=AGAIN)
    output, digest = document.get("output"), document.get("sha256")
    whole = isinstance(output, str) and hashlib.sha256(output.encode()).hexdigest() == digest
    if not isinstance(output, str) or not whole or document.get("seal") != _seal(document):
        raise EvidenceError(f"{file.name} was changed after it was kept: its hash is another one", fix=AGAIN)
    binary = document.get("binary")
    try:
        return Evidence(
            run=parse(output.encode(), file.name, now),
            source=Source(document["source"]),
            sha256=str(digest),
            taken=moment(document["taken"]) or now,
            cluster=str(document["cluster"]),
            spec=str(document["spec"]),
            binary=Binary(**{key: str(value) for key, value in binary.items()}) if binary else None,
            name=file.name,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EvidenceError(f"{file.name} was changed after it was kept: parts of it are missing", fix=AGAIN) from None


def _seal(document: dict[str, Any]) -> str:
    """Return a hash of everything else in a file: it tells a slip of the hand, and proves nothing against a forger."""
    rest = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def given(file: Path) -> bytes:
    """Return the content of a file, if it can be a result.

    Raises:
        EvidenceError: it cannot be read, or is too large.
    """
    try:
        with file.open("rb") as source:
            raw = source.read(MOST * 2 + 1)
    except OSError as error:
        raise EvidenceError(f"{file} cannot be read: {error.strerror}", fix="name another file") from None
    if len(raw) > MOST * 2:
        raise EvidenceError(
            f"{file} has more than {MOST * 2} bytes", fix="give the checker's own output, and nothing else"
        )
    return raw


def document(evidence: Evidence) -> dict[str, Any]:
    """Return a result for JSON output."""
    run = evidence.run
    return {
        "checker": run.version,
        "list": run.list.name,
        "newer": run.newer,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat(),
        "source": evidence.source.value,
        "sha256": evidence.sha256,
        "taken": evidence.taken.isoformat(),
        "cluster": evidence.cluster,
        "spec": evidence.spec,
        "binary": asdict(evidence.binary) if evidence.binary else None,
        "host": evidence.host,
        "name": evidence.name,
        "answers": [
            {
                "id": one.id,
                "label": one.label,
                "category": one.category,
                "answer": one.answer.value,
                "mandatory": one.mandatory,
                "known": one.known,
            }
            for one in run.answers
        ],
    }

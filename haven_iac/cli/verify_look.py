"""One look at a cluster: what its API shows, what the checker says, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from haven_iac.cli import run

if TYPE_CHECKING:
    from haven_iac.cli.verify_target import Target
    from haven_iac.compliance.dossier import Dossier
    from haven_iac.compliance.evidence.model import Evidence
    from haven_iac.compliance.history import Record
    from haven_iac.prepare import Prepared


@dataclass(frozen=True)
class Checker:
    """The checker to run, if any."""

    binary: Path | None
    """None runs none."""
    releases: Path | None
    """Its list of releases, in which its hash has to stand; None where none was given."""
    seconds: float
    """How long it may take."""


def look(
    target: Target, given: Sequence[tuple[Evidence, bytes]], profiles: Sequence[str], now: datetime, checker: Checker
) -> tuple[Dossier, list[Record]]:
    """Return everything that is known about a cluster, and what was known before."""
    from haven_iac.compliance import security
    from haven_iac.compliance.evidence import objects, store
    from haven_iac.compliance.live import subject
    from haven_iac.compliance.observe import observe

    ready = target.ready
    documents = target.documents()
    assert documents.extra is not None
    identity = documents.extra.identity
    fresh = [(_about(one, identity, target), raw) for one, raw in given]
    if checker.binary:
        fresh.append(_run_checker(target, checker, identity))
        now = datetime.now(UTC)  # it may have taken hours
        documents = target.documents()  # the checker leaves an object in the cluster
    assert documents.extra is not None
    folder = _folder(ready)
    if folder:
        for one, raw in fresh:
            store.save(folder, one, raw)
    kept, broken = store.read(folder, now) if folder else ([], [])
    left, unusable = objects.read(documents.extra.results or (), identity, now)
    dossier = run.dossier(
        ready,
        predicted=run.predicted(ready),
        observed=observe(subject(documents), ready.plan, now.date()),
        identity=identity,
        evidence=[*(one for one, _ in fresh), *kept, *left],
        unusable=[*broken, *unusable],
        security=security.facts(documents),
        documents=documents,
        profiles=profiles,
        now=now,
    )
    return dossier, [*_of_files(ready), *target.records()]


def _about(evidence: Evidence, identity: str, target: Target) -> Evidence:
    """Return a given result with the cluster and description that it is kept for."""
    from haven_iac.compliance.dossier import spec_hash

    return replace(evidence, cluster=identity, spec=spec_hash(target.ready.spec))


def given(file: Path, now: datetime) -> tuple[Evidence, bytes]:
    """Return a result of the checker that somebody gives, and its own text.

    Raises:
        EvidenceError: it cannot be used.
    """
    from haven_iac.compliance.evidence import store
    from haven_iac.compliance.evidence.model import Source

    raw = store.given(file)
    return store.take(raw, name=file.name, source=Source.FILE, now=now), raw


def seconds(text: str) -> float:
    """Return how long the checker may take.

    Raises:
        typer.BadParameter: it is no duration, or too short or too long.
    """
    from haven_iac.cli.kubeconfig import lifetime_of

    return lifetime_of(text, "--checker-timeout").total_seconds()


def _run_checker(target: Target, checker: Checker, identity: str) -> tuple[Evidence, bytes]:
    from haven_iac.cli.kubeconfig import ADMINISTRATORS, mint_from
    from haven_iac.compliance.dossier import spec_hash
    from haven_iac.compliance.evidence import store
    from haven_iac.compliance.evidence.model import Source
    from haven_iac.compliance.evidence.runner import run as run_checker

    assert checker.binary is not None
    kubeconfig = target.kubeconfig
    if target.outputs.get("signing"):
        lifetime = timedelta(seconds=min(checker.seconds + 600, timedelta(hours=24).total_seconds()))
        kubeconfig = mint_from(
            target.outputs, target.ready.stack, "haven-iac-checker", (ADMINISTRATORS,), lifetime
        ).kubeconfig
    run.say(f"running {checker.binary}; it may write to the cluster, and takes seconds, or hours with Sonobuoy")
    ran = run_checker(checker.binary, kubeconfig, seconds=checker.seconds, releases=checker.releases)
    taken = store.take(
        ran.output,
        name=str(checker.binary),
        source=Source.RUN,
        now=datetime.now(UTC),
        cluster=identity,
        spec=spec_hash(target.ready.spec),
        binary=ran.binary,
    )
    return taken, ran.output


def _folder(ready: Prepared) -> Path | None:
    return ready.project.evidence(ready.stack) if ready.project else None


def _of_files(ready: Prepared) -> list[Record]:
    from haven_iac.compliance import history as records

    return records.read(ready.project.verdicts(ready.stack)) if ready.project else []


def keep(target: Target, found: Dossier) -> None:
    """Keep a record here and in the cluster; where that cannot be, say so."""
    from haven_iac.compliance import history as records
    from haven_iac.kube import connect

    one = records.record(found)
    with connect(target.kubeconfig, folder=target.folder) as kube:
        if not records.keep_in_cluster(kube, one):
            run.say("note: the credential may not keep a record in the cluster; --no-keep asks for none")
    project = target.ready.project
    if project:
        try:
            records.keep(project.verdicts(target.ready.stack), one)
        except OSError as error:
            run.say(f"note: no record is kept here: {error.strerror}")

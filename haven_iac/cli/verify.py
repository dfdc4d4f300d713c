"""`haven-iac verify`: what was predicted, what the live cluster shows, and what the standard's own checker says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli import run
from haven_iac.cli.options import (
    JsonOption,
    LangOption,
    ProfileOption,
    ReportOption,
    StackOption,
    console,
    emit,
    examples,
)
from haven_iac.errors import ExitCode, UnreachableError

if TYPE_CHECKING:
    from haven_iac.compliance.dossier import Dossier
    from haven_iac.compliance.evidence.model import Evidence
    from haven_iac.compliance.history import Record
    from haven_iac.compliance.live import Documents
    from haven_iac.prepare import Prepared

app = typer.Typer(rich_markup_mode=None)

Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", exists=True, dir_okay=False, readable=True, help="Read with this one; the stack's own if unset."
    ),
]
Checker = Annotated[
    Path | None,
    typer.Option("--checker", metavar="PATH", help="Run this binary of the standard's checker, and keep what it says."),
]
Releases = Annotated[
    Path | None,
    typer.Option(
        "--checker-releases", metavar="FILE", help="The checker's releases.json: its hash has to stand in there."
    ),
]
Timeout = Annotated[
    str, typer.Option("--checker-timeout", metavar="15m", help="How long the checker may take: 1m to 24h.")
]
Given = Annotated[
    list[Path] | None,
    typer.Option("--evidence", metavar="FILE", help="A result of the checker as JSON, to keep; again for more."),
]
Since = Annotated[
    str, typer.Option("--since", metavar="DAY", help="Tell what changed since 2026-11-01, since 7d ago, or since last.")
]
NoKeep = Annotated[bool, typer.Option("--no-keep", help="Keep no record of what was seen, here or in the cluster.")]
Rights = Annotated[
    bool, typer.Option("--print-rbac", "--rights", help="Print the ClusterRole that reading needs, and stop.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit status 8 also when prediction, observation and evidence do not agree.")
]


InCluster = Annotated[
    bool, typer.Option("--in-cluster", help="Read with the service account of the pod that this runs in.")
]
Description = Annotated[
    Path | None,
    typer.Option(
        "--description",
        exists=True,
        dir_okay=False,
        readable=True,
        help="What stands below haven:cluster, as a file; instead of a stack.",
    ),
]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the credential of its service account."""


@dataclass(frozen=True)
class _Target:
    """Which cluster to look at, and how."""

    ready: Prepared
    kubeconfig: str
    own: bool
    """The credential is the stack's own."""
    folder: Path | None
    """Where files that the kubeconfig names are."""
    outputs: dict[str, Any]
    """Of the stack; empty where a kubeconfig was given."""


@app.callback(
    invoke_without_command=True,
    epilog=examples(
        "haven-iac verify  # the plan's prediction beside what the cluster of stack local shows",
        "haven-iac verify -s voorbeeldstad --checker ./haven --checker-releases releases.json  # with evidence",
        "haven-iac verify -s voorbeeldstad --evidence result.json --report verdict.html --lang nl  # for an auditor",
        "haven-iac verify -s voorbeeldstad --strict --report verdict.sarif --report verdict.xml  # for CI",
        "haven-iac verify -s voorbeeldstad --since 7d  # what changed in a week",
        "haven-iac verify --print-rbac | kubectl apply -f -  # a role that may do no more than that",
        "haven-iac verify --kubeconfig auditor.yaml  # with a credential of your own",
    ),
)
def verify(
    context: typer.Context,
    stack: StackOption = "local",
    kubeconfig: Kubeconfig = None,
    in_cluster: InCluster = False,
    description: Description = None,
    checker: Checker = None,
    checker_releases: Releases = None,
    checker_timeout: Timeout = "15m",
    evidence: Given = None,
    profile: ProfileOption = None,
    report: ReportOption = None,
    lang: LangOption = "en",
    since: Since = "",
    no_keep: NoKeep = False,
    rights: Rights = False,
    strict: Strict = False,
    as_json: JsonOption = False,
) -> None:
    """Read the live cluster, and lay prediction, observation and evidence side by side; changes nothing but its record.

    Exit status 0 when no mandatory check fails, 8 when one does, 10 when the API cannot be read, 12 when a result of
    the checker cannot be used. Only a run of the standard's own checker is evidence; NEEDS_EVIDENCE says where nothing
    else can tell.
    """
    if context.invoked_subcommand:
        _refuse_before(context)
        return
    if rights:
        _print_rights(as_json=as_json)
        return
    from haven_iac.compliance.formats import kind
    from haven_iac.compliance.words import checked

    language = checked(lang)
    for file in report or ():
        kind(file)
    now = datetime.now(UTC)
    given = [_given(file, now) for file in evidence or ()]
    target = _described(description, kubeconfig, in_cluster) if description else _target(stack, kubeconfig, in_cluster)
    found, records = look(
        target, given, profile or [], now, checker=_Checker(checker, checker_releases, _seconds(checker_timeout))
    )
    compared = _compared(found, records, since, now) if since else None
    if not no_keep:
        _keep(target, found)
    run.write_reports(found, report or (), language)
    if as_json:
        _emit(found, compared, language)
    else:
        from haven_iac.cli.verdict import show, show_changes

        show(console(), found, language)
        if compared:
            show_changes(console(), *compared, language)
    if _fails(found) or (strict and found.findings):
        raise typer.Exit(ExitCode.VERDICT)


@app.command(
    "history",
    epilog=examples(
        "haven-iac verify history  # each verify of stack local, here and in the cluster",
        "haven-iac verify history -s voorbeeldstad --offline --json",
    ),
)
def history(
    stack: StackOption = "local",
    kubeconfig: Kubeconfig = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only the records on this machine.")] = False,
    lang: LangOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Show what each verify saw, the oldest first, and what changed from one to the next."""
    from haven_iac.cli.verdict import show_history
    from haven_iac.compliance import history as records
    from haven_iac.compliance.words import checked
    from haven_iac.project import find_project

    language = checked(lang)
    found = {one["at"]: one for one in records.read(find_project().verdicts(stack))}
    if not offline:
        try:
            target = _target(stack, kubeconfig)
            found |= {one["at"]: one for one in _of_cluster(target)}
        except UnreachableError as error:
            run.say(f"note: only the records on this machine: {error.what}")
    ordered = [found[key] for key in sorted(found)]
    if as_json:
        emit({"stack": stack, "records": ordered})
    else:
        show_history(console(), ordered, language)


@dataclass(frozen=True)
class _Checker:
    """The checker to run, if any."""

    binary: Path | None
    releases: Path | None
    seconds: float


def look(
    target: _Target, given: Sequence[tuple[Evidence, bytes]], profiles: Sequence[str], now: datetime, checker: _Checker
) -> tuple[Dossier, list[Record]]:
    """Return everything that is known about a cluster, and what was known before."""
    from haven_iac.compliance import security
    from haven_iac.compliance.evidence import objects, store
    from haven_iac.compliance.live import subject
    from haven_iac.compliance.observe import observe

    ready = target.ready
    documents = _documents(target)
    assert documents.extra is not None
    identity = documents.extra.identity
    fresh = [(replace_about(one, identity, target), raw) for one, raw in given]
    if checker.binary:
        fresh.append(_run_checker(target, checker, identity))
        now = datetime.now(UTC)  # it may have taken hours
        documents = _documents(target)  # the checker leaves an object in the cluster
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
    return dossier, [*_of_files(ready), *_of_cluster(target)]


def replace_about(evidence: Evidence, identity: str, target: _Target) -> Evidence:
    """Return a given result with the cluster and description that it is kept for."""
    from dataclasses import replace

    from haven_iac.compliance.dossier import spec_hash

    return replace(evidence, cluster=identity, spec=spec_hash(target.ready.spec))


def _given(file: Path, now: datetime) -> tuple[Evidence, bytes]:
    from haven_iac.compliance.evidence import store
    from haven_iac.compliance.evidence.model import Source

    raw = store.given(file)
    return store.take(raw, name=file.name, source=Source.FILE, now=now), raw


def _seconds(text: str) -> float:
    from haven_iac.cli.kubeconfig import lifetime_of

    return lifetime_of(text, "--checker-timeout").total_seconds()


def _run_checker(target: _Target, checker: _Checker, identity: str) -> tuple[Evidence, bytes]:
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


def _described(description: Path, kubeconfig: Path | None, in_cluster: bool) -> _Target:
    """Return a cluster whose description is in a file of its own: no project, and so no files of records or evidence.

    Raises:
        typer.BadParameter: nothing says where the cluster is.
    """
    from dataclasses import replace

    from haven_iac.dated import parse
    from haven_iac.errors import SpecError
    from haven_iac.prepare import from_document

    try:
        document = parse(description.read_bytes())
    except ValueError as error:
        raise SpecError(f"{description} {error}", fix="give what stands below haven:cluster, as YAML or JSON") from None
    ready = from_document(document)
    ready = replace(ready, stack=ready.spec.name)
    if in_cluster:
        return _Target(ready, _own_kubeconfig(), own=False, folder=None, outputs={})
    if not kubeconfig:
        raise typer.BadParameter("goes with --kubeconfig or --in-cluster", param_hint="--description")
    return _Target(ready, kubeconfig.read_text(errors="replace"), own=False, folder=kubeconfig.parent, outputs={})


def _own_kubeconfig() -> str:
    """Return a kubeconfig of the pod that this runs in.

    Raises:
        UnreachableError: this runs in no pod.
    """
    import os

    import yaml

    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token, authority = SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt"
    if not host or not token.is_file():
        raise UnreachableError("this runs in no pod with a service account", fix="leave --in-cluster out")
    address = f"[{host}]" if ":" in host else host
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "own", "cluster": {"server": f"https://{address}:{port}", "certificate-authority": str(authority)}}
        ],
        "users": [{"name": "own", "user": {"tokenFile": str(token)}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
        "current-context": "own",
    }
    return yaml.safe_dump(document)


def _target(stack: str, kubeconfig: Path | None, in_cluster: bool = False) -> _Target:
    if in_cluster:
        return _Target(run.prepared(stack), _own_kubeconfig(), own=False, folder=None, outputs={})
    if kubeconfig:
        text = kubeconfig.read_text(errors="replace")
        return _Target(run.prepared(stack), text, own=False, folder=kubeconfig.parent, outputs={})
    ready, session = run.existing(stack)
    outputs = session.outputs()
    if "kubeconfig" not in outputs:
        raise UnreachableError(
            f"the cluster of stack {stack} was not finished", fix=f"`haven-iac up -s {stack}` goes on"
        )
    return _Target(ready, outputs["kubeconfig"], own=True, folder=None, outputs=outputs)


def _documents(target: _Target) -> Documents:
    from haven_iac.compliance.reader import documents

    return documents(target.kubeconfig, own_credential=target.own, folder=target.folder, extra=True)


def _folder(ready: Prepared) -> Path | None:
    return ready.project.evidence(ready.stack) if ready.project else None


def _of_files(ready: Prepared) -> list[Record]:
    from haven_iac.compliance import history as records

    return records.read(ready.project.verdicts(ready.stack)) if ready.project else []


def _of_cluster(target: _Target) -> list[Record]:
    from haven_iac.compliance import history as records
    from haven_iac.kube import connect

    with connect(target.kubeconfig, folder=target.folder) as kube:
        return records.of_cluster(kube)


def _keep(target: _Target, found: Dossier) -> None:
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


def _compared(
    found: Dossier, records: Sequence[Record], since: str, now: datetime
) -> tuple[Record | None, tuple[Any, ...]]:
    from haven_iac.compliance import history

    before = history.since(records, since, now)
    return before, history.changes(before, history.record(found)) if before else ()


def _emit(found: Dossier, compared: tuple[Record | None, tuple[Any, ...]] | None, language: str) -> None:
    from haven_iac.compliance.formats.plain import document
    from haven_iac.compliance.words import within

    whole = document(found, language)
    if compared:
        before, changed = compared
        whole["changes"] = {
            "since": before["at"] if before else None,
            "changes": [
                {
                    "subject": one.subject,
                    "aspect": one.aspect,
                    "before": one.before,
                    "now": one.now,
                    "text": within(one.text, language),
                }
                for one in changed
            ],
        }
    emit(whole)


def _fails(found: Dossier) -> bool:
    """Return whether a mandatory check fails: by what is seen, or by what the checker says."""
    from haven_iac.compliance.evidence.model import Answer

    newest = found.proof.evidence
    denied = newest is not None and any(one.answer is Answer.NO for one in newest.run.mandatory)
    return bool(found.verdict.failed) or denied


def _refuse_before(context: typer.Context) -> None:
    """Refuse options that stand before a subcommand, where nobody would read them.

    Raises:
        typer.BadParameter: there is one.
    """
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"write --{name.replace('_', '-')} behind {context.invoked_subcommand}")


def _print_rights(*, as_json: bool) -> None:
    from haven_iac.compliance.reader import RIGHTS

    if as_json:
        emit(RIGHTS)
        return
    import yaml

    print(yaml.safe_dump(RIGHTS, sort_keys=False), end="")

"""`haven-iac verify`: what was predicted, what the live cluster shows, and what the standard's own checker says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli import run, verify_look, verify_target
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
    from haven_iac.compliance.history import Record

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
    str | None,
    typer.Option("--since", metavar="DAY", help="Tell what changed since 2026-11-01, since 7d ago, or since last."),
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
    since: Since = None,
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
    from haven_iac.compliance import history as kept
    from haven_iac.compliance.formats import kind
    from haven_iac.compliance.profiles import known
    from haven_iac.compliance.words import checked

    language, now = checked(lang), datetime.now(UTC)
    for file in report or ():
        kind(file)
    known(profile or ())
    if checker_releases and not checker:
        raise typer.BadParameter("goes with --checker", param_hint="--checker-releases")
    if since is not None:
        kept.checked(since, now)
    given = [verify_look.given(file, now) for file in evidence or ()]
    binary = verify_look.Checker(checker, checker_releases, verify_look.seconds(checker_timeout))
    if description:
        target = verify_target.described(description, kubeconfig, in_cluster)
    else:
        target = verify_target.of_stack(stack, kubeconfig, in_cluster)
    found, records = verify_look.look(target, given, profile or [], now, binary)
    compared = _compared(found, records, since, now) if since is not None else None
    if not no_keep:
        verify_look.keep(target, found)
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
            target = verify_target.of_stack(stack, kubeconfig)
            found |= {one["at"]: one for one in target.records()}
        except UnreachableError as error:
            run.say(f"note: only the records on this machine: {error.what}")
    ordered = [found[key] for key in sorted(found)]
    if as_json:
        emit({"stack": stack, "records": ordered})
    else:
        show_history(console(), ordered, language)


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

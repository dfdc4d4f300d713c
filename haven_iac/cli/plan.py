"""`haven-iac plan`: everything that would be built and what Haven's checks would say, before anything exists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import (
    JsonOption,
    LangOption,
    ProfileOption,
    ReportOption,
    StackOption,
    console,
    emit,
)
from haven_iac.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from haven_iac.clouds.base import Finding
    from haven_iac.compliance.model import Verdict
    from haven_iac.plan.changes import Change
    from haven_iac.prepare import Prepared

Html = Annotated[
    Path | None,
    typer.Option("--html", dir_okay=False, help="Write one HTML page, whole in itself, that can be mailed or printed."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit status 8 when a mandatory check is predicted to fail.")]
Online = Annotated[
    bool,
    typer.Option("--online", help="Look at the cloud too, read-only: exit status 4 when it cannot give what is asked."),
]
Nodes = Annotated[bool, typer.Option("--nodes", help="List every node, not only the pools.")]


def plan(
    stack: StackOption = "local",
    html: Html = None,
    nodes: Nodes = False,
    strict: Strict = False,
    profile: ProfileOption = None,
    report: ReportOption = None,
    lang: LangOption = "en",
    online: Online = False,
    as_json: JsonOption = False,
) -> None:
    """Show what would be built, what Haven's checks are expected to say, and what changed since the last up.

    Creates nothing, and needs neither a cloud nor a network unless it is told to look there. A prediction is no
    evidence: only a run of the standard's own checker is.
    """
    from haven_iac import look
    from haven_iac.cli import run
    from haven_iac.cli.plan_document import document
    from haven_iac.cli.plan_show import show, show_beside
    from haven_iac.compliance.formats import kind
    from haven_iac.compliance.profiles import known
    from haven_iac.compliance.words import checked
    from haven_iac.deploy.snapshots import since_up

    language = checked(lang)
    for file in report or ():
        kind(file)
    known(profile or ())
    ready = run.prepared(stack)
    verdict, found = run.predicted(ready), since_up(ready)
    seen = look.find(ready) if online else None
    if html:
        _write(html, ready, verdict, found)
    dossier = run.dossier(ready, verdict, profiles=profile or (), now=datetime.now(UTC))
    run.write_reports(dossier, report or (), language)
    if as_json:
        emit(document(ready, verdict, found) | _online_document(ready, seen))
    else:
        show(console(), ready, dossier, found, language, every_node=nodes)
        show_beside(console(), dossier, language)
        if seen is not None:
            _online(console(), ready, seen)
        if html:
            print(f"\nwritten to {html}")
    if strict and verdict.failed:
        raise typer.Exit(ExitCode.VERDICT)
    if look.errors(seen or []):
        raise typer.Exit(ExitCode.CLOUD)


def _online_document(ready: Prepared, seen: list[Finding] | None) -> dict[str, Any]:
    from haven_iac.look import problems

    if seen is None:
        return {}
    pairs = zip(seen, problems(ready, seen), strict=True)
    return {"cloudFindings": [{"severity": one.severity, **problem.as_dict()} for one, problem in pairs]}


def _online(out: Console, ready: Prepared, seen: list[Finding]) -> None:
    """Print what the cloud itself says about the plan."""
    from haven_iac.cli.plan_show import title
    from haven_iac.look import problems

    title(out, "What the cloud says")
    if not seen:
        out.print("nothing stands in the way", style="green")
    for one, problem in zip(seen, problems(ready, seen), strict=True):
        style = "bold red" if one.severity == "error" else "yellow"
        out.print(f"{one.severity}: {problem}", style=style, markup=False)


def _write(file: Path, ready: Prepared, verdict: Verdict, found: Sequence[Change] | None) -> None:
    from haven_iac.cli.schema import write
    from haven_iac.compliance.report import as_dict, heading
    from haven_iac.plan.page import About, page

    about = About(ready.stack, as_dict(verdict), heading(verdict), found, date.today())
    write(file, page(ready.plan, about))

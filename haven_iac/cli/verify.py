"""`haven-iac verify`: the verdict as predicted from the plan, beside what the live cluster shows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, console, emit
from haven_iac.errors import ExitCode, UnreachableError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from haven_iac.compliance.model import Status, Verdict
    from haven_iac.compliance.report import Row
    from haven_iac.compliance.subject import Subject
    from haven_iac.prepare import Prepared

Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", exists=True, dir_okay=False, readable=True, help="Read with this one; the stack's own if unset."
    ),
]
Rights = Annotated[bool, typer.Option("--rights", help="Print the ClusterRole that reading needs, and stop.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit status 8 also when prediction and observation do not agree.")
]

WIDE = 120
"""Columns from which reasons stand beside their check, not below it."""
SHOWN = 6
"""Objects that a line names."""
LINE = 200
"""Columns where there is no terminal."""


def verify(
    stack: StackOption = "local",
    kubeconfig: Kubeconfig = None,
    rights: Rights = False,
    strict: Strict = False,
    as_json: JsonOption = False,
) -> None:
    """Read the live cluster, and lay what its plan predicts beside what it shows, check by check; changes nothing.

    Exit status 0 when no mandatory check fails, 8 when one does, 10 when the API cannot be read. Only a run of the
    standard's own checker is evidence; NEEDS_EVIDENCE says where nothing else can tell.
    """
    if rights:
        _print_rights(as_json=as_json)
        return
    from haven_iac.compliance.observe import observe
    from haven_iac.compliance.report import both_as_dict, disagreements, side_by_side

    ready, seen = _look(stack, kubeconfig)
    predicted, observed = run.predicted(ready), observe(seen, ready.plan, date.today())
    if as_json:
        emit({"stack": stack, "cluster": ready.spec.name, **both_as_dict(predicted, observed)})
    else:
        show(console(), ready.spec.name, predicted, observed)
    if observed.failed or (strict and disagreements(side_by_side(predicted, observed))):
        raise typer.Exit(ExitCode.VERDICT)


def _print_rights(*, as_json: bool) -> None:
    from haven_iac.compliance.reader import RIGHTS

    if as_json:
        emit(RIGHTS)
        return
    import yaml

    print(yaml.safe_dump(RIGHTS, sort_keys=False), end="")


def _look(stack: str, kubeconfig: Path | None) -> tuple[Prepared, Subject]:
    """Return the plan of a stack, and its cluster as the checks see it."""
    from haven_iac.compliance.reader import read

    if kubeconfig:
        ready = run.prepared(stack)
        return ready, read(kubeconfig.read_text(errors="replace"), own_credential=False, folder=kubeconfig.parent)
    ready, session = run.existing(stack)
    outputs = session.outputs()
    if "kubeconfig" not in outputs:
        raise UnreachableError(
            f"the cluster of stack {stack} was not finished", fix=f"`haven-iac up -s {stack}` goes on"
        )
    return ready, read(outputs["kubeconfig"])


def show(out: Console, cluster: str, predicted: Verdict, observed: Verdict) -> None:
    """Print a prediction and an observation side by side."""
    from haven_iac.compliance.report import disagreements, heading_of_both, side_by_side, summary

    if not out.is_terminal:
        out.width = LINE
    rows = side_by_side(predicted, observed)
    out.print(f"{cluster}: {heading_of_both(predicted, observed)}", style="bold", markup=False)
    for warning in dict.fromkeys((*predicted.warnings, *observed.warnings)):
        out.print(f"warning: {warning}", style="yellow", markup=False)
    out.print()
    _table(out, rows, wide=out.width >= WIDE)
    out.print()
    for verdict in (predicted, observed):
        out.print(f"{verdict.basis.value}: {summary(verdict)}", markup=False)
    if not (differing := disagreements(rows)):
        out.print("Prediction and observation agree on every check.")
        return
    out.print(f"Prediction and observation do not agree on {len(differing)} of {len(rows)} checks:", style="bold red")
    for row in differing:
        but = " with a flaw" if row.observed.flaw else ""
        said = f"predicted {row.predicted.status}, observed {row.observed.status}{but}"
        out.print(f"  {row.check.id}: {said}: {row.observed.reason}", markup=False)
        if row.observed.objects:
            more = len(row.observed.objects) - SHOWN
            named = [*row.observed.objects[:SHOWN], *([f"{more} more"] if more > 0 else [])]
            out.print(f"    seen in {', '.join(named)}", markup=False)
        if row.change:
            out.print(f"    {row.change}", markup=False)


def _table(out: Console, rows: tuple[Row, ...], *, wide: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("check", "category", "predicted", "observed", "agree"):
        table.add_column(name, no_wrap=True)
    if wide:
        table.add_column("why, and what to change")
    for row in rows:
        category = row.check.category + ("" if row.check.mandatory else " (suggested)")
        mark = Text("yes") if row.agree else Text("no", style="bold red")
        cells = [Text(row.check.id), Text(category), _status(row.predicted.status), _status(row.observed.status), mark]
        why = Text(row.reason) + Text(f"\n→ {row.change}" if row.change else "", style="dim")
        table.add_row(*cells, *([why] if wide else []))
    out.print(table)
    for row in () if wide else rows:
        out.print(f"\n{row.check.id}: {row.reason}", markup=False)
        if row.change:
            out.print(f"  → {row.change}", style="dim", markup=False)


def _status(status: Status) -> Text:
    from rich.text import Text

    colours = {"PASS": "green", "FAIL": "bold red", "NEEDS_EVIDENCE": "yellow"}
    return Text(status.value, style=colours[status.value])

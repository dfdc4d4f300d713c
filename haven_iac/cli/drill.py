"""`haven-iac drill`: prove that what was backed up comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, console, emit, examples
from haven_iac.errors import ExitCode

if TYPE_CHECKING:
    from haven_iac.deploy.drill import Report

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove that what was backed up comes back.")

Namespace = Annotated[
    str,
    typer.Option("--namespace", "-n", help="Back up this one, which is only read; a new one with known data if unset."),
]
Image = Annotated[str, typer.Option("--image", help="What the pod with known data runs; a small image with a shell.")]


@app.command(
    "restore",
    epilog=examples(
        "haven-iac drill restore -s voorbeeldstad  # objects, and a volume with data",
        "haven-iac drill restore -s voorbeeldstad --namespace winkel --json  # for CI: exit status 5 when it fails",
    ),
)
def restore(
    stack: StackOption = "local", namespace: Namespace = "", image: Image = "", as_json: JsonOption = False
) -> None:
    """Back a namespace up with Velero, restore it beside itself, compare every object, and clean up.

    Without --namespace a new one is made, with a volume whose data is compared too. Passes only when backup and
    restore are complete and everything that was compared came back; what could not be compared is said. A simulated
    cluster is refused, but for one of a lab that runs a real Velero (`haven-iac lab up --with backup`): its pods do not
    run, so that no data of volumes is compared there.
    """
    from haven_iac.deploy import probe
    from haven_iac.deploy.drill import Drill, DrillError
    from haven_iac.kube import connect
    from haven_iac.platform import slots
    from haven_iac.platform.common import NS_BACKUP

    ready = run.prepared(stack)
    if not slots.filled(ready.spec, ready.facts, slots.BACKUP):
        raise DrillError("there are no backups here", fix="write `backup: {enabled: true, bucket: …}`")
    ready, session = run.existing(stack)
    with connect(run.kubeconfig(session.outputs(), stack)) as kube:
        namespace_of_velero = ready.facts.place(slots.BACKUP, NS_BACKUP)
        drill = Drill(kube, namespace_of_velero, run.say, simulated=ready.facts.simulated)
        report = drill.hold(namespace, image or probe.IMAGE)
    if as_json:
        emit(document(stack, report))
    else:
        show(report)
    if report.passed:
        return
    if as_json:
        raise typer.Exit(ExitCode.DEPLOY)
    raise DrillError("the restore drill was not passed", fix="the rows above say what did not come back")


def document(stack: str, report: Report) -> dict[str, Any]:
    """Return a report for JSON output."""
    return {
        "stack": stack,
        "simulated": report.simulated,
        "velero": report.version,
        "drill": report.name,
        "namespace": report.namespace,
        "passed": report.passed,
        "everythingCompared": report.whole,
        "rows": [{"what": row.what, "result": row.mark.value, "detail": row.detail} for row in report.rows],
        "seconds": report.times,
        "left": report.left,
    }


def show(report: Report) -> None:
    """Print a report."""
    from rich.table import Table

    from haven_iac.deploy.drill import Mark

    out = console()
    colours = {Mark.PASS: "green", Mark.FAIL: "bold red", Mark.NOT_COMPARED: "yellow"}
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("what", "result", "why"):
        table.add_column(name)
    for row in report.rows:
        table.add_row(row.what, f"[{colours[row.mark]}]{row.mark.value}[/]", row.detail)
    out.print(table)
    times = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in report.times.items())
    out.print(f"\n{report.namespace} restored as {report.scratch} by Velero {report.version}: {times}", markup=False)
    for what in report.left:
        out.print(f"left behind: {what}", style="yellow", markup=False)
    if report.passed:
        words = "PASSED" if report.whole else "PASSED for what was compared; NOT COMPARED is not proven"
        out.print(f"The restore drill is {words}.", markup=False)
    if report.simulated:
        out.print("SIMULATED: Velero and the bucket are real, nodes and pods are not: a rehearsal.", markup=False)

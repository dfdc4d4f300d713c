"""`haven-iac up`: build the cluster, or bring it to what its description says."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, console, emit
from haven_iac.errors import ExitCode, HavenError

if TYPE_CHECKING:
    from haven_iac.compliance.model import Verdict
    from haven_iac.deploy.critical_path import Link
    from haven_iac.deploy.live import State
    from haven_iac.deploy.session import Session
    from haven_iac.deploy.tracker import Tracker
    from haven_iac.prepare import Prepared

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ExpectNoChanges = Annotated[
    bool, typer.Option("--expect-no-changes", help="Change nothing; exit status 7 when there is something to change.")
]
Disruption = Annotated[
    bool, typer.Option("--allow-disruption", help="Go on with changes that interrupt applications or lose data.")
]


class ChangesError(HavenError):
    """There is something to change where nothing was expected."""

    code = "HVN305"
    exit_code = ExitCode.CHANGES


def up(
    stack: StackOption = "local",
    yes: Yes = False,
    expect_no_changes: ExpectNoChanges = False,
    allow_disruption: Disruption = False,
    as_json: JsonOption = False,
) -> None:
    """Build a cluster, or bring it to what its description says; ends with endpoints, verdict and times.

    At a terminal, changes to a cluster that exists are shown and asked about first. Without one they are made,
    unless they are disruptive: those need --allow-disruption. Ctrl-C stops cleanly; run it again to go on.
    """
    took = run.stopwatch()
    if run.detect(stack, again=False):
        run.say(f"looked at what is in the cluster already; written to {found_file(stack)}")
    ready = run.prepared(stack)
    run.check_before(ready)
    _refuse_disruption(ready, allow_disruption)
    session = run.session(ready)
    if expect_no_changes:
        _expect_none(ready, session, as_json=as_json)
        return
    known = _known(session)
    if known and not yes and not as_json and sys.stdin.isatty() and sys.stderr.isatty():
        _ask(ready, session, known)
    before = took()
    tracker = _apply(ready, session, known, plain=as_json)
    _finish(ready, session, tracker, took, before, as_json=as_json)


def found_file(stack: str) -> str:
    """Return where it is written what was found of a cluster, as seen from the project."""
    from haven_iac.project import find_project

    project = find_project()
    return str(project.found_file(stack).relative_to(project.root))


def _refuse_disruption(ready: Prepared, allowed: bool) -> None:
    from haven_iac.deploy.snapshots import disruptions

    if not allowed and (error := disruptions(ready)):
        raise error


def _known(session: Session) -> int:
    return session.resources() if session.exists() else 0


def _preview(ready: Prepared, session: Session, known: int) -> Tracker:
    from haven_iac.cli.show import watcher

    with watcher() as shown:
        tracker = run.tracker(ready, shown, known)
        session.preview(run.next_run(ready, session), tracker)
    return tracker


def _expect_none(ready: Prepared, session: Session, *, as_json: bool) -> None:
    tracker = _preview(ready, session, _known(session))
    if as_json:
        emit({"stack": ready.stack, "changes": tracker.changes, "expected": "none"})
    if tracker.changed:
        raise ChangesError(f"nothing was expected to change, and there is: {run.in_words(tracker.changes)}")
    run.say("nothing to change")


def _ask(ready: Prepared, session: Session, known: int) -> None:
    tracker = _preview(ready, session, known)
    show_changes(tracker)
    if not tracker.changed:
        return
    if not typer.confirm("Make these changes?"):
        run.say("nothing was changed")
        raise typer.Exit(ExitCode.OK)


def show_changes(tracker: Tracker) -> None:
    """Print what would be done, resource by resource."""
    for step in tracker.steps.values():
        if step.op != "same" and not step.type.startswith("pulumi:"):
            print(f"  {step.op:<18} {step.phase:<24} {step.type}  {step.name}")
    print(run.in_words(tracker.changes))


def _apply(ready: Prepared, session: Session, known: int, *, plain: bool) -> Tracker:
    from haven_iac.cli.show import watcher

    if ready.facts.simulated:
        run.say("SIMULATED: the Kubernetes API is real, nodes and pods are not; a rehearsal, never evidence")
    *first, last = run.runs(ready, session)
    for step in first:
        run.say("hand-over, step 1 of 2: everything that leaves our state is marked to stay in the cluster")
        with watcher(plain=plain) as shown:
            session.up(step, run.tracker(step, shown, known))
        run.say("hand-over, step 2 of 2: it leaves our state; nothing in the cluster is touched")
    with watcher(plain=plain) as shown:
        tracker = run.tracker(last, shown, known)
        session.up(last, tracker)
    return tracker


def _finish(ready: Prepared, session: Session, tracker: Tracker, took: Any, before: float, *, as_json: bool) -> None:
    from haven_iac.compliance.observe import observe
    from haven_iac.compliance.reader import read
    from haven_iac.deploy import live, snapshots
    from haven_iac.deploy.critical_path import critical_path, dependencies

    snapshots.save(ready)
    outputs = session.outputs()
    times = run.phases(tracker, before)
    begun = took()
    state = live.settled(outputs["kubeconfig"])
    seen = observe(read(outputs["kubeconfig"]), ready.plan, date.today())
    times.append({"phase": "verdict", "from": begun, "to": took(), "resources": 0})
    foreseen = run.predicted(ready)
    path = critical_path(tracker.steps, dependencies(session.export().get("deployment") or {}))
    if as_json:
        emit(_document(ready, outputs, tracker, state, foreseen, seen, path, times, took()))
        return
    _print(ready, outputs, tracker, state, foreseen, seen, path, times, took())


def _document(
    ready: Prepared,
    outputs: dict[str, Any],
    tracker: Tracker,
    state: State,
    foreseen: Verdict,
    seen: Verdict,
    path: list[Link],
    times: list[dict[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    from haven_iac.compliance.report import as_dict

    return {
        "stack": ready.stack,
        "cluster": outputs["cluster"],
        "identity": outputs["identity"],
        "simulated": outputs["simulated"],
        "server": outputs["server"],
        "domain": outputs["domain"],
        "loadBalancers": dict(state.load_balancers),
        "changes": tracker.changes,
        "seconds": seconds,
        "phases": times,
        "criticalPath": [
            {"name": link.name, "type": link.type, "waited": round(link.waited, 2), "seconds": round(link.seconds, 2)}
            for link in path
        ],
        "predicted": as_dict(foreseen),
        "observed": as_dict(seen),
    }


def _print(
    ready: Prepared,
    outputs: dict[str, Any],
    tracker: Tracker,
    state: State,
    foreseen: Verdict,
    seen: Verdict,
    path: list[Link],
    times: list[dict[str, Any]],
    seconds: float,
) -> None:
    from rich.table import Table

    from haven_iac.compliance.model import differences
    from haven_iac.compliance.report import heading, summary

    out = console()
    title = f"{outputs['cluster']} ({outputs['identity']})"
    out.print(f"\n[bold]{title}[/] is up" + (" [yellow](SIMULATED)[/]" if outputs["simulated"] else ""))
    facts = Table(box=None, show_header=False, padding=(0, 2))
    facts.add_row("Kubernetes API", outputs["server"], state.version)
    for name, address in state.load_balancers.items():
        facts.add_row("load balancer", address or "no address yet", name)
    facts.add_row("domain", outputs["domain"])
    facts.add_row(
        "nodes", f"{sum(n.ready for n in state.nodes)} of {len(state.nodes)} ready", ", ".join(ready.plan.zones)
    )
    pods = [sum(column) for column in zip(*state.pods.values(), strict=True)] or [0, 0]
    facts.add_row("pods", f"{pods[0]} of {pods[1]} ready")
    facts.add_row("changes", run.in_words(tracker.changes).replace("to create", "created").replace("to ", ""))
    out.print(facts)
    for verdict in (foreseen, seen):
        out.print(f"{heading(verdict)}: {summary(verdict)}")
    for left, right in differences(foreseen, seen):
        out.print(f"  differs: {left.check.id}: predicted {left.status}, observed {right.status}: {right.reason}")
    _print_times(path, times, seconds)
    out.print(f"\nNext: haven-iac status -s {ready.stack} · haven-iac kubeconfig -s {ready.stack} --ttl 1h")


def _print_times(path: list[Link], times: list[dict[str, Any]], seconds: float) -> None:
    from rich.table import Table

    out = console()
    table = Table(title=f"Where the time went: {seconds:.1f} s", title_justify="left", box=None, padding=(0, 2))
    for column, side in (("phase", "left"), ("resources", "right"), ("from", "right"), ("to", "right")):
        table.add_column(column, justify=side)  # type: ignore[arg-type]
    for one in times:
        table.add_row(one["phase"], str(one["resources"] or ""), f"{one['from']:.1f} s", f"{one['to']:.1f} s")
    out.print()
    out.print(table)
    slow = [link for link in path if link.seconds + link.waited >= 0.5]
    out.print("\nCritical path: each of these waited for the one before")
    for link in slow:
        name = link.name.rpartition(":")[2]
        out.print(f"  waited {link.waited:5.1f} s, took {link.seconds:5.1f} s  {name} ({link.type.rpartition(':')[2]})")

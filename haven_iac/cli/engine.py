"""`haven-iac preview`, `refresh` and `destroy`: the engine's other verbs."""

from __future__ import annotations

import sys

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, emit
from haven_iac.cli.up import ChangesError, ExpectNoChanges, Yes, show_changes
from haven_iac.errors import DeployError, ExitCode


def preview(
    stack: StackOption = "local", expect_no_changes: ExpectNoChanges = False, as_json: JsonOption = False
) -> None:
    """Show what `up` would change, resource by resource; changes nothing."""
    from haven_iac.cli.show import watcher

    ready = run.prepared(stack)
    session = run.session(ready)
    with watcher(plain=as_json) as shown:
        tracker = run.tracker(ready, shown)
        session.preview(run.next_run(ready, session), tracker)
    if as_json:
        steps = [
            {"operation": s.op, "type": s.type, "name": s.name, "phase": s.phase}
            for s in tracker.steps.values()
            if s.op != "same" and not s.type.startswith("pulumi:")
        ]
        emit({"stack": stack, "changes": tracker.changes, "steps": steps})
    else:
        show_changes(tracker)
    if expect_no_changes and tracker.changed:
        raise ChangesError(f"nothing was expected to change, and there is: {run.in_words(tracker.changes)}")


def refresh(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Read what really exists into the state; the next `up` then mends what somebody changed."""
    from haven_iac.cli.show import watcher

    ready, session = run.existing(stack)
    with watcher(plain=as_json) as shown:
        tracker = run.tracker(ready, shown)
        session.refresh(ready, tracker)
    if as_json:
        emit({"stack": stack, "changes": tracker.changes})
    else:
        print(f"state of {stack}: {run.in_words(tracker.changes)}")


def destroy(stack: StackOption = "local", yes: Yes = False, as_json: JsonOption = False) -> None:
    """Remove a cluster and everything that was made for it; its stack file stays.

    A protected cluster is removed only after `deletionProtection: false` has been applied with `up`.
    """
    from haven_iac.cli.show import watcher

    took = run.stopwatch()
    ready, session = run.existing(stack)
    _unprotected(session.outputs().get("deletionProtection"), stack)
    count = session.resources()
    if not yes:
        if not sys.stdin.isatty():
            raise DeployError(f"this would remove {count} resources of {stack}", fix="add --yes to do it")
        typer.confirm(f"Remove the cluster {ready.spec.name} with its {count} resources, for good?", abort=True)
    with watcher(plain=as_json) as shown:
        tracker = run.tracker(ready, shown, count)
        session.destroy(ready, tracker)
    if as_json:
        emit({"stack": stack, "changes": tracker.changes, "notes": tracker.notes, "seconds": took()})
    else:
        print(f"{ready.spec.name} is gone: {tracker.changes.get('delete', 0)} resources removed in {took():.1f} s")
        if ready.facts.shared:
            print("The cluster stays, and in it the kinds and tenants' namespaces that others may rely on.")


def _unprotected(protection: object, stack: str) -> None:
    if protection:
        raise ProtectedError(
            f"the cluster of stack {stack} is protected",
            fix="set deletionProtection: false, run `haven-iac up`, then destroy",
        )


class ProtectedError(DeployError):
    """A cluster that must not be removed by mistake."""

    code = "HVN306"
    exit_code = ExitCode.DEPLOY

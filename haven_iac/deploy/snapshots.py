"""What the last finished `up` of a stack carried out, kept beside the project for the next plan."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from haven_iac.errors import DeployError, Problem
from haven_iac.plan.changes import Change, Disruption, changes, comparable
from haven_iac.plan.snapshot import snapshot
from haven_iac.prepare import Prepared
from haven_iac.project import Project


class DisruptionError(DeployError):
    """A change interrupts applications or loses data, and nobody allowed it."""

    code = "HVN307"


def file_of(project: Project, stack: str) -> Path:
    """Return where the record of a stack is kept."""
    return project.state / f"{stack}.plan.json"


def save(ready: Prepared) -> None:
    """Keep what was carried out, readable by its owner only; a run that is killed leaves the older record whole."""
    if ready.project is None:
        return
    file = file_of(ready.project, ready.stack)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps(snapshot(ready.plan), indent=1, sort_keys=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(project: Project, stack: str) -> dict[str, Any] | None:
    """Return the record of the last finished `up`; None when there is none that can be compared."""
    try:
        document = json.loads(file_of(project, stack).read_text())
    except (OSError, ValueError):
        return None
    return document if comparable(document) else None


def since_up(ready: Prepared) -> list[Change] | None:
    """Return what changed since the last finished `up`; None when there is no record of one."""
    old = load(ready.project, ready.stack) if ready.project else None
    return None if old is None else changes(old, snapshot(ready.plan), getattr(ready.cloud, "disruptions", None))


def disruptions(ready: Prepared) -> DisruptionError | None:
    """Return why `up` must not start unless disruption is allowed, or None."""
    found = [one for one in since_up(ready) or () if one.disruption is Disruption.DISRUPTIVE]
    if not found:
        return None
    fix = "take it back, or add --allow-disruption when now is a good moment"
    return DisruptionError(
        f"{len(found)} changes since the last up interrupt applications or lose data",
        fix=fix,
        problems=[Problem(f"{one.what} {one.detail}: disruptive", fix, DisruptionError.code) for one in found],
    )

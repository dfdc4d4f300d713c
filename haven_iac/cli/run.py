"""What every command that runs the engine begins and ends with."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from haven_iac.errors import DeployError, HavenError, SpecError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from haven_iac.cli.show import Bars, Lines
    from haven_iac.compliance.dossier import Dossier
    from haven_iac.compliance.evidence.model import Evidence
    from haven_iac.compliance.live import Documents
    from haven_iac.compliance.model import Fact, Verdict
    from haven_iac.deploy.session import Session
    from haven_iac.deploy.tracker import Tracker
    from haven_iac.prepare import Prepared
    from haven_iac.project import Project

PER_RELEASE = 7
"""About how many objects a chart has, for a first guess."""
COMPONENTS = 12
"""Components, providers and keys of every cluster."""


def say(text: str) -> None:
    """Tell the user something that is not the result."""
    print(text, file=sys.stderr, flush=True)


def prepared(stack: str) -> Prepared:
    """Return the plan of a stack of the project here."""
    from haven_iac.prepare import prepare
    from haven_iac.project import find_project

    return prepare(find_project(), stack)


def detect(stack: str, *, again: bool = True) -> dict[str, Any] | None:
    """Look at the cluster of a stack that exists already, and write down what is in it.

    Args:
        stack: its name.
        again: also when that was done before.

    Returns:
        What was found; None when nothing had to be looked at.

    Raises:
        SpecError: the stack makes its own cluster.
    """
    from haven_iac.clouds.base import Detecting
    from haven_iac.deploy import findings
    from haven_iac.prepare import described
    from haven_iac.project import find_project

    project = find_project()
    loaded, cloud = described(project, stack)
    if not isinstance(cloud, Detecting):
        if again:
            what = f"the cluster of stack {stack} is made by this stack; there is nothing to find"
            raise SpecError(what, fix="this is for `cloud: {kind: existing}`")
        return None
    if not again and cloud.detected(loaded.spec):
        return None
    held = cloud.secret(loaded.spec)
    text = tools_and_session(project, stack, ()).secret(held) if held else ""
    found = dict(cloud.detect(loaded.spec, str(project.root), text, date.today()))
    findings.write(project, stack, found)
    return found


def predicted(ready: Prepared) -> Verdict:
    """Return the predicted verdict of today, with the smallest change for each check that fails."""
    from haven_iac.compliance.predict import predict
    from haven_iac.compliance.suggest import suggested
    from haven_iac.prepare import replan

    return suggested(predict(ready.plan, date.today()), ready.plan, replan)


def dossier(
    ready: Prepared,
    predicted: Verdict,
    observed: Verdict | None = None,
    *,
    identity: str = "",
    evidence: Sequence[Evidence] = (),
    unusable: Sequence[HavenError] = (),
    security: Sequence[Fact] = (),
    documents: Documents | None = None,
    profiles: Sequence[str] = (),
    now: datetime,
) -> Dossier:
    """Return everything that is known about a cluster and the standard.

    Args:
        ready: the stack.
        predicted: the verdict on its plan.
        observed: the verdict on the live cluster; None where nobody looked.
        identity: of the live cluster.
        evidence: results of the checker.
        unusable: why others could not be used.
        security: what the checker does not test.
        documents: what the API returned; None where nobody looked.
        profiles: names of further catalogues to judge by.
        now: the time.
    """
    import haven_iac
    from haven_iac.compliance.dossier import About, assemble, spec_hash
    from haven_iac.compliance.profiles import judged

    about = About(
        cluster=ready.spec.name,
        stack=ready.stack,
        made=now,
        program=haven_iac.__version__,
        spec=spec_hash(ready.spec),
        cloud=ready.facts.kind,
        kubernetes=ready.spec.kubernetes.version,
        identity=identity,
        places=places(ready),
    )
    return assemble(
        about,
        ready.plan,
        predicted,
        observed,
        evidence=evidence,
        unusable=unusable,
        security=security,
        profiles=judged(profiles, ready.plan, security, documents, now.date()),
        today=now.date(),
    )


def write_reports(found: Dossier, files: Sequence[Path], language: str) -> None:
    """Write reports, each of the kind that its file's name asks for; say so.

    Raises:
        WriteError: a file cannot be written.
    """
    from haven_iac.cli.schema import write
    from haven_iac.compliance.formats import kind, render

    for file in files:
        write(file, render(found, kind(file), language))
        say(f"written to {file}")


def places(ready: Prepared) -> dict[str, tuple[str, int]]:
    """Return where in the description each check is decided: file from the project's folder, and line."""
    import os

    from haven_iac.compliance.places import DECIDED

    if not ready.loaded or not ready.project:
        return {}
    found = {}
    for check, path in {"": (), **DECIDED}.items():
        file, line = ready.loaded.source.locate(path)
        found[check] = (os.path.relpath(ready.project.root / file, ready.project.root), line)
    return found


def check_before(ready: Prepared) -> None:
    """Stop before anything exists when it is known that it cannot work.

    Raises:
        ComplianceError: a mandatory check is predicted to fail, and the spec says that this stops a run.
        ProbeError: the cloud cannot give what the plan asks.
    """
    from haven_iac import look
    from haven_iac.compliance.gate import refusal

    if error := refusal(ready.spec, predicted(ready)):
        raise error
    found = look.find(ready)
    stops = look.errors(found)
    for problem in look.problems(ready, [one for one in found if one not in stops]):
        say(f"note: {str(problem).partition(' ')[2]}")
    if unwell := look.refusal(ready, found):
        raise unwell


def session(ready: Prepared) -> Session:
    """Return a session for a stack; gets tools that are not there."""
    assert ready.project is not None
    return tools_and_session(ready.project, ready.stack, ready.cloud.tools)


def tools_and_session(project: Project, stack: str, tools: Sequence[str]) -> Session:
    """Return a session for a stack, with the engine and other groups of tools; gets those that are not there."""
    from haven_iac.cli.progress import ToolProgress
    from haven_iac.deploy.session import Session
    from haven_iac.toolchain import ensure

    with ToolProgress() as progress:
        found = ensure(["engine", *tools], progress)
    return Session(project, stack, found, say)


def existing(stack: str) -> tuple[Prepared, Session]:
    """Return plan and session of a stack that has been made.

    Raises:
        DeployError: it has not.
    """
    ready = prepared(stack)
    found = session(ready)
    if not found.exists():
        raise DeployError(f"there is no cluster of stack {stack} yet", fix=f"`haven-iac up -s {stack}` builds it")
    return ready, found


def kubeconfig(outputs: Mapping[str, Any], stack: str) -> str:
    """Return the stack's own kubeconfig.

    Raises:
        DeployError: the stack was not finished.
    """
    if not outputs.get("kubeconfig"):
        raise DeployError(f"the cluster of stack {stack} was not finished", fix=f"`haven-iac up -s {stack}` goes on")
    return str(outputs["kubeconfig"])


def silent(ready: Prepared, error: UnreachableError) -> UnreachableError:
    """Return the error for an API that does not answer, with what the cloud knows of it."""
    from haven_iac.clouds.base import SILENT_API

    builder = ready.cloud.builder(str(ready.project.root) if ready.project else "")
    known = builder.explain(ready.plan, SILENT_API, error.what)
    return UnreachableError(known.what, fix=known.fix) if known else error


def runs(ready: Prepared, session: Session) -> list[Prepared]:
    """Return what one `up` applies, one after the other."""
    from haven_iac.deploy import owners

    return owners.runs(ready, session.export() if session.exists() else {})


def next_run(ready: Prepared, session: Session) -> Prepared:
    """Return what `up` would apply first; say so when that is not all."""
    first, *more = runs(ready, session)
    if more:
        say("this is the first of two steps: what leaves our state is marked to stay; `up` does both")
    return first


def expected(ready: Prepared) -> int:
    """Return a first guess of how many resources a cluster has."""
    plan = ready.plan
    return COMPONENTS + 2 * len(plan.slots) + len(plan.nodes) + len(plan.manifests) + PER_RELEASE * len(plan.releases)


def tracker(ready: Prepared, watcher: Lines | Bars, known: int = 0) -> Tracker:
    """Return what follows a run and shows it."""
    from haven_iac.deploy.tracker import Tracker

    return Tracker(watcher, known or expected(ready))


def phases(tracker: Tracker, before: float) -> list[dict[str, Any]]:
    """Return the phases of a run with their times, in order of their end.

    Args:
        tracker: what followed the engine.
        before: seconds that had passed when the engine was started: for tools and checks.
    """
    times = sorted(tracker.times().items(), key=lambda item: item[1][1])
    return [
        {"phase": "tools and checks", "from": 0.0, "to": round(before, 2), "resources": 0},
        *(
            {"phase": name, "from": round(before + begin, 2), "to": round(before + end, 2), "resources": count}
            for name, (begin, end, count) in times
        ),
    ]


def stopwatch() -> Any:
    """Return a function that tells how many seconds have passed."""
    began = time.monotonic()
    return lambda: round(time.monotonic() - began, 1)


def in_words(changes: dict[str, int]) -> str:
    """Return changes as people say them."""
    words = {"create": "to create", "update": "to update", "delete": "to delete", "same": "unchanged"}
    words |= {"replace": "to replace", "create-replacement": "to replace"}
    shown = {words[op]: count for op, count in changes.items() if op in words and count}
    order = ["to create", "to update", "to replace", "to delete", "unchanged"]
    return ", ".join(f"{shown[word]} {word}" for word in order if word in shown) or "nothing"

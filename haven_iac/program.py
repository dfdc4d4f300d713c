"""The only composition root: a stack's configuration in, a cluster and its outputs out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pulumi

from haven_iac import held, interrupted, look
from haven_iac.compliance.gate import refusal
from haven_iac.compliance.predict import predict
from haven_iac.compliance.suggest import suggested
from haven_iac.components import HavenCluster
from haven_iac.errors import HavenError, SpecError
from haven_iac.prepare import Prepared, from_document, prepare, replan
from haven_iac.project import Project


def load() -> Prepared:
    """Return the plan of the stack that the engine runs.

    The stack's file is read for its lines; a program without such a file is planned from the configuration.

    Raises:
        RunError: the description has problems; each is logged, nothing is registered.
    """
    project, stack = Project(Path(pulumi.runtime.get_root_directory())), pulumi.get_stack()
    try:
        if project.stack_file(stack).is_file():
            ready = prepare(project, stack)
        else:
            ready = from_document(pulumi.Config("haven").require_object("cluster"))
        gate(ready)
    except HavenError as error:
        _refuse(error)
        raise
    return ready


def gate(ready: Prepared) -> None:
    """Log the predicted verdict; refuse to start where the spec says that a failing check stops it.

    Raises:
        RunError: a mandatory check is predicted to fail and the spec enforces them.
    """
    verdict = suggested(predict(ready.plan, date.today()), ready.plan, replan)
    for notice in ready.plan.notices:
        pulumi.log.info(f"{notice.path}: {notice.text}" if notice.path else notice.text)
    for result in verdict.failed:
        pulumi.log.warn(f"Haven check {result.check.id} is predicted to fail: {result.reason}; {result.fix}")
    if error := refusal(ready.spec, verdict):
        raise pulumi.RunError(error.what)


def build(ready: Prepared) -> Mapping[str, pulumi.Output[Any]]:
    """Register everything in the plan and return the stack's outputs.

    Before anything is changed the cloud is looked at. A preview looks while it works, so that it takes no longer.

    Raises:
        RunError: the cloud cannot give what the plan asks, a secret has not what is taken of it, or an earlier run was
            killed and left what only the command can settle.
    """
    _refuse(interrupted.refusal(_project(ready), pulumi.get_project(), pulumi.get_stack()))
    if strange := held.strange(ready.plan, _held, ready.loaded.source if ready.loaded else None):
        _refuse(SpecError.of(strange))
    looking = look.Looking(ready, look.PREVIEW_SECONDS if pulumi.runtime.is_dry_run() else look.CHANGES_SECONDS)
    if not pulumi.runtime.is_dry_run():
        _judge(ready, looking)
    outputs = _build(ready)
    if pulumi.runtime.is_dry_run():
        _judge(ready, looking)
    return outputs


def _held(secret: str) -> str | None:
    text: str | None = pulumi.runtime.get_config(f"haven:{secret}")
    return text


def _project(ready: Prepared) -> Project:
    return ready.project or Project(Path(pulumi.runtime.get_root_directory()))


def _refuse(error: HavenError | None) -> None:
    """Stop the program, with every problem in the log.

    Raises:
        RunError: there is one.
    """
    if error is None:
        return
    for problem in error.problems:
        pulumi.log.error(str(problem))
    raise pulumi.RunError(error.what)


def _judge(ready: Prepared, looking: look.Looking) -> None:
    """Refuse to go on where the cloud cannot give what the plan asks.

    Raises:
        RunError: everything that is wrong was logged.
    """
    found = looking.end()
    stops = look.errors(found)
    for problem in look.problems(ready, [one for one in found if one not in stops]):
        pulumi.log.warn(str(problem))
    _refuse(look.refusal(ready, found))


def _build(ready: Prepared) -> Mapping[str, pulumi.Output[Any]]:
    document = ready.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    root = str(ready.project.root) if ready.project else pulumi.runtime.get_root_directory()
    cluster = HavenCluster(ready.spec.name, {"spec": document, "root": root})
    return {
        "cluster": pulumi.Output.from_input(ready.spec.name),
        "cloud": pulumi.Output.from_input(ready.facts.kind),
        "simulated": pulumi.Output.from_input(ready.facts.simulated),
        "identity": cluster.identity,
        "server": cluster.server,
        "domain": pulumi.Output.from_input(ready.spec.ingress.domain),
        "nodes": pulumi.Output.from_input([node.name for node in ready.plan.nodes]),
        "zones": pulumi.Output.from_input(list(ready.plan.zones)),
        "releases": pulumi.Output.from_input({r.slot: f"{r.chart} {r.version}" for r in ready.plan.releases}),
        "deletionProtection": pulumi.Output.from_input(ready.spec.deletion_protection),
        "kubeconfig": pulumi.Output.secret(cluster.kubeconfig),
        "signing": pulumi.Output.secret(cluster.signing),
    }

"""Haven's checks as policies of `pulumi preview` and `pulumi up`: the same prediction that `haven-iac plan` shows.

The engine runs this in an environment of its own (`haven-iac policy-pack` makes it), in the folder of the program. The
description is read from the project's stack file; a program without one is not judged here, and that is said. Every
check is advisory; `haven-enforced` is mandatory and speaks where the description says `compliance.enforce: mandatory`.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

from haven_iac.compliance import catalogue
from haven_iac.compliance.gate import refusal
from haven_iac.compliance.model import Check, Status, Verdict
from haven_iac.compliance.predict import predict
from haven_iac.compliance.suggest import suggested
from haven_iac.errors import HavenError
from haven_iac.prepare import Prepared, prepare, replan
from haven_iac.project import find_project

STACK = "pulumi:pulumi:Stack"
"""Type of the resource that stands for the whole stack; there is one in every run."""


@lru_cache(maxsize=4)
def judged(stack: str) -> tuple[Prepared, Verdict] | None:
    """Return the plan and the prediction of a stack; None where its program has no description in a file of ours."""
    try:
        project = find_project(Path.cwd())
        if not project.stack_file(stack).is_file():
            return None
        ready = prepare(project, stack)
    except HavenError:
        return None  # the program itself says what is wrong with it
    return ready, suggested(predict(ready.plan, date.today()), ready.plan, replan)


def stack_of(urn: str) -> str:
    """Return the name of the stack that a resource belongs to."""
    return urn.removeprefix("urn:pulumi:").split("::", 1)[0]


def policy(check: Check) -> ResourceValidationPolicy:
    """Return one check as a policy."""

    def validate(args: Any, report: Any) -> None:
        if args.resource_type != STACK or not (found := judged(stack_of(args.urn))):
            return
        result = found[1].result(check.id)
        if result.status is Status.FAIL:
            report(f"predicted to fail: {result.reason}; {result.fix}")

    return ResourceValidationPolicy(
        name=f"haven-{check.id}",
        description=f"{check.label}. A prediction is no evidence.",
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY,
    )


def enforced(args: Any, report: Any) -> None:
    """Report what the description says has to stop a run."""
    if args.resource_type != STACK or not (found := judged(stack_of(args.urn))):
        return
    ready, verdict = found
    if error := refusal(ready.spec, verdict):
        for problem in error.problems:
            report(f"{problem.what}; {problem.fix}")


def described(args: Any, report: Any) -> None:
    """Report that there was nothing to judge."""
    if args.resource_type == STACK and judged(stack_of(args.urn)) is None:
        report("this stack has no description that could be read, so none of Haven's checks was judged")


PolicyPack(
    "haven",
    policies=[
        *(policy(check) for check in catalogue.checks() if check.mandatory),
        ResourceValidationPolicy(
            name="haven-enforced",
            description="No mandatory check is predicted to fail where compliance.enforce is mandatory.",
            validate=enforced,
            enforcement_level=EnforcementLevel.MANDATORY,
        ),
        ResourceValidationPolicy(
            name="haven-described",
            description="The stack has a description that can be judged.",
            validate=described,
            enforcement_level=EnforcementLevel.ADVISORY,
        ),
    ],
    enforcement_level=EnforcementLevel.ADVISORY,
)

"""`haven-iac validate`: everything that is wrong with a description, at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import JsonOption, StackOption, emit
from haven_iac.errors import ExitCode, HavenError, Problem, SpecError

if TYPE_CHECKING:
    from haven_iac.plan.model import ClusterPlan, Notice
    from haven_iac.project import Project

All = Annotated[bool, typer.Option("--all", help="Every stack of the project.")]


@dataclass
class _Judged:
    stack: str
    file: str
    problems: tuple[Problem, ...] = ()
    exit_code: ExitCode = ExitCode.OK
    plan: ClusterPlan | None = None
    notices: tuple[Notice, ...] = field(default=())


def validate(stack: StackOption = "local", every: All = False, as_json: JsonOption = False) -> None:
    """Say everything that is wrong with a stack's description, each with its place and what to do; creates nothing.

    Exit status 0 when it can be built, 3 when the description has problems, 4 when its cloud cannot give what is
    asked.
    """
    from haven_iac.project import find_project

    project = find_project()
    names = project.stack_names() if every else [stack]
    if not names:
        raise SpecError(f"there is no stack in {project.stacks}", fix="make one with `haven-iac new`")
    judged = [_judge(project, name) for name in names]
    if as_json:
        emit({"stacks": [_document(one) for one in judged]})
    else:
        _print(judged)
    if worst := next((one.exit_code for one in judged if one.exit_code), None):
        raise typer.Exit(worst)


def _judge(project: Project, stack: str) -> _Judged:
    import os

    from haven_iac.prepare import prepare

    file = os.path.relpath(project.stack_file(stack), project.root)
    try:
        ready = prepare(project, stack)
    except HavenError as error:
        return _Judged(stack, file, error.problems, error.exit_code)
    return _Judged(stack, file, plan=ready.plan, notices=ready.plan.notices)


def _document(one: _Judged) -> dict[str, Any]:
    return {
        "stack": one.stack,
        "file": one.file,
        "valid": not one.problems,
        "problems": [problem.as_dict() for problem in one.problems],
        "notices": [{"path": notice.path, "text": notice.text} for notice in one.notices],
    }


def _print(judged: list[_Judged]) -> None:
    import sys

    for one in judged:
        for problem in one.problems:
            print(problem, file=sys.stderr)
        if one.plan is None:
            continue
        parts = [
            _count(len(one.plan.nodes), "node"),
            _count(len(one.plan.zones), "zone"),
            _count(len(one.plan.releases), "release"),
        ]
        print(f"{one.file} is in order: {', '.join(parts)}")
        for notice in one.notices:
            print(f"  note: {notice.path}: {notice.text}")
    wrong = [one for one in judged if one.problems]
    if len(judged) > 1 and wrong:
        found = sum(len(one.problems) for one in wrong)
        print(
            f"{_count(found, 'problem')} in {len(wrong)} of {len(judged)} stacks: {', '.join(o.stack for o in wrong)}",
            file=sys.stderr,
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

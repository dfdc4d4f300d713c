"""`haven-iac new`: the file of a new stack, and the project around it where there is none."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from haven_iac.cli.options import console
from haven_iac.errors import Problem, SpecError

if TYPE_CHECKING:
    from haven_iac.project import Project
    from haven_iac.spec.starter import Answers

Stack = Annotated[
    str | None, typer.Option("--stack", "-s", help="Name of the stack; local for a local cloud, else the cluster's.")
]
Name = Annotated[str | None, typer.Option("--name", help="Name of the cluster; that of the folder if unset.")]
CloudKind = Annotated[str | None, typer.Option("--cloud", help="Where it runs; local if unset.")]
Domain = Annotated[str | None, typer.Option("--domain", help="Domain that applications get their names below.")]
Zones = Annotated[str | None, typer.Option("--zones", help="Availability zones, with commas: az1,az2,az3.")]
ProfileName = Annotated[str | None, typer.Option("--profile", help="production, sandbox or one of your own.")]
Directory = Annotated[
    Path | None, typer.Option("--directory", "-d", file_okay=False, help="Folder of the project; here if unset.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a stack file that is there already.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take the default for what is not said.")]


def new(
    stack: Stack = None,
    name: Name = None,
    cloud: CloudKind = None,
    domain: Domain = None,
    zones: Zones = None,
    profile: ProfileName = None,
    directory: Directory = None,
    force: Force = False,
    yes: Yes = False,
) -> None:
    """Write the file that describes a new cluster, and the project around it where there is none.

    Asks five questions at a terminal; elsewhere, or with --yes, takes flags and defaults. Writes over nothing unless
    --force is given, and then only over the stack's own file.
    """
    project = _project(directory)
    asking = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    given = {"name": name, "cloud": cloud, "domain": domain, "zones": zones, "profile": profile}
    answers = _answers(project, stack, given, asking=asking)
    file = project.stack_file(answers.stack)
    if file.exists() and not force:
        raise SpecError(
            f"{_shown(file)} is there already",
            fix="add --force to write over it, or choose another name with --stack",
        )
    files = _files(project, answers)
    _check(project, answers, files)
    _write(project, files)
    _next(project, answers)


def _project(directory: Path | None) -> Project:
    from haven_iac.project import Project, find_project

    if directory is None:
        try:
            project = find_project()
        except SpecError:
            project = Project(Path.cwd())
    else:
        project = Project(directory.expanduser().resolve())
    description = project.root / "Pulumi.yaml"
    if description.is_file() and "stackConfigDir: stacks" not in description.read_text(errors="replace"):
        raise SpecError(
            f"{_shown(description)} belongs to another project: it has no `stackConfigDir: stacks`",
            fix="choose another folder with --directory",
        )
    return project


def _answers(project: Project, stack: str | None, given: Mapping[str, str | None], *, asking: bool) -> Answers:
    from haven_iac.clouds import registry
    from haven_iac.spec import starter

    if asking:
        console().print("A new cluster: five questions. Enter takes what stands between brackets.", markup=False)
    found: dict[str, str] = {}

    def answer(question: str, words: str, default: str) -> str:
        found[question] = _answer(question, words, default, given[question], asking=asking, project=project)
        return found[question]

    name = answer("name", "1. What is it called?", starter.default_name(project.root.name))
    cloud = answer("cloud", f"2. Where does it run? ({', '.join(registry.installed())})", "local")
    domain = answer("domain", "3. Below which domain do applications get their names?", starter.default_domain(name))
    simulated = cloud == "local"
    zones = answer(
        "zones", "4. Which zones does it stand in? (with commas)", ",".join(starter.default_zones(simulated=simulated))
    )
    profile = answer("profile", f"5. What is it for? ({', '.join(_profiles(project))})", starter.PROFILES[0])
    stack = stack or ("local" if simulated else name)
    if reason := starter.wrong_stack(stack):
        raise SpecError.of([Problem(f"'{stack}' {reason}", "as in acceptatie", "HVN103", path="--stack")])
    return starter.Answers(stack, name, cloud, domain, _split(zones), profile)


def _answer(question: str, words: str, default: str, given: str | None, *, asking: bool, project: Project) -> str:
    """Return a flag, an answer or the default.

    Raises:
        SpecError: the flag has a value that cannot be used.
    """
    if given is None and asking:
        return str(typer.prompt(words, default=default, value_proc=_asked(question, project)))
    value = default if given is None else given
    if problem := _wrong(question, value, project):
        raise SpecError.of([Problem(problem.what, problem.fix, problem.code, path=f"--{question}")])
    return value


def _asked(question: str, project: Project) -> Callable[[str], str]:
    def check(text: str) -> str:
        if problem := _wrong(question, text, project):
            raise typer.BadParameter(f"{problem.what}; {problem.fix}")
        return text.strip()

    return check


def _wrong(question: str, value: str, project: Project) -> Problem | None:
    from haven_iac.clouds import registry
    from haven_iac.errors import CloudError
    from haven_iac.spec import starter

    if question == "profile":
        known = _profiles(project)
        what = f"there is no profile '{value}'"
        return None if value in known else Problem(what, f"the profiles are {', '.join(known)}", "HVN106")
    problem = starter.wrong_with(question, list(_split(value)) if question == "zones" else value)
    if problem is None and question == "cloud":
        try:
            registry.find(value)
        except CloudError as error:
            return error.problems[0]
    return problem


def _split(zones: str) -> tuple[str, ...]:
    return tuple(zone.strip() for zone in zones.split(",") if zone.strip())


def _profiles(project: Project) -> list[str]:
    from haven_iac.spec.starter import PROFILES

    own = sorted(path.stem for path in project.stacks.glob("profiles/*.yaml"))
    return list(dict.fromkeys([*PROFILES, *own]))


def _files(project: Project, answers: Answers) -> dict[str, str]:
    """Return what is to be written: nothing that is there already but the stack's own file."""
    from haven_iac.clouds import registry
    from haven_iac.spec import starter

    cloud = registry.find(answers.cloud)
    content = starter.stack_file(answers, cloud.settings_model, simulated=answers.cloud == "local")
    around = starter.project_files()
    if (project.root / "Pulumi.yaml").is_file():
        around = {path: text for path, text in around.items() if path == f"stacks/profiles/{answers.profile}.yaml"}
    missing = {path: text for path, text in around.items() if not (project.root / path).exists()}
    return {**missing, os.path.relpath(project.stack_file(answers.stack), project.root): content}


def _check(project: Project, answers: Answers, files: Mapping[str, str]) -> None:
    """Plan the new stack in a folder of its own, so that nothing is written that could not be built.

    Raises:
        SpecError: it cannot; every problem is listed.
    """
    import shutil

    from haven_iac.prepare import prepare
    from haven_iac.project import Project

    with tempfile.TemporaryDirectory(prefix="haven-iac-") as folder:
        trial = Project(Path(folder))
        if (project.stacks / "profiles").is_dir():
            shutil.copytree(project.stacks / "profiles", trial.stacks / "profiles")
        _put(trial, files)
        prepare(trial, answers.stack)


def _write(project: Project, files: Mapping[str, str]) -> None:
    from haven_iac.cli.schema import WriteError

    try:
        _put(project, files)
    except OSError as error:
        raise WriteError(
            f"{error.filename or project.root} cannot be written: {error.strerror}",
            fix="choose another folder with --directory",
        ) from None


def _put(project: Project, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _next(project: Project, answers: Answers) -> None:
    which = "" if answers.stack == "local" else f" -s {answers.stack}"
    away = "" if project.root == Path.cwd() else f"cd {_shown(project.root)}, then "
    print(f"written: {_shown(project.stack_file(answers.stack))}")
    print(f"Next: look through it, {away}`haven-iac plan{which}` and `haven-iac up{which}`")

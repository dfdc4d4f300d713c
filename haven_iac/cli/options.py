"""Options and output that every subcommand shares."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


def _stack_names(incomplete: str) -> list[str]:
    """Return the stacks of the project here, for shell completion."""
    from haven_iac.errors import HavenError
    from haven_iac.project import find_project

    try:
        return [name for name in find_project().stack_names() if name.startswith(incomplete)]
    except (HavenError, OSError):
        return []


StackOption = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        envvar="HAVEN_STACK",
        help="Which stacks/Pulumi.<stack>.yaml; HAVEN_STACK, else local.",
        autocompletion=_stack_names,
    ),
]


def _languages() -> list[str]:
    from haven_iac.compliance.words import LANGUAGES

    return list(LANGUAGES)


def _profiles() -> list[str]:
    from haven_iac.compliance.profiles import PROFILES

    return list(PROFILES)


LangOption = Annotated[
    str,
    typer.Option(
        "--lang",
        envvar="HAVEN_LANG",
        metavar="en|nl",
        help="Language of reports: en or nl; HAVEN_LANG, else en.",
        autocompletion=_languages,
    ),
]
ReportOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        dir_okay=False,
        help="Write a report; .html, .md, .json, .sarif or .xml (JUnit) says which; again for more.",
    ),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", metavar="bio2", help="Judge by this catalogue too; again for more.", autocompletion=_profiles
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for a machine to read.")]


WITHOUT_TERMINAL = 160
"""Columns that are written for when there is no terminal to ask, nor COLUMNS."""


def console(*, stderr: bool = False) -> Console:
    """Return a console; imported late, so that help stays quick."""
    from rich.console import Console

    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal or os.environ.get("COLUMNS") else WITHOUT_TERMINAL
    return Console(stderr=stderr, highlight=False, soft_wrap=not terminal, width=width)


def emit(document: Any) -> None:
    """Print one JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def examples(*lines: str) -> str:
    r"""Return the examples part of a command's help.

    Each line is `command  # what it does`; use as `epilog=examples(...)`.
    """
    return "\n\n".join(["Examples:", *lines])

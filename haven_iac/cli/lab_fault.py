"""`haven-iac lab fault`: what goes wrong in a lab on purpose."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from haven_iac.cli.options import JsonOption, console, emit, examples
from haven_iac.errors import LabError

if TYPE_CHECKING:
    from haven_iac.lab.inside.faults import Faults

app = typer.Typer(
    no_args_is_help=True,
    help="Let something go wrong in a lab on purpose, and see how often it did. A fault is in force at once, until it "
    "is removed or has struck as often as it was told to.",
    epilog=examples(
        "haven-iac lab fault kinds",
        "haven-iac lab fault add compute-quota --times 1",
        "haven-iac lab fault add balancer-stuck name=api seconds=30",
        "haven-iac lab fault remove --all",
    ),
)

Name = Annotated[str, typer.Option("--name", "-n", envvar="HAVEN_LAB", help="Which lab.")]
Times = Annotated[int | None, typer.Option("--times", "-t", min=1, help="How often it strikes; always when left out.")]
Parameters = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Parameters of that kind.")]
All = Annotated[bool, typer.Option("--all", help="Every fault.")]


def _kind_names(incomplete: str) -> list[str]:
    from haven_iac.lab.inside.faults import KINDS

    return [name for name in KINDS if name.startswith(incomplete)]


def _faults(name: str) -> Faults:
    from haven_iac.lab.inside.faults import Faults
    from haven_iac.lab.place import find

    place = find(name)
    if not place.settings_file.is_file():
        raise LabError(f"there is no lab {name}", fix="`haven-iac lab up` starts one")
    return Faults(str(place.faults_file))


@app.command(epilog=examples("haven-iac lab fault kinds", "haven-iac lab fault kinds --json"))
def kinds(as_json: JsonOption = False) -> None:
    """List what can go wrong, with parameters and their usual values."""
    from rich.table import Table

    from haven_iac.lab.inside.faults import KINDS

    if as_json:
        emit({name: {"what": kind.what, "parameters": dict(kind.parameters)} for name, kind in KINDS.items()})
        return
    table = Table(box=None, padding=(0, 2))
    for column in ("kind", "what happens", "parameters"):
        table.add_column(column)
    for name, kind in KINDS.items():
        table.add_row(name, kind.what, " ".join(f"{key}={value}" for key, value in kind.parameters.items()))
    console().print(table)


@app.command(
    epilog=examples(
        "haven-iac lab fault add compute-error --times 2",
        "haven-iac lab fault add machine-never-boots name=general-az2",
        "haven-iac lab fault add http service=cinder path=/volumes method=POST status=503",
    )
)
def add(
    kind: Annotated[str, typer.Argument(help="One of `fault kinds`.", autocompletion=_kind_names, metavar="KIND")],
    parameters: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Parameters of that kind.")
    ] = None,
    times: Times = None,
    name: Name = "lab",
    as_json: JsonOption = False,
) -> None:
    """Put a fault in force; prints its id."""
    from haven_iac.lab.inside.faults import FaultError

    pairs = [text.partition("=") for text in parameters or []]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise LabError(f"{wrong[0]!r} is no parameter", fix="write them as key=value; see `haven-iac lab fault kinds`")
    try:
        fault = _faults(name).add(kind, {key: value for key, _, value in pairs}, times)
    except FaultError as error:
        raise LabError(str(error), fix="see `haven-iac lab fault kinds`") from error
    if as_json:
        emit(asdict(fault))
    else:
        print(fault.id)


@app.command("list", epilog=examples("haven-iac lab fault list", "haven-iac lab fault list --json"))
def list_(name: Name = "lab", as_json: JsonOption = False) -> None:
    """List the faults of a lab, and how often each struck."""
    from rich.table import Table

    found = _faults(name).all()
    if as_json:
        emit([asdict(fault) for fault in found])
        return
    if not found:
        print("nothing goes wrong on purpose")
        return
    table = Table(box=None, padding=(0, 2))
    for column in ("id", "kind", "parameters", "struck", "left"):
        table.add_column(column)
    for fault in found:
        parameters = " ".join(f"{key}={value}" for key, value in fault.parameters.items() if value)
        table.add_row(
            fault.id, fault.kind, parameters, str(fault.hits), str(fault.left if fault.left is not None else "always")
        )
    console().print(table)


@app.command(epilog=examples("haven-iac lab fault remove 3", "haven-iac lab fault remove --all"))
def remove(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="As `fault list` shows them.")] = None,
    every: All = False,
    name: Name = "lab",
) -> None:
    """Remove faults."""
    if not ids and not every:
        raise LabError("which faults?", fix="name their ids, or use --all")
    gone = _faults(name).remove(None if every else ids)
    if ids and (missing := sorted(set(ids) - set(gone))):
        raise LabError(f"there is no fault {', '.join(missing)}", fix="`haven-iac lab fault list` shows them")
    print(f"removed {len(gone)}")

"""`haven-iac toolchain`: the engine, its plugins and the local control plane, and where each comes from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import JsonOption, console, emit, examples
from haven_iac.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from haven_iac.toolchain import Found, Tools

DEFAULT = ("engine", "local")
"""Groups that the stack `local` needs."""

app = typer.Typer(
    no_args_is_help=True,
    help="See, get or remove the tools that haven-iac runs. A tool on PATH of the right version is used as it is; "
    "others come from the folder that HAVEN_TOOLCHAIN_MIRROR names, from official releases, or are built from their "
    "published Go modules. They are kept in HAVEN_TOOLCHAIN_CACHE, else ~/.cache/haven-iac/tools.",
    epilog=examples("haven-iac toolchain list", "haven-iac toolchain install"),
)


def _group_names(incomplete: str) -> list[str]:
    from haven_iac.toolchain import groups

    return [name for name in groups() if name.startswith(incomplete)]


def _tool_names(incomplete: str) -> list[str]:
    from haven_iac.toolchain import known

    return [name for name in known() if name.startswith(incomplete)]


Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        "-g",
        help="engine, local, openstack, lab, lab-backup or gitops; may be repeated.",
        autocompletion=_group_names,
        metavar="GROUP",
    ),
]
ToolName = Annotated[str, typer.Argument(help="Which tool.", autocompletion=_tool_names, metavar="TOOL")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(
    "list",
    epilog=examples(
        "haven-iac toolchain list",
        "haven-iac toolchain list --group local",
        "haven-iac toolchain list --json",
    ),
)
def list_(group: Groups = None, as_json: JsonOption = False) -> None:
    """List each tool: its version, where it is from, and what `install` would do. Nothing is changed."""
    from haven_iac.toolchain import groups, survey

    found = survey(group or groups())
    if as_json:
        emit([_document(one) for one in found])
        return
    _print_tools(found)
    missing = [one for one in found if one.location is None]
    if missing:
        _print_prospect(missing)


def _print_prospect(missing: Sequence[Found]) -> None:
    from haven_iac.cli.progress import announcement
    from haven_iac.toolchain import check

    print()
    console().print(announcement(missing), markup=False)
    try:
        check(missing)
    except ToolchainError as error:
        print(f"That would not start: {error}")
    else:
        print(f"`haven-iac toolchain install{_flags({one.tool.group for one in missing})}` does it.")


def _flags(names: Iterable[str]) -> str:
    asked = sorted(names)
    return "" if set(asked) <= set(DEFAULT) else "".join(f" --group {name}" for name in asked)


def _document(one: Found) -> dict[str, Any]:
    return {
        "name": one.tool.name,
        "version": one.tool.version,
        "group": one.tool.group,
        "source": one.source,
        "origin": one.origin,
        "location": str(one.location) if one.location else None,
        "action": one.action,
        "seconds": one.seconds,
        "megabytes": one.tool.megabytes,
    }


def _print_tools(found: Sequence[Found]) -> None:
    from rich.table import Table

    from haven_iac.cli.progress import VERBS, short

    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in ("tool", "version", "group", "from", "install would"):
        table.add_column(column, no_wrap=True)
    table.add_column("MB", justify="right")
    for one in found:
        if one.location:
            origin = f"cache ({one.origin})" if one.source == "cache" else one.source
            todo = "use it"
        else:
            origin, todo = "[yellow]missing[/]", f"{VERBS[one.source]}, {short(one.seconds)}"
        table.add_row(one.tool.name, one.tool.version, one.tool.group, origin, todo, str(one.tool.megabytes))
    console().print(table)


@app.command(
    epilog=examples(
        "haven-iac toolchain install  # what the stack local needs",
        "haven-iac toolchain install --group engine --group openstack",
        "HAVEN_TOOLCHAIN_RELEASES=off haven-iac toolchain install  # builds, even where releases can be downloaded",
    )
)
def install(group: Groups = None, as_json: JsonOption = False) -> None:
    """Get every tool of these groups (engine and local unless named) that is not here yet.

    Says first what has to be downloaded or built, and how long that takes. It may be stopped and run again.
    """
    from haven_iac.cli.progress import ToolProgress
    from haven_iac.toolchain import ensure, survey

    wanted = group or list(DEFAULT)
    with ToolProgress() as progress:
        ensure(wanted, progress)
    found = survey(wanted)
    if as_json:
        emit([_document(one) for one in found])
    else:
        print(f"{len(found)} tools are ready", file=sys.stderr)


def _ready(groups: Sequence[str]) -> Tools:
    """Return tools that are here; nothing is got, as that may take a quarter of an hour.

    Raises:
        ToolchainError: one is not here.
    """
    from haven_iac.toolchain import ensure, missing

    if absent := missing(groups):
        raise ToolchainError(
            f"not here yet: {', '.join(tool.name for tool in absent)}",
            fix=f"run `haven-iac toolchain install{_flags(groups)}`",
        )
    return ensure(groups)


@app.command(epilog=examples("haven-iac toolchain path pulumi", '"$(haven-iac toolchain path etcd)" --version'))
def path(tool: ToolName) -> None:
    """Print where a tool is."""
    from haven_iac.toolchain import known

    if tool not in known():
        raise ToolchainError(f"no tool is called {tool!r}", fix=f"tools are {', '.join(known())}")
    print(_ready([known()[tool].group]).path(tool))


@app.command(epilog=examples('eval "$(haven-iac toolchain env)" && pulumi preview', "haven-iac toolchain env --json"))
def env(group: Groups = None, as_json: JsonOption = False) -> None:
    """Print what a shell has to export so that plain `pulumi` works here on the same state.

    Inside a project whose backend was never chosen, that includes its own file backend and passphrase file.
    """
    import shlex

    tools = _ready(group or list(DEFAULT))
    exported = _environment(tools)
    if as_json:
        emit(exported)
        return
    for name, value in exported.items():
        if name == "PATH":
            print(f'export PATH={shlex.quote(os.pathsep.join(tools.folders))}:"$PATH"')
        else:
            print(f"export {name}={shlex.quote(value)}")


def _environment(tools: Tools) -> dict[str, str]:
    from haven_iac.deploy import backend
    from haven_iac.errors import SpecError
    from haven_iac.project import find_project

    found = tools.env()
    try:
        project = find_project()
    except SpecError:
        return found
    chosen = backend.environment(project, tools, lambda text: print(text, file=sys.stderr))
    # The temporary folder is private to one run and goes with it: not one for a shell.
    return {name: value for name, value in chosen.items() if name != "TMPDIR"}


@app.command(epilog=examples("haven-iac toolchain clean", "haven-iac toolchain clean --yes  # asks nothing"))
def clean(yes: Yes = False) -> None:
    """Remove every tool from the cache, and the plugins that were put into the engine's folder from it."""
    from haven_iac.toolchain import cache_folder
    from haven_iac.toolchain import clean as remove

    if not yes:
        if not sys.stdin.isatty():
            raise ToolchainError(f"this would remove the tools in {cache_folder()}", fix="add --yes to do it")
        typer.confirm(f"Remove the tools in {cache_folder()}? Clusters that run now are not stopped.", abort=True)
    print(f"removed; {remove() / 1e6:.0f} MB are free again")

"""`haven-iac local`: the simulated clusters of this machine and their processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import JsonOption, StackOption, console, emit, examples
from haven_iac.errors import DeployError

if TYPE_CHECKING:
    from haven_iac.clouds.local.control_plane import ControlPlane

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the simulated clusters of this machine, and stop or start their processes.",
    epilog=examples("haven-iac local list", "haven-iac local logs kube-apiserver -s local"),
)

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on as more is written; Ctrl-C ends it.")]
Count = Annotated[int, typer.Option("--lines", "-n", help="How many lines from the end.", min=1)]
Process = Annotated[str, typer.Argument(help="etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok...")]


def _folder(stack: str) -> Path:
    from haven_iac.project import find_project

    return find_project().local_cluster(stack)


def _plane(stack: str) -> ControlPlane:
    from haven_iac.clouds.local.control_plane import ControlPlane

    plane = ControlPlane(_folder(stack))
    if plane.settings() is None:
        raise DeployError(f"there is no local cluster of stack {stack}", fix=f"`haven-iac up -s {stack}` builds one")
    return plane


def _document(plane: ControlPlane) -> dict[str, Any]:
    settings = plane.settings()
    return {
        "stack": plane.folder.name,
        "cluster": settings.name if settings else "",
        "server": settings.endpoint.server if settings else "",
        "simulated": True,
        "running": plane.running,
        "folder": str(plane.folder),
        "processes": [
            {
                "name": one.name,
                "state": one.state.value,
                "pid": one.process.pid if one.process else None,
                "seconds": round(one.process.age) if one.process else None,
                "memoryMiB": one.process.memory >> 20 if one.process else None,
            }
            for one in plane.status()
        ],
    }


@app.command("list", epilog=examples("haven-iac local list", "haven-iac local list --json"))
def list_(as_json: JsonOption = False) -> None:
    """List the simulated clusters of this project."""
    from rich.table import Table

    from haven_iac.clouds.local.control_plane import ControlPlane

    folders = sorted(path for path in _folder("x").parent.glob("*") if path.is_dir())
    found = [_document(plane) for plane in map(ControlPlane, folders) if plane.settings()]
    if as_json:
        emit(found)
        return
    if not found:
        print("no simulated cluster here; `haven-iac up -s local` builds one")
        return
    table = Table(box=None, padding=(0, 2))
    for column in ("stack", "cluster", "API", "processes", "memory"):
        table.add_column(column, overflow="fold")
    for one in found:
        alive = [p for p in one["processes"] if p["pid"]]
        state = f"{len(alive)} of {len(one['processes'])} running"
        memory = sum(p["memoryMiB"] for p in alive)
        table.add_row(one["stack"], one["cluster"], one["server"], state, f"{memory} MiB")
    console().print(table)


@app.command(epilog=examples("haven-iac local status", "haven-iac local status -s test --json"))
def status(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Show the processes of one simulated cluster."""
    from rich.table import Table

    found = _document(_plane(stack))
    if as_json:
        emit(found)
        return
    out = console()
    out.print(f"[bold]{found['cluster']}[/] · {found['server']} · SIMULATED\n{found['folder']}")
    table = Table(box=None, padding=(0, 2))
    for column in ("process", "state", "pid", "since", "memory"):
        table.add_column(column, overflow="fold")
    for one in found["processes"]:
        colour = "green" if one["pid"] else "red"
        since = f"{one['seconds']} s" if one["pid"] else ""
        memory = f"{one['memoryMiB']} MiB" if one["pid"] else ""
        table.add_row(one["name"], f"[{colour}]{one['state']}[/]", str(one["pid"] or ""), since, memory)
    out.print(table)


@app.command(epilog=examples("haven-iac local stop -s local"))
def stop(stack: StackOption = "local") -> None:
    """Stop the processes of a simulated cluster and keep its data; `start` or `up` goes on."""
    _plane(stack).stop()
    print(f"stopped the processes of {stack}; its data is kept")


@app.command(epilog=examples("haven-iac local start -s local"))
def start(stack: StackOption = "local") -> None:
    """Start whatever process of a simulated cluster does not run."""
    started = _plane(stack).ensure_running()
    print(f"started {', '.join(started)}" if started else "everything runs already")


@app.command(epilog=examples("haven-iac local logs kube-apiserver", "haven-iac local logs etcd -n 200 --follow"))
def logs(process: Process, stack: StackOption = "local", lines: Count = 50, follow: Follow = False) -> None:
    """Print the end of a process's log."""
    import time

    plane = _plane(stack)
    file = plane.processes.log(process)
    if not file.is_file():
        known = ", ".join(one.name for one in plane.status())
        raise DeployError(f"there is no log of {process!r}", fix=f"the processes are {known}")
    with file.open(errors="replace") as text:
        for line in text.readlines()[-lines:]:
            print(line, end="")
        while follow:
            line = text.readline()
            if line:
                print(line, end="", flush=True)
            else:
                time.sleep(0.3)

"""`haven-iac lab`: a whole OpenStack on this machine, in a network namespace of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from haven_iac.cli import lab_fault
from haven_iac.cli.options import JsonOption, console, emit, examples
from haven_iac.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haven_iac.lab.control import Lab

app = typer.Typer(
    no_args_is_help=True,
    help="A whole OpenStack on this machine, for development and tests: real services on loopback in a network "
    "namespace of their own, servers that run their user data, real Kubernetes APIs and cloud controllers. "
    "It is a rehearsal, never evidence. Needs root, or unprivileged user namespaces.",
    epilog=examples(
        "haven-iac lab up",
        "haven-iac lab exec -- openstack server list",
        "haven-iac lab exec -- haven-iac up -s lab",
        "haven-iac lab down",
    ),
)

app.add_typer(lab_fault.app, name="fault")

Name = Annotated[str, typer.Option("--name", "-n", envvar="HAVEN_LAB", help="Which lab; several may run side by side.")]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without", metavar="SERVICE", help="Leave out octavia, barbican, designate, manila or swift; may be repeated."
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="WHAT",
        help="Run backup for real: Velero, and snapshots of volumes; its programs may have to be built first.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Fill the cloud anew, even where a snapshot would do.")]
Wipe = Annotated[bool, typer.Option("--wipe", help="Remove the state too; the next `up` begins with an empty cloud.")]


def _lab(name: str, *, quiet: bool = True) -> Lab:
    from haven_iac.lab.control import Lab, silent
    from haven_iac.lab.place import find

    return Lab(find(name), silent if quiet else _progress())


def _progress() -> Callable[[str], None]:
    """Return what says one thing after another, each with the time since now."""
    began, out = time.monotonic(), console(stderr=True)
    return lambda text: out.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {text}", highlight=False)


def _inside(lab: Lab, work: Callable[[], Any]) -> Any:
    """Do a piece of work in the lab's namespace; a user who is not root enters it as a new process."""
    if os.geteuid() == 0 or lab.namespace.here or lab.namespace.file is None:
        return lab.namespace.inside(work)
    _replace(lab, [sys.executable, "-m", "haven_iac.cli.app", *sys.argv[1:]])


def _replace(lab: Lab, argv: list[str]) -> NoReturn:
    """Become a command inside the lab's namespace.

    Raises:
        LabError: there is no lab, or no such command.
    """
    command = lab.namespace.command(argv)
    try:
        os.execvpe(command[0], command, {**os.environ, **lab.environment()})  # noqa: S606  (that is the point)
    except FileNotFoundError:
        raise LabError(f"{command[0]} is not here", fix="check the command, or apt-get install util-linux") from None


@app.command(
    epilog=examples(
        "haven-iac lab up  # the first time a few minutes, later a quarter of one",
        "haven-iac lab up --without octavia  # a cloud that has no load balancers",
        "haven-iac lab up --with backup  # with a real Velero, for haven-iac drill restore",
        "haven-iac lab up --name second --json",
    )
)
def up(
    name: Name = "lab",
    without: Without = None,
    with_: With = None,
    fresh: Fresh = False,
    as_json: JsonOption = False,
) -> None:
    """Start the lab, or whatever of it does not run; installs what is missing first."""
    lab = _lab(name, quiet=False)
    if not lab.namespace.here:
        _tools(lab.tools(with_))
        lab.prepare()
    _inside(lab, lambda: lab.up(without, more=with_, fresh=fresh))
    if as_json:
        emit(lab.namespace.inside(lab.status))
    else:
        _say_how(lab)


def _tools(groups: Sequence[str]) -> None:
    from haven_iac.cli.progress import ToolProgress
    from haven_iac.toolchain import ensure

    with ToolProgress() as progress:
        ensure(groups, progress)


def _say_how(lab: Lab) -> None:
    flag = "" if lab.place.name == "lab" else f" -n {lab.place.name}"
    print(f"the lab {lab.place.name} is up, in the network namespace {lab.namespace.name}; it is SIMULATED")
    print(f"  haven-iac lab exec{flag} -- openstack server list    runs a command inside")
    print(f"  haven-iac lab exec{flag} -- haven-iac up -s lab      builds a cluster in it")
    if not lab.extras:
        print(f"  haven-iac lab up{flag} --with backup                 runs Velero for real, which it does not now")
    print(f"  haven-iac lab down{flag}                             stops it")


@app.command(epilog=examples("haven-iac lab down", "haven-iac lab down --wipe  # the next one begins empty"))
def down(name: Name = "lab", wipe: Wipe = False) -> None:
    """Stop the lab, its clusters and its namespace; what the cloud holds is kept unless wiped."""
    lab = _lab(name)
    if not lab.place.state.is_dir():
        print(f"there is no lab {name}")
        return
    lab.down(wipe=wipe)
    print(f"the lab {name} is {'gone' if wipe else 'down; its cloud is kept'}")


@app.command(epilog=examples("haven-iac lab restart"))
def restart(name: Name = "lab") -> None:
    """Start the lab's own programs anew; services, clusters and machines go on."""
    lab = _existing(name)
    _inside(lab, lab.restart_programs)
    print("machines and controllers run anew")


@app.command(epilog=examples("haven-iac lab status", "haven-iac lab status --json"))
def status(name: Name = "lab", as_json: JsonOption = False) -> None:
    """Show what runs: services, machines, clusters."""
    lab = _lab(name)
    found = lab.status() if lab.namespace.file is None else _inside(lab, lab.status)
    if as_json:
        emit(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    where = f"namespace {found['namespace']}" if found["namespace"] else "down"
    out.print(f"[bold]{found['name']}[/] · {where} · SIMULATED\n{found['state']}")
    table = Table(box=None, padding=(0, 2))
    for column in ("service", "pid", "memory", "answers"):
        table.add_column(column)
    for one in found["services"]:
        answer = "" if "answers" not in one else "yes" if one["answers"] else "[red]no[/]"
        memory = f"{one['memoryMiB']} MiB" if one["pid"] else ""
        table.add_row(one["name"], str(one["pid"] or "[red]not running[/]"), memory, answer)
    out.print(table)
    real = "run for real" if "backup" in found["with"] else "not run for real; `haven-iac lab up --with backup` does"
    out.print(f"backup: {real}", markup=False)
    for one in found["clusters"]:
        out.print(f"cluster {one['id']}: API {one['api']}, {one['members']} members")
    for one in found["machines"]:
        out.print(f"machine {one['name']} {one['address'] or ''} {one['state']} {one['unit'] or ''}")


@app.command(
    epilog=examples("haven-iac lab requests --since 5m", "haven-iac lab requests --json  # since the lab was started")
)
def requests(
    name: Name = "lab",
    since: Annotated[str, typer.Option(metavar="TIME", help="Of the last so many minutes, hours or days: 5m.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Count what the lab's services were asked, by client."""
    from haven_iac.lab.requests import counted, read
    from haven_iac.spec.model import duration

    try:
        moment = time.time() - duration(since).total_seconds() if since else 0.0
    except ValueError:
        raise LabError(f"{since!r} is no time that has passed", fix="write 5m, 2h or 1d") from None
    found = counted(read(_existing(name).place, moment))
    if as_json:
        emit(found)
        return
    from rich.table import Table

    table = Table("client", "requests", "of which", box=None, padding=(0, 2))
    for client, services in found.items():
        each = ", ".join(f"{service} {count}" for service, count in services.items())
        table.add_row(client, str(sum(services.values())), each)
    console().print(table)


@app.command(epilog=examples('eval "$(haven-iac lab env)"', "haven-iac lab env --json"))
def env(name: Name = "lab", as_json: JsonOption = False) -> None:
    """Print what `exec` puts into the environment: clouds.yaml, and where OpenStack's client is.

    The cloud's addresses can only be reached inside the namespace: with `exec`, or `ip netns exec` as root.
    """
    import shlex

    lab = _existing(name)
    found = lab.environment()
    if as_json:
        emit({**found, "namespace": lab.namespace.name, "state": str(lab.place.state)})
        return
    for key, value in found.items():
        print(f"export {key}={shlex.quote(value)}")


def _existing(name: str) -> Lab:
    lab = _lab(name)
    if not lab.exists:
        raise LabError(f"there is no lab {name}", fix="`haven-iac lab up` starts one")
    return lab


@app.command(
    "exec",
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "haven-iac lab exec -- openstack server list",
        "haven-iac lab exec -- haven-iac up -s lab",
        "haven-iac lab exec -- bash  # a shell inside",
    ),
)
def exec_(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="What to run, with its arguments.")],
    name: Name = "lab",
) -> None:
    """Run a command inside the lab's namespace, logged in at its cloud; its exit status is the command's."""
    _replace(_existing(name), command)

"""`haven-iac status`: what runs now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, console, emit

if TYPE_CHECKING:
    from haven_iac.deploy.live import State


def status(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Show what runs: nodes by zone, pods, addresses, volumes, and what is not ready."""
    from haven_iac.deploy import live
    from haven_iac.errors import UnreachableError

    ready, session = run.existing(stack)
    outputs = session.outputs()
    text = run.kubeconfig(outputs, stack)
    try:
        state = live.read(text)
    except UnreachableError as error:
        raise run.silent(ready, error) from None
    if as_json:
        emit(_document(stack, outputs, state))
    else:
        _print(stack, outputs, state)


def _document(stack: str, outputs: dict[str, Any], state: State) -> dict[str, Any]:
    return {
        "stack": stack,
        "cluster": outputs["cluster"],
        "identity": outputs["identity"],
        "cloud": outputs["cloud"],
        "simulated": outputs["simulated"],
        "server": outputs["server"],
        "version": state.version,
        "ready": state.ready,
        "nodes": [
            {"name": n.name, "zone": n.zone, "roles": n.roles, "version": n.version, "ready": n.ready}
            for n in state.nodes
        ],
        "pods": {namespace: {"ready": ready, "total": total} for namespace, (ready, total) in state.pods.items()},
        "loadBalancers": dict(state.load_balancers),
        "volumeClaims": dict(state.claims),
        "releases": outputs["releases"],
    }


def _print(stack: str, outputs: dict[str, Any], state: State) -> None:
    from rich.table import Table

    out = console()
    word = "[green]ready[/]" if state.ready else "[yellow]not everything is ready[/]"
    simulated = " · [yellow]SIMULATED[/]" if outputs["simulated"] else ""
    out.print(f"[bold]{outputs['cluster']}[/] ({outputs['identity']}, stack {stack}): {word}{simulated}")
    out.print(f"{outputs['server']} · Kubernetes {state.version}\n")
    nodes = Table(box=None, padding=(0, 2))
    for name in ("node", "zone", "roles", "version", "state"):
        nodes.add_column(name, overflow="fold")
    for node in state.nodes:
        mark = "[green]ready[/]" if node.ready else "[red]not ready[/]"
        nodes.add_row(node.name, node.zone or "[red]none[/]", node.roles, node.version, mark)
    out.print(nodes)
    pods = Table(box=None, padding=(0, 2))
    pods.add_column("namespace")
    pods.add_column("pods ready", justify="right")
    for namespace, (ready, total) in state.pods.items():
        colour = "green" if ready == total else "red"
        pods.add_row(namespace, f"[{colour}]{ready}/{total}[/]")
    out.print()
    out.print(pods)
    out.print()
    for name, address in state.load_balancers.items():
        out.print(f"load balancer {name}: {address or '[red]no address yet[/]'}")
    claims = ", ".join(f"{count} {phase.lower()}" for phase, count in state.claims.items())
    out.print(f"volume claims: {claims or 'none'}")

"""`haven-iac detect`: look at a cluster that exists, and write down what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, console, emit


def detect(stack: StackOption = "local", as_json: JsonOption = False) -> None:
    """Look at a cluster that exists (`cloud: {kind: existing}`), and write down what is in it; changes nothing there.

    What fills a slot of the platform already is left alone, and its namespaces with it. The file
    `stacks/found/<stack>.yaml` is a part of the description: keep it in version control. `up` looks by itself the
    first time, and stops when something that matters has changed since.
    """
    found = run.detect(stack)
    assert found is not None
    if as_json:
        emit({"stack": stack, **found})
        return
    _print(stack, found["cloud"]["settings"]["found"])


def _print(stack: str, found: Mapping[str, Any]) -> None:
    from rich.table import Table

    from haven_iac.cli.up import found_file
    from haven_iac.prepare import described
    from haven_iac.project import find_project
    from haven_iac.spec.known import SLOTS

    loaded, _ = described(find_project(), stack)
    out = console()
    simulated = " (SIMULATED)" if found["simulated"] else ""
    servers = sum(bool(node.get("controlPlane")) for node in found["nodes"].values())
    of_servers = f"{servers} of them servers" if servers else "its servers are not nodes"
    title = f"{loaded.spec.name}: Kubernetes {found['version']}, platform {found['platform']}{simulated}"
    out.print(title, style="bold", markup=False)
    out.print(
        f"{len(found['nodes'])} nodes, {of_servers}; {len(found['storageClasses'])} storage classes", markup=False
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("slot", "there already", "version", "in"):
        table.add_column(name)
    for slot in SLOTS:
        one = found["slots"].get(slot)
        if one:
            table.add_row(slot, one["name"], one.get("version", ""), one.get("namespace", ""))
    out.print()
    out.print(table if found["slots"] else "no slot of the platform is filled")
    out.print(f"\nWhat is there is left alone; written to {found_file(stack)}", markup=False)
    out.print(f"Next: haven-iac plan -s {stack}", markup=False)

"""`haven-iac plan`: everything that would be built and what Haven's checks would say, before anything exists."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import (
    JsonOption,
    LangOption,
    ProfileOption,
    ReportOption,
    StackOption,
    console,
    emit,
)
from haven_iac.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from haven_iac.clouds.base import Finding
    from haven_iac.compliance.dossier import Dossier
    from haven_iac.compliance.model import Verdict
    from haven_iac.plan.changes import Change
    from haven_iac.plan.model import ClusterPlan
    from haven_iac.prepare import Prepared

Html = Annotated[
    Path | None,
    typer.Option("--html", dir_okay=False, help="Write one HTML page, whole in itself, that can be mailed or printed."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit status 8 when a mandatory check is predicted to fail.")]
Online = Annotated[
    bool,
    typer.Option("--online", help="Look at the cloud too, read-only: exit status 4 when it cannot give what is asked."),
]
Nodes = Annotated[bool, typer.Option("--nodes", help="List every node, not only the pools.")]

_COLOURS = {
    "PASS": "green",
    "FAIL": "bold red",
    "NEEDS_EVIDENCE": "yellow",
    "none": "green",
    "rolling": "yellow",
    "disruptive": "bold red",
}


def plan(
    stack: StackOption = "local",
    html: Html = None,
    nodes: Nodes = False,
    strict: Strict = False,
    profile: ProfileOption = None,
    report: ReportOption = None,
    lang: LangOption = "en",
    online: Online = False,
    as_json: JsonOption = False,
) -> None:
    """Show what would be built, what Haven's checks are expected to say, and what changed since the last up.

    Creates nothing, and needs neither a cloud nor a network unless it is told to look there. A prediction is no
    evidence: only a run of the standard's own checker is.
    """
    from haven_iac import look
    from haven_iac.cli import run
    from haven_iac.compliance.formats import kind
    from haven_iac.compliance.words import checked
    from haven_iac.deploy.snapshots import since_up

    language = checked(lang)
    for file in report or ():
        kind(file)
    ready = run.prepared(stack)
    verdict, found = run.predicted(ready), since_up(ready)
    seen = look.find(ready) if online else None
    if html:
        _write(html, ready, verdict, found)
    dossier = run.dossier(ready, verdict, profiles=profile or (), now=datetime.now(UTC))
    run.write_reports(dossier, report or (), language)
    if as_json:
        emit(document(ready, verdict, found) | _online_document(ready, seen))
    else:
        show(console(), ready, verdict, found, every_node=nodes)
        show_beside(console(), dossier, language)
        if seen is not None:
            _online(console(), ready, seen)
        if html:
            print(f"\nwritten to {html}")
    if strict and verdict.failed:
        raise typer.Exit(ExitCode.VERDICT)
    if look.errors(seen or []):
        raise typer.Exit(ExitCode.CLOUD)


def _online_document(ready: Prepared, seen: list[Finding] | None) -> dict[str, Any]:
    from haven_iac.look import problems

    if seen is None:
        return {}
    pairs = zip(seen, problems(ready, seen), strict=True)
    return {"cloudFindings": [{"severity": one.severity, **problem.as_dict()} for one, problem in pairs]}


def _online(out: Console, ready: Prepared, seen: list[Finding]) -> None:
    """Print what the cloud itself says about the plan."""
    from haven_iac.look import problems

    _title(out, "What the cloud says")
    if not seen:
        out.print("nothing stands in the way", style="green")
    for one, problem in zip(seen, problems(ready, seen), strict=True):
        style = "bold red" if one.severity == "error" else "yellow"
        out.print(f"{one.severity}: {problem}", style=style, markup=False)


def _write(file: Path, ready: Prepared, verdict: Verdict, found: Sequence[Change] | None) -> None:
    from haven_iac.cli.schema import write
    from haven_iac.compliance.report import as_dict, heading
    from haven_iac.plan.page import About, page

    about = About(ready.stack, as_dict(verdict), heading(verdict), found, date.today())
    write(file, page(ready.plan, about))


def document(ready: Prepared, verdict: Verdict, found: Sequence[Change] | None) -> dict[str, Any]:
    """Return the plan for JSON output."""
    from dataclasses import asdict

    from haven_iac.compliance.report import as_dict
    from haven_iac.plan.sums import sums

    plan = ready.plan
    total = sums(plan)
    return {
        "stack": ready.stack,
        "cluster": plan.spec.name,
        "cloud": plan.facts.kind,
        "simulated": plan.facts.simulated,
        "kubernetes": plan.spec.kubernetes.version,
        "zones": list(plan.zones),
        "pools": [
            {"name": pool.name, "role": pool.role.value, "size": len(pool.nodes), "minimum": pool.minimum}
            for pool in plan.pools
        ],
        "nodes": [
            {
                "name": node.name,
                "role": node.role.value,
                "pool": node.pool,
                "zone": node.zone,
                "flavor": node.flavor,
                "addressBlock": node.address_block,
                "first": node.first,
                "labels": dict(node.labels),
                "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints],
            }
            for node in plan.nodes
        ],
        "releases": [
            {
                "slot": one.slot,
                "name": one.name,
                "chart": one.chart,
                "version": one.version,
                "appVersion": one.app_version,
                "namespace": one.namespace,
                "repo": one.manifest or one.repo,
                "standIn": one.stand_in,
            }
            for one in plan.releases
        ],
        "objects": len(plan.manifests),
        "sums": {
            "pods": total.total.pods,
            "cpuMillis": total.total.cpu_millis,
            "memoryMiB": total.total.memory_mib,
            "everyNode": {"cpuMillis": total.every_node.cpu_millis, "memoryMiB": total.every_node.memory_mib},
            "perWorker": {"cpuMillis": total.per_worker.cpu_millis, "memoryMiB": total.per_worker.memory_mib},
            "volumes": total.volumes,
            "volumeBytes": total.volume_bytes,
        },
        "verdict": as_dict(verdict),
        "notices": [asdict(notice) for notice in plan.notices],
        "changes": None if found is None else [asdict(one) for one in found],
    }


def show(
    out: Console, ready: Prepared, verdict: Verdict, found: Sequence[Change] | None, *, every_node: bool = False
) -> None:
    """Print the plan."""
    from haven_iac.plan.drawing import ASCII, LINES, draw
    from haven_iac.plan.sums import in_words, sums

    plan = ready.plan
    mark = " [yellow]SIMULATED, a rehearsal, never evidence[/]" if plan.facts.simulated else ""
    out.print(f"[bold]{plan.spec.name}[/] (stack {ready.stack}): plan; nothing is created.{mark}")
    ranges = plan.spec.network
    network = f"nodes {ranges.nodes}, pods {ranges.pods}, services {ranges.services}"
    if plan.facts.found_nodes is not None:
        network = "nodes as they were found"
    out.print(f"Kubernetes {plan.spec.kubernetes.version} on {plan.facts.kind}; {network}\n", markup=False)
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    for line in draw(plan, out.width, LINES if encoding == "utf8" else ASCII):
        out.print(line, markup=False, no_wrap=True, soft_wrap=True)
    _say(out, "Nodes" if every_node else "Pools", _nodes(plan) if every_node else _pools(plan))
    _say(out, "Releases, in the order in which they are installed", _releases(plan))
    out.print(f"and {len(plan.manifests)} objects of our own: namespaces, policies, quotas, classes", style="dim")
    _title(out, "What the platform takes")
    for line in in_words(sums(plan), plan):
        out.print(line, markup=False)
    _verdict(out, verdict)
    if plan.notices:
        _title(out, "Good to know")
        for notice in plan.notices:
            out.print(f"{notice.path}: {notice.text}", markup=False)
    _changes(out, found)


def show_beside(out: Console, dossier: Dossier, language: str) -> None:
    """Print recorded deviations, what should be said about them, and the verdicts by other catalogues."""
    from haven_iac.cli.verdict import show_deviations, show_profile
    from haven_iac.compliance.words import within

    show_deviations(out, dossier, language)
    for warning in dossier.warnings:
        if warning not in dossier.predicted.warnings:
            out.print(f"warning: {within(warning, language)}", style="yellow", markup=False)
    for verdict in dossier.profiles:
        show_profile(out, verdict, language)


def _title(out: Console, text: str) -> None:
    out.print(f"\n{text}", style="bold", markup=False)


def _say(out: Console, title: str, table: Table) -> None:
    _title(out, title)
    out.print(table)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, justify="right" if name == "size" else "left", overflow="fold")
    return table


def _row(table: Table, *cells: object) -> None:
    from rich.text import Text

    table.add_row(*(Text(str(cell), style=_COLOURS.get(str(cell), "")) for cell in cells))


def _pools(plan: ClusterPlan) -> Table:
    from haven_iac.plan.model import Role

    table = _table("pool", "size", "flavor", "zones", "labels", "taints")
    for pool in plan.pools:
        count = {zone: sum(node.zone == zone for node in pool.nodes) for zone in plan.zones}
        zones = ", ".join(f"{zone} {n}" for zone, n in count.items() if n)
        name = "servers" if pool.role is Role.CONTROL_PLANE else pool.name
        size = str(len(pool.nodes)) + (f" (at least {pool.minimum})" if pool.minimum != len(pool.nodes) else "")
        first = pool.nodes[0] if pool.nodes else None
        own = [f"{key}={value}" for key, value in first.labels if _own(key)] if first else []
        taints = [f"{key}={value}:{effect}" for key, value, effect in first.taints] if first else []
        _row(table, name, size, first.flavor if first else "", zones, ", ".join(own), ", ".join(taints))
    return table


def _own(label: str) -> bool:
    from haven_iac.plan.nodes import POOL_LABEL

    return label != POOL_LABEL and "kubernetes.io/" not in label


def _nodes(plan: ClusterPlan) -> Table:
    table = _table("node", "zone", "role", "flavor", "labels")
    for node in plan.nodes:
        role = f"{node.role.value}, the first" if node.first else node.role.value
        own = ", ".join(f"{key}={value}" for key, value in node.labels if _own(key))
        _row(table, node.name, node.zone, role, node.flavor, own)
    return table


def _releases(plan: ClusterPlan) -> Table:
    from haven_iac.spec.gitops import Owner

    table = _table("slot", "release", "version", "chart", "namespace", "from")
    for one in plan.releases:
        source = "stand-in of this package" if one.stand_in else one.manifest or one.repo
        source = "Flux's: from the repository" if one.owner is Owner.FLUX else source
        _row(table, one.slot, one.name, one.app_version, one.version, one.namespace, source)
    return table


def _verdict(out: Console, verdict: Verdict) -> None:
    from rich.text import Text

    from haven_iac.compliance.report import heading, summary

    _title(out, heading(verdict))
    for warning in verdict.warnings:
        out.print(f"warning: {warning}", style="yellow", markup=False)
    table = _table("check", "predicted", "why, and what to change")
    for result in verdict.results:
        why = Text(result.reason + ("" if result.check.mandatory else " (suggested, not mandatory)"))
        if result.flaw:
            why.append(f"\n{result.flaw}", style="yellow")
        if result.fix:
            why.append(f"\n→ {result.fix}", style="dim")
        status = Text(result.status.value, style=_COLOURS[result.status.value])
        table.add_row(Text(result.check.id), status, why)
    out.print(table)
    out.print(summary(verdict), markup=False)


def _changes(out: Console, found: Sequence[Change] | None) -> None:
    if not found:
        _title(out, "Changes since the last up")
        out.print("nothing" if found is not None else "no record of an earlier up", markup=False)
        return
    table = _table("what", "change", "disruption")
    for one in found:
        _row(table, one.what, one.detail, one.disruption.value)
    _say(out, "Changes since the last up", table)

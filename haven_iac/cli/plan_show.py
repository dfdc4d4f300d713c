"""Shows a plan on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from haven_iac.compliance.dossier import Dossier
    from haven_iac.plan.changes import Change
    from haven_iac.plan.model import ClusterPlan
    from haven_iac.prepare import Prepared

_COLOURS = {
    "PASS": "green",
    "FAIL": "bold red",
    "NEEDS_EVIDENCE": "yellow",
    "none": "green",
    "rolling": "yellow",
    "disruptive": "bold red",
}


def show(
    out: Console,
    ready: Prepared,
    dossier: Dossier,
    found: Sequence[Change] | None,
    language: str,
    *,
    every_node: bool = False,
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
    title(out, "What the platform takes")
    for line in in_words(sums(plan), plan):
        out.print(line, markup=False)
    _verdict(out, dossier, language)
    if plan.notices:
        title(out, "Good to know")
        for notice in plan.notices:
            out.print(f"{notice.path}: {notice.text}", markup=False)
    _changes(out, found)


def show_beside(out: Console, dossier: Dossier, language: str) -> None:
    """Print recorded deviations, what should be said about them, and the verdicts by other catalogues."""
    from haven_iac.cli.verdict import show_deviations, show_profile
    from haven_iac.compliance.words import within, word

    show_deviations(out, dossier, language)
    for warning in dossier.warnings:
        if warning not in dossier.predicted.warnings:
            mark = word("report.word.warning", language)
            out.print(f"{mark}: {within(warning, language)}", style="yellow", markup=False)
    for verdict in dossier.profiles:
        show_profile(out, verdict, language)


def title(out: Console, text: str) -> None:
    """Print what the lines below it are about."""
    out.print(f"\n{text}", style="bold", markup=False)


def _say(out: Console, heading: str, table: Table) -> None:
    title(out, heading)
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


def _verdict(out: Console, dossier: Dossier, language: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import within, word

    verdict = dossier.predicted
    title(out, common.heading(dossier, language))
    for warning in verdict.warnings:
        out.print(f"{word('report.word.warning', language)}: {within(warning, language)}", style="yellow", markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("check", "predicted", "why"):
        table.add_column(word(f"report.column.{name}", language), overflow="fold")
    for result in verdict.results:
        why = Text(within(result.reason, language))
        why.append("" if result.check.mandatory else f" ({common.importance(result.check, language)})")
        if result.flaw:
            why.append(f"\n{within(result.flaw, language)}", style="yellow")
        if result.fix:
            why.append(f"\n→ {within(result.fix, language)}", style="dim")
        status = Text(result.status.value, style=_COLOURS[result.status.value])
        table.add_row(Text(result.check.id), status, why)
    out.print(table)
    out.print(common.summary(verdict, language), markup=False)


def _changes(out: Console, found: Sequence[Change] | None) -> None:
    if not found:
        title(out, "Changes since the last up")
        out.print("nothing" if found is not None else "no record of an earlier up", markup=False)
        return
    table = _table("what", "change", "disruption")
    for one in found:
        _row(table, one.what, one.detail, one.disruption.value)
    _say(out, "Changes since the last up", table)

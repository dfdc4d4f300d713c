"""Draws where every node stands, in plain text: zones side by side, or below each other where that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from haven_iac.plan.model import ClusterPlan, NodePlan, PoolPlan, Role

FEW = 4
"""Nodes of one pool in one zone that get a line each; more become a range."""

NO_ZONE = "no zones"


@dataclass(frozen=True)
class Marks:
    """What is drawn with."""

    server: str
    first: str
    worker: str
    dots: str
    """Stands for the nodes between the first and the last of a range."""
    more: str
    """Stands for a text that was cut."""
    corners: tuple[str, str, str, str]
    across: str
    down: str


LINES = Marks("■", "◆", "□", "…", "…", ("┌", "┐", "└", "┘"), "─", "│")
ASCII = Marks("#", "*", "o", "..", "~", ("+", "+", "+", "+"), "-", "|")
"""For terminals that know nothing else."""


@dataclass(frozen=True)
class Group:
    """The nodes of one pool in one zone."""

    pool: str
    flavor: str
    role: Role
    nodes: tuple[NodePlan, ...]


def groups(plan: ClusterPlan, zone: str) -> tuple[Group, ...]:
    """Return what stands in a zone, pool by pool; a pool without a node there is left out."""
    found = []
    for pool in plan.pools:
        nodes = tuple(node for node in pool.nodes if node.zone == zone)
        if nodes:
            found.append(Group(pool.name, nodes[0].flavor, pool.role, nodes))
    return tuple(found)


def zones(plan: ClusterPlan) -> tuple[str, ...]:
    """Return the zones to draw: those that the cloud has, those that nodes stand in, and none where there is none."""
    known = list(dict.fromkeys([*plan.facts.zones, *plan.zones]))
    return (*known, "") if any(not node.zone for node in plan.nodes) or not known else tuple(known)


def draw(plan: ClusterPlan, width: int = 100, marks: Marks = LINES) -> list[str]:
    """Return the drawing as lines without colour, each at most `width` characters.

    Args:
        plan: what to draw.
        width: columns of the terminal; 24 is the least that is drawn for.
        marks: `LINES`, or `ASCII`.
    """
    width = max(width, 24)
    shown = zones(plan)
    pools = [pool for pool in plan.pools if pool.nodes]
    columns = {zone: _column(plan, zone, pools, marks, aligned=True) for zone in shown}
    inner = max((len(line) for lines in columns.values() for line in lines), default=0)
    inner = max(inner, *(len(zone or NO_ZONE) + 2 for zone in shown))
    if len(shown) * (inner + 4) + len(shown) - 1 <= width:
        boxes = [_box(zone, columns[zone], inner, marks) for zone in shown]
        lines = [" ".join(row) for row in zip(*boxes, strict=True)]
    else:
        inner = width - 4
        stacked = [_box(zone, _column(plan, zone, pools, marks, aligned=False), inner, marks) for zone in shown]
        lines = [line for box in stacked for line in box]
    return [*lines, *_legend(plan, marks, width)]


def _column(plan: ClusterPlan, zone: str, pools: list[PoolPlan], marks: Marks, *, aligned: bool) -> list[str]:
    """Return what stands in a zone; aligned, each pool takes as many lines as it does in every other zone."""
    here = {group.pool: group for group in groups(plan, zone)}
    lines: list[str] = []
    for pool in pools:
        if lines and (aligned or pool.name in here):
            lines.append("")
        group = here.get(pool.name)
        own = [_title(group), *_nodes(plan, group, marks)] if group else []
        high = max(len(_nodes(plan, one, marks)) for one in _everywhere(plan, pool)) + 1 if aligned else len(own)
        lines += [*own, *[""] * (high - len(own))]
    return lines if here or aligned else ["no nodes"]


def _everywhere(plan: ClusterPlan, pool: PoolPlan) -> Iterator[Group]:
    for zone in zones(plan):
        yield from (group for group in groups(plan, zone) if group.pool == pool.name)


def _title(group: Group) -> str:
    kind = "servers" if group.role is Role.CONTROL_PLANE else f"pool {group.pool}"
    count = len(group.nodes)
    return f"{kind}: {count} x {group.flavor}"


def _nodes(plan: ClusterPlan, group: Group, marks: Marks) -> list[str]:
    many = len(group.nodes) > FEW
    first = [node for node in group.nodes if node.first]
    if not many:
        return [f"{_mark(node, marks)} {short(plan, node)}" for node in group.nodes]
    lines = [f"{marks.first} {short(plan, node)}" for node in first]
    rest = [node for node in group.nodes if not node.first]
    mark = _mark(rest[0], marks)
    return [*lines, f"{mark} {short(plan, rest[0])} {marks.dots} {rest[-1].ordinal}"]


def short(plan: ClusterPlan, node: NodePlan) -> str:
    """Return a node's name without the name of the cluster, which they all begin with."""
    return node.name.removeprefix(f"{plan.spec.name}-")


def _mark(node: NodePlan, marks: Marks) -> str:
    if node.role is Role.WORKER:
        return marks.worker
    return marks.first if node.first else marks.server


def _box(zone: str, lines: list[str], inner: int, marks: Marks) -> list[str]:
    name = _cut(zone or NO_ZONE, inner - 2, marks)
    left, right, low_left, low_right = marks.corners
    top = f"{left}{marks.across} {name} ".ljust(inner + 3, marks.across) + right
    body = [f"{marks.down} {_cut(line, inner, marks).ljust(inner)} {marks.down}" for line in lines]
    return [top, *body, f"{low_left}{marks.across * (inner + 2)}{low_right}"]


def _cut(text: str, width: int, marks: Marks) -> str:
    return text if len(text) <= width else text[: width - len(marks.more)] + marks.more


def _legend(plan: ClusterPlan, marks: Marks, width: int) -> list[str]:
    parts = []
    if any(node.first for node in plan.nodes):
        parts.append(f"{marks.first} first server")
    if any(node.role is Role.CONTROL_PLANE for node in plan.nodes):
        parts.append(f"{marks.server} server")
    elif plan.facts.managed_control_plane:
        parts.append("the cloud runs the servers")
    parts.append(f"{marks.worker} worker")
    if all(node.name.startswith(f"{plan.spec.name}-") for node in plan.nodes):
        parts.append(f"every name begins with {plan.spec.name}-")
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}   {part}" if lines[-1] else part
        if len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(_cut(part, width, marks))
    return lines

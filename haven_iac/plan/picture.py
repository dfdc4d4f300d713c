"""The drawing of zones and nodes as SVG, for the page; sizes are in its own units, about one pixel each."""

from __future__ import annotations

from collections.abc import Mapping

from haven_iac.plan.drawing import FEW, NO_ZONE, Group, groups, short, zones
from haven_iac.plan.markup import EMPTY, Markup, join, tag
from haven_iac.plan.model import ClusterPlan, NodePlan, PoolPlan, Role

WIDTH = 280
"""Of a zone."""
GAP = 20
SIDE = 14
"""Of the square that stands for a node."""
STEP = 20
"""From one node to the next."""
LINE = 22
"""From one line of text to the next."""
PER_LINE = 12
MOST = 36
"""Squares of one pool in one zone; more nodes are counted in words."""
COLUMNS = 3
"""Zones beside each other."""
LETTERS = 32
"""Characters that fit beside a node."""

assert {"rect", "circle"} <= EMPTY


WORDS: Mapping[str, str] = {
    "servers": "servers",
    "no zones": NO_ZONE,
    "more": "and {n} more, to {last}",
    "label": "{nodes} nodes in {zones} zones",
    "first": "the first server",
    "server": "server: runs the Kubernetes API",
    "hidden": "the cloud runs the servers",
    "worker": "worker: runs platform and applications",
    "begins": "every name begins with ",
}
"""What is said in and below the drawing; another language brings its own."""


def picture(plan: ClusterPlan, words: Mapping[str, str] = WORDS) -> Markup:
    """Return an inline SVG with a box for each zone, and in it the nodes by pool."""
    shown = zones(plan)
    heights = [max(_height(plan, zone, pool) for zone in shown) for pool in plan.pools if pool.nodes]
    box = 44 + sum(heights) + GAP * max(0, len(heights) - 1) + 12
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    parts = []
    for place, zone in enumerate(shown):
        x, y = place % columns * (WIDTH + GAP), place // columns * (box + GAP)
        parts.append(tag("g", _zone(plan, zone, heights, box, words), transform=f"translate({x} {y})"))
    width, height = columns * (WIDTH + GAP) - GAP, lines * (box + GAP) - GAP
    label = words["label"].format(nodes=len(plan.nodes), zones=len(plan.zones))
    # A little air on every side keeps the outermost lines whole.
    return tag("svg", *parts, viewBox=f"-1 -1 {width + 2} {height + 2}", role="img", aria_label=label, width=width + 2)


def _zone(plan: ClusterPlan, zone: str, heights: list[int], box: int, words: Mapping[str, str]) -> Markup:
    here = {group.pool: group for group in groups(plan, zone)}
    parts = [
        tag("rect", x=0, y=0, width=WIDTH, height=box, rx=10, class_="zone"),
        _words(16, 27, zone or words["no zones"], "zone-name"),
    ]
    y = 44
    for pool, height in zip((pool for pool in plan.pools if pool.nodes), heights, strict=True):
        if group := here.get(pool.name):
            parts.append(tag("g", _group(plan, group, words), transform=f"translate(16 {y})"))
        y += height + GAP
    return join(*parts)


def _height(plan: ClusterPlan, zone: str, pool: PoolPlan) -> int:
    count = sum(node.zone == zone for node in pool.nodes)
    if count <= FEW:
        return LINE * (1 + count)
    squares = min(count, MOST)
    return LINE + STEP * -(-squares // PER_LINE) + (LINE if count > MOST else 0)


def _group(plan: ClusterPlan, group: Group, words: Mapping[str, str]) -> Markup:
    kind = words["servers"] if group.role is Role.CONTROL_PLANE else group.pool
    count = len(group.nodes)
    parts = [_words(0, 12, f"{kind}: {count} \N{MULTIPLICATION SIGN} {group.flavor}", "pool-name")]
    if count <= FEW:
        for place, node in enumerate(group.nodes):
            y = LINE * (1 + place)
            parts.append(_square(node, 0, y))
            parts.append(_words(SIDE + 8, y + 12, short(plan, node), "node-name"))
        return join(*parts)
    for place, node in enumerate(group.nodes[:MOST]):
        parts.append(_square(node, place % PER_LINE * STEP, LINE + place // PER_LINE * STEP))
    if count > MOST:
        y = LINE + STEP * (MOST // PER_LINE) + 12
        last = words["more"].format(n=count - MOST, last=short(plan, group.nodes[-1]))
        parts.append(_words(0, y, last, "node-name"))
    return join(*parts)


def _square(node: NodePlan, x: int, y: int) -> Markup:
    kind = "server" if node.role is Role.CONTROL_PLANE else "worker"
    title = tag("title", node.name)
    square = tag("rect", x=x, y=y, width=SIDE, height=SIDE, rx=3, class_=kind)
    dot = tag("circle", cx=x + SIDE / 2, cy=y + SIDE / 2, r=3, class_="first") if node.first else ""
    return tag("g", title, square, dot)


def _words(x: int, y: int, words: str, kind: str) -> Markup:
    cut = words if len(words) <= LETTERS else f"{words[: LETTERS - 1]}…"
    return tag("text", cut, tag("title", words) if cut != words else "", x=x, y=y, class_=kind)


def legend(plan: ClusterPlan, words: Mapping[str, str] = WORDS) -> Markup:
    """Return what the squares mean."""
    parts = []
    if any(node.first for node in plan.nodes):
        parts.append(tag("span", tag("i", class_="key server first"), words["first"]))
    if any(node.role is Role.CONTROL_PLANE for node in plan.nodes):
        parts.append(tag("span", tag("i", class_="key server"), words["server"]))
    elif plan.facts.managed_control_plane:
        parts.append(tag("span", words["hidden"]))
    parts.append(tag("span", tag("i", class_="key worker"), words["worker"]))
    parts.append(tag("span", words["begins"], tag("code", f"{plan.spec.name}-")))
    return tag("p", *parts, class_="legend")

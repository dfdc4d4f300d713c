"""One page about a plan that a person can mail, print or keep: everything is in the one file, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from haven_iac.plan import picture
from haven_iac.plan.changes import Change
from haven_iac.plan.markup import Markup, join, table, tag, text
from haven_iac.plan.model import ClusterPlan, PoolPlan, Role
from haven_iac.plan.sums import Sums, cores, in_words, mebibytes, size, sums
from haven_iac.spec.gitops import Owner

_FOLDER = Path(__file__).parent
_SIGNS = {"PASS": "✓ pass", "FAIL": "✗ fail", "NEEDS_EVIDENCE": "? needs evidence"}
_COUNTED = {"PASS": "expected to pass", "FAIL": "expected to fail", "NEEDS_EVIDENCE": "only the checker can tell"}


@dataclass(frozen=True)
class About:
    """What the page tells beside the plan."""

    stack: str
    verdict: Mapping[str, Any]
    """As `compliance.report.as_dict` gives it."""
    heading: str
    """What the verdict is, in one line."""
    changes: Sequence[Change] | None
    """Since the last finished `up`; None when there is no record of one."""
    made: date


def page(plan: ClusterPlan, about: About) -> str:
    """Return the whole HTML page; every text in it is escaped."""
    parts = [
        _top(plan, about),
        _simulated(plan),
        _facts(plan),
        _section(
            "Where the nodes stand",
            tag("div", picture.picture(plan), class_="wide"),
            picture.legend(plan),
            _pools(plan),
        ),
        _section("What Haven's checks are expected to say", *_verdict(about)),
        _section("What changes", _changes(about.changes)),
        _section("What is installed", _releases(plan)),
        _section("What the platform takes", *_sums(sums(plan))),
        _section("Good to know", _notices(plan)),
        _end(about),
    ]
    return whole(f"{plan.spec.name}: plan of a cluster", parts)


def whole(title: str, parts: Sequence[Markup], *, language: str = "en", style: str = "") -> str:
    """Return a page with everything in it.

    Args:
        title: of the page.
        parts: what stands on it; empty ones are left out.
        language: that it is in.
        style: further CSS.
    """
    template = Template((_FOLDER / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        language=text(language),
        title=text(title),
        style=(_FOLDER / "page.css").read_text(encoding="utf-8").strip() + style,
        body="\n".join(part for part in parts if part),
    )


def _section(title: str, *content: object) -> Markup:
    return tag("section", tag("h2", title), *content)


def _top(plan: ClusterPlan, about: About) -> Markup:
    lead = f"Plan of the cluster of stack {about.stack}, made on {about.made:%d-%m-%Y}. Nothing is created by a plan."
    return tag("header", tag("h1", plan.spec.name), tag("p", lead, class_="lead"))


def _simulated(plan: ClusterPlan) -> Markup:
    if not plan.facts.simulated:
        return Markup()
    words = "The nodes and pods of this cluster are simulated: a rehearsal, never evidence."
    return tag("div", tag("strong", "SIMULATED"), words, class_="banner")


def _facts(plan: ClusterPlan) -> Markup:
    spec, servers = plan.spec, sum(node.role is Role.CONTROL_PLANE for node in plan.nodes)
    rows = {
        "Cloud": plan.facts.kind,
        "Zones": ", ".join(plan.zones) or "none",
        "Kubernetes": f"{spec.kubernetes.version} ({plan.facts.platform})"
        if plan.facts.platform
        else spec.kubernetes.version
        if plan.facts.managed_control_plane
        else f"{spec.kubernetes.version} ({spec.kubernetes.distribution.value})",
        "Servers": servers or "run by the cloud",
        "Workers": len(plan.nodes) - servers,
        "Domain": spec.ingress.domain,
    }
    if plan.facts.found_nodes is None:
        rows["Node network"] = str(spec.network.nodes)
        rows["Kubernetes API open to"] = ", ".join(str(one) for one in spec.network.api_allowed_cidrs) or "everybody"
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in rows.items()), class_="facts")


def _pools(plan: ClusterPlan) -> Markup:
    columns = {"Pool": "word", "Nodes": "number", "Flavor": "", "In each zone": "", "Labels and taints": ""}
    return table(columns, [_pool(pool) for pool in plan.pools])


def _pool(pool: PoolPlan) -> list[object]:
    zones = {zone: sum(node.zone == zone for node in pool.nodes) for zone in sorted({n.zone for n in pool.nodes})}
    where = ", ".join(f"{zone} {count}" for zone, count in zones.items() if zone) or ("no zones" if zones else "")
    marks: list[str] = []
    if pool.nodes:
        own = [(key, value) for key, value in pool.nodes[0].labels if "kubernetes.io/" not in key]
        marks = [f"{key}={value}" for key, value in own if key != "haven-iac/pool"]
        marks += [f"{key}={value}:{effect}" for key, value, effect in pool.nodes[0].taints]
    name: object = "servers" if pool.role is Role.CONTROL_PLANE else pool.name
    count: object = len(pool.nodes)
    if pool.minimum != len(pool.nodes):
        count = join(count, tag("span", f"at least {pool.minimum}", class_="sub"))
    return [name, count, pool.nodes[0].flavor if pool.nodes else "", where, tag("code", ", ".join(marks))]


def _verdict(about: About) -> list[object]:
    verdict = about.verdict
    tiles = [_tile(status, verdict["summary"][status], words) for status, words in _COUNTED.items()]
    columns = {"Check": "", "Expected": "word", "Why, and what to change": ""}
    rows: list[list[object]] = [[_check(one), _badge(one["status"]), _why(one)] for one in verdict["results"]]
    return [
        tag("p", about.heading, class_="soft"),
        tag("div", *tiles, class_="score"),
        *(tag("p", warning, class_="banner") for warning in verdict["warnings"]),
        table(columns, rows),
        tag(
            "p",
            "This is a prediction, made from the description of the cluster. "
            "Only a run of the standard's own checker on the running cluster is evidence.",
            class_="soft",
        ),
    ]


def _tile(status: str, count: int, words: str) -> Markup:
    return tag("div", tag("b", count), words, class_=status if count else "zero")


def _check(one: Mapping[str, Any]) -> Markup:
    kind = one["category"] if one["mandatory"] else f"{one['category']}, suggested"
    return join(one["label"], tag("span", tag("code", one["id"]), f" · {kind}", class_="sub"))


def _badge(status: str) -> Markup:
    return tag("span", _SIGNS[status], class_=f"badge {status}")


def _why(one: Mapping[str, Any]) -> Markup:
    parts: list[object] = [one["reason"]]
    if one["flaw"]:
        parts.append(tag("span", f"Beside it: {one['flaw']}", class_="fix"))
    if one["fix"]:
        parts.append(tag("span", f"→ {one['fix']}", class_="fix soft"))
    return join(*parts)


def _changes(found: Sequence[Change] | None) -> Markup:
    if found is None:
        return tag("p", "There is no record of an earlier up here, so there is nothing to compare with.")
    if not found:
        return tag("p", "Nothing, compared with the last finished up.")
    rows: list[list[object]] = [
        [one.what, one.detail, tag("span", one.disruption.value, class_=one.disruption.value)] for one in found
    ]
    return join(
        tag("p", "Compared with the last finished up:"),
        table({"What": "", "Change": "", "Disruption": "word"}, rows),
    )


def _releases(plan: ClusterPlan) -> Markup:
    rows: list[list[object]] = []
    for release in plan.releases:
        source = "stand-in chart of this package" if release.stand_in else release.manifest or release.repo
        source = "Flux's: from the repository" if release.owner is Owner.FLUX else source
        name = join(release.name, tag("span", source, class_="sub"))
        version = join(release.app_version, tag("span", f"chart {release.version}", class_="sub"))
        rows.append([release.slot, name, version, tag("code", release.namespace)])
    return table({"Slot": "word", "Release": "", "Version": "", "Namespace": ""}, rows)


def _sums(found: Sums) -> list[object]:
    columns = {"Release": "", "Pods": "number", "CPU": "number", "Memory": "number", "Volumes": "number"}
    rows: list[list[object]] = [
        [
            row.name,
            row.ask.pods,
            cores(row.ask.cpu_millis),
            mebibytes(row.ask.memory_mib),
            size(row.volume_bytes) if row.volumes else "",
        ]
        for row in found.releases
    ]
    total = found.total
    cells = ["together", total.pods, cores(total.cpu_millis), mebibytes(total.memory_mib), size(found.volume_bytes)]
    rows.append([tag("b", cell) for cell in cells])
    return [*(tag("p", line) for line in in_words(found)), table(columns, rows)]


def _notices(plan: ClusterPlan) -> Markup:
    if not plan.notices:
        return tag("p", "Nothing stands out.")
    return tag("ul", *(tag("li", tag("code", one.path), f": {one.text}") for one in plan.notices))


def _end(about: About) -> Markup:
    return tag(
        "footer",
        tag("p", f"Checks as version {about.verdict['checker']} of the standard's checker lists them."),
        tag("p", "Made with haven-iac: ", tag("code", f"haven-iac plan --stack {about.stack} --html FILE")),
    )

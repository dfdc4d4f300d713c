"""Rules about servers, pools, zones and the names of nodes."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.naming import LONGEST_LABEL, node_name, zone_part
from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.describe import nearest
from haven_iac.spec.known import RESERVED_POOLS
from haven_iac.spec.problems import Code, Path
from haven_iac.spec.rules.issue import Issue, Rule
from haven_iac.versions import minors


def pools_given(spec: ClusterSpec) -> Iterator[Issue]:
    """There is a pool; `load` leaves this rule out where the cloud has its nodes already."""
    if not spec.pools:
        written = "pools" in spec.model_fields_set
        what = "needs 1 at least, and is empty" if written else "is missing"
        code = Code.VALUE if written else Code.MISSING
        yield Issue(("pools",), what, "add `pools:` (node pools by name)", code=code)


def odd(spec: ClusterSpec) -> Iterator[Issue]:
    """The number of servers is odd."""
    size = spec.control_plane.size
    if size % 2 == 0:
        yield Issue(
            ("controlPlane", "size"),
            f"{size} servers survive no more failures than {size - 1}, because etcd needs a majority",
            f"write {size - 1} or {size + 1}",
        )


def version(spec: ClusterSpec) -> Iterator[Issue]:
    """The version of Kubernetes is one that we build."""
    known = minors()
    if reason := known.why_not(spec.kubernetes.version):
        *others, last = known.supported
        listed = f"{', '.join(others)} or {last}" if others else last
        yield Issue(("kubernetes", "version"), f"{spec.kubernetes.version} {reason}", f"write {listed}, in quotes")


def reserved(spec: ClusterSpec) -> Iterator[Issue]:
    """No pool has a name that means something already."""
    for name in spec.pools:
        if name in RESERVED_POOLS:
            yield Issue(
                ("pools", name), f"{name} is the name of the servers", "give the pool another name, as in general"
            )


def zones_once(spec: ClusterSpec) -> Iterator[Issue]:
    """No list of zones names one twice, and no two zones look the same in a name."""
    for path, zones in _zone_lists(spec):
        seen: dict[str, str] = {}
        for position, zone in enumerate(zones):
            part = zone_part(zone)
            if not part:
                yield Issue((*path, position), f"zone '{zone}' has no letter or digit", "write it as the cloud does")
            elif part in seen:
                same = seen[part] == zone
                what = (
                    f"zone {zone} is there twice" if same else f"zones {seen[part]} and {zone} are both {part} in names"
                )
                yield Issue((*path, position), what, "take one out")
            seen.setdefault(part, zone)


def zones_known(spec: ClusterSpec) -> Iterator[Issue]:
    """Servers and pools stand in zones that the cluster has."""
    known = spec.cloud.zones
    for path, zones in _zone_lists(spec):
        for position, zone in enumerate(zones):
            if known and zone not in known:
                close = nearest(zone, list(known))
                hint = f"did you mean {close}? " if close else ""
                yield Issue(
                    (*path, position),
                    f"zone {zone} is not one of cloud.zones",
                    f"{hint}the zones are {', '.join(known)}",
                    (("cloud", "zones"),),
                )


def bounds(spec: ClusterSpec) -> Iterator[Issue]:
    """An autoscaler's bounds are in order, and the size to start with lies between them."""
    for name, pool in spec.pools.items():
        scale = pool.autoscale
        path: Path = ("pools", name, "autoscale")
        if scale is None:
            continue
        if scale.max < scale.min:
            what = f"max {scale.max} is below min {scale.min}"
            yield Issue((*path, "max"), what, "swap them", ((*path, "min"),))
        elif "size" in pool.model_fields_set and not scale.min <= pool.size <= scale.max:
            what = f"{pool.size} lies outside autoscale, {scale.min} to {scale.max}"
            yield Issue(("pools", name, "size"), what, "move it between them, or leave it out", (path,))


def names_fit(spec: ClusterSpec) -> Iterator[Issue]:
    """Every node's name is a DNS label."""
    for pool, zones, most in _pools(spec):
        zone = max(zones, key=lambda one: len(zone_part(one)), default="")
        name = node_name(spec.name, pool, zone, max(1, most))
        if (excess := len(name) - LONGEST_LABEL) > 0:
            place: Path = ("name",) if pool in RESERVED_POOLS else ("pools", pool)
            yield Issue(
                place,
                f"the node {name} would have {len(name)} characters, {LONGEST_LABEL} is the most",
                f"shorten the name of the cluster, pool or zone by {excess}",
                (("name",), ("cloud", "zones"), ("pools", pool, "zones")),
            )


def names_differ(spec: ClusterSpec) -> Iterator[Issue]:
    """No two pools make nodes of the same name, as pool `a-b` in zone `c` and pool `a` in zone `b-c` would."""
    seen: dict[str, tuple[str, str]] = {}
    for pool, zones, _ in _pools(spec):
        for zone in zones or ("",):
            name = node_name(spec.name, pool, zone, 1)
            first = seen.setdefault(name, (pool, zone))
            if first[0] != pool:
                yield Issue(
                    ("pools", pool),
                    f"pool {pool} in zone {zone} and pool {first[0]} in zone {first[1]} both make the node {name}",
                    "give one of them another name",
                    (("cloud", "zones"), ("pools", first[0])),
                )


def _pools(spec: ClusterSpec) -> Iterator[tuple[str, tuple[str, ...], int]]:
    yield "control-plane", spec.control_plane.zones or spec.cloud.zones, spec.control_plane.size
    for name in sorted(spec.pools):
        if name not in RESERVED_POOLS:
            yield name, spec.pools[name].zones or spec.cloud.zones, spec.pools[name].most


def _zone_lists(spec: ClusterSpec) -> Iterator[tuple[Path, tuple[str, ...]]]:
    yield ("cloud", "zones"), spec.cloud.zones
    yield ("controlPlane", "zones"), spec.control_plane.zones
    for name, pool in spec.pools.items():
        yield ("pools", name, "zones"), pool.zones


RULES: tuple[Rule, ...] = (
    pools_given,
    odd,
    version,
    reserved,
    zones_once,
    zones_known,
    bounds,
    names_fit,
    names_differ,
)

"""What is different between two plans, and whom it disturbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven_iac.plan.snapshot import FLUX, SCHEMA, leaves
from haven_iac.spec.problems import shown
from haven_iac.versions import number

Snapshot = Mapping[str, Any]

SERVERS = "control-plane"
_LISTED = 5
"""Names in one line, before the rest is counted."""


class Disruption(StrEnum):
    """What a change does to what runs."""

    NONE = "none"
    """Nothing notices."""
    ROLLING = "rolling"
    """Pods or nodes are replaced one after another; applications with two replicas go on."""
    DISRUPTIVE = "disruptive"
    """Applications stop for a while, or data is lost."""


@dataclass(frozen=True)
class Change:
    """One difference between two plans."""

    kind: str
    """cluster, pool, storage, release or object."""
    what: str
    """What changes: a key of the description, a pool, a class, a release or an object."""
    detail: str
    disruption: Disruption


NONE, ROLLING, DISRUPTIVE = Disruption.NONE, Disruption.ROLLING, Disruption.DISRUPTIVE

_SETTINGS: tuple[tuple[str, Disruption], ...] = (
    ("name", DISRUPTIVE),
    ("kubernetes.distribution", DISRUPTIVE),
    ("kubernetes.cni", DISRUPTIVE),
    ("kubernetes", ROLLING),
    ("cloud.kind", DISRUPTIVE),
    ("cloud.settings.found", NONE),
    ("cloud.settings", ROLLING),
    ("network.apiAllowedCidrs", NONE),
    ("network.mtu", ROLLING),
    ("network.dnsServers", ROLLING),
    ("network", DISRUPTIVE),
    ("compliance", NONE),
    ("deletionProtection", NONE),
)
"""Keys that show in no node, release or object of their own, and what a change of them does; first match counts."""


def changes(old: Snapshot, new: Snapshot, own: Mapping[str, Disruption] | None = None) -> list[Change]:
    """Return how two snapshots of the same stack differ: the cluster first, then pools, storage and platform.

    Args:
        old: what `plan.snapshot.snapshot` returned for the plan that was carried out last.
        new: the same for the plan at hand.
        own: what a change of one of the cloud's own settings does, by key below `cloud.settings`; rolling when left
            out.
    """
    found = [
        *_settings(old["spec"], new["spec"], own or {}),
        *_pools(old, new),
        *_storage(old["storageClasses"], new["storageClasses"]),
        *_releases(old["releases"], new["releases"]),
        *_objects(old["objects"], new["objects"]),
    ]
    return found or [_setting(path, was, now, NONE) for path, was, now in _different(old["spec"], new["spec"])]


def comparable(document: Any) -> bool:
    """Return whether a document that was read back is a snapshot of this shape."""
    maps = ("spec", "storageClasses", "pools", "nodes", "releases", "objects")
    return (
        isinstance(document, dict)
        and document.get("schema") == SCHEMA
        and all(isinstance(document.get(key), dict) for key in maps)
    )


def worst(found: Sequence[Change]) -> Disruption:
    """Return the strongest disruption among changes."""
    order = list(Disruption)
    return max((change.disruption for change in found), key=order.index, default=NONE)


def _settings(old: Any, new: Any, own: Mapping[str, Disruption]) -> Iterator[Change]:
    table = [*((f"cloud.settings.{key}", disruption) for key, disruption in own.items()), *_SETTINGS]
    for path, was, now in _different(old, new):
        for prefix, disruption in table:
            if path == prefix or path.startswith(f"{prefix}."):
                if path == "kubernetes.version":
                    disruption = _upgrade(str(was), str(now))
                yield _setting(path, was, now, disruption)
                break


def _different(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    was, now = ({path: value for path, value in leaves(spec) if value != {}} for spec in (old, new))
    return [
        (path, was.get(path), now.get(path)) for path in dict.fromkeys([*was, *now]) if was.get(path) != now.get(path)
    ]


def _setting(path: str, was: Any, now: Any, disruption: Disruption) -> Change:
    parts = tuple(path.split("."))
    return Change("cluster", path, f"{_value(was, parts)} → {_value(now, parts)}", disruption)


def _value(value: Any, path: tuple[str, ...]) -> str:
    if value is None or value in ([], {}):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_value(one, path) for one in value)
    return shown(value, path).strip("'")


def _upgrade(was: str, now: str) -> Disruption:
    return ROLLING if number(now) - number(was) == 1 else DISRUPTIVE


def _pools(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for pool in sorted({*old["pools"], *new["pools"]}, key=lambda name: (name != SERVERS, name)):
        was, now = _nodes(old, pool), _nodes(new, pool)
        what = "servers" if pool == SERVERS else f"pool {pool}"
        if pool not in old["pools"]:
            yield Change("pool", what, f"new, with {_count(len(now))}", NONE)
            continue
        if pool not in new["pools"]:
            yield Change("pool", what, f"goes, with its {_count(len(was))}", DISRUPTIVE)
            continue
        stay = [name for name in was if name in now]
        if more := [name for name in now if name not in was]:
            yield Change("pool", what, f"{_count(len(more), 'more ')}: {_some(more)}", NONE)
        if fewer := [name for name in was if name not in now]:
            enough = len(stay) > len(was) // 2 if pool == SERVERS else bool(stay)
            yield Change(
                "pool", what, f"{_count(len(fewer), 'fewer ')}: {_some(fewer)}", ROLLING if enough else DISRUPTIVE
            )
        yield from _same_nodes(what, [(was[name], now[name]) for name in stay])
        if was.keys() == now.keys():
            for bound, words in (("minimum", "at least"), ("maximum", "at most")):
                before, after = old["pools"][pool][bound], new["pools"][pool][bound]
                if before != after:
                    yield Change("pool", what, f"{words} {_count(after)} instead of {before}", NONE)


def _nodes(snapshot: Snapshot, pool: str) -> dict[str, Any]:
    return {name: node for name, node in snapshot["nodes"].items() if node["pool"] == pool}


def _same_nodes(what: str, pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    """Yield what changes on nodes that stay, each once for all nodes that it is the same for."""
    seen: dict[tuple[str, Disruption], int] = {}
    for was, now in pairs:
        for one in _node(was, now, alone=len(pairs) == 1):
            seen[one] = seen.get(one, 0) + 1
    for (detail, disruption), count in seen.items():
        yield Change("pool", what, f"{detail} on {_count(count)}", disruption)


def _node(was: Any, now: Any, *, alone: bool) -> Iterator[tuple[str, Disruption]]:
    for key in ("flavor", "role", "zone"):
        if was[key] != now[key]:
            yield f"{key} {was[key]} → {now[key]}", DISRUPTIVE if alone else ROLLING
    if was["disk"] != now["disk"]:
        # No cloud gives a machine that exists another root disk.
        yield f"disk {was['disk']} → {now['disk']}, once made anew,", NONE
    for label in dict.fromkeys([*was["labels"], *now["labels"]]):
        before, after = was["labels"].get(label), now["labels"].get(label)
        if before is None:
            yield f"new label {label}={after}", NONE
        elif after is None:
            yield f"label {label} goes", NONE
        elif before != after:
            yield f"label {label}: {before or 'empty'} → {after or 'empty'}", NONE
    taints = [[tuple(taint) for taint in node["taints"]] for node in (was, now)]
    for key, value, effect in taints[1]:
        if (key, value, effect) not in taints[0]:
            # NoExecute drives out what runs there already.
            yield f"new taint {key}={value}:{effect}", ROLLING if effect == "NoExecute" else NONE
    for key, value, effect in taints[0]:
        if (key, value, effect) not in taints[1]:
            yield f"taint {key}={value}:{effect} goes", NONE


def _storage(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        if name not in old:
            yield Change("storage", name, "new StorageClass", NONE)
        elif name not in new:
            yield Change("storage", name, "goes; its volumes stay and can no longer be made or grown", DISRUPTIVE)
        elif old[name] != new[name]:
            was, now = old[name]["provisioner"], new[name]["provisioner"]
            detail = f"by {now} instead of {was}" if was != now else "made anew with other parameters"
            yield Change("storage", name, detail, DISRUPTIVE if was != now else NONE)


def _releases(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for slot in dict.fromkeys([*new, *old]):
        if slot not in old:
            version = new[slot]["version"]
            yield Change("release", new[slot]["name"], f"new in slot {slot}, version {version}", NONE)
        elif slot not in new:
            yield Change("release", old[slot]["name"], f"goes from slot {slot}, with its data", DISRUPTIVE)
        elif old[slot] != new[slot]:
            yield _release(old[slot], new[slot])


def _release(was: Any, now: Any) -> Change:
    parts, disruption = [], NONE
    if again := [key for key in ("chart", "name", "namespace") if was[key] != now[key]]:
        parts += [f"{key} {was[key]} → {now[key]}" for key in again]
        disruption = DISRUPTIVE
    if was["version"] != now["version"]:
        parts.append(f"version {was['version']} → {now['version']}")
    if FLUX in (was["source"], now["source"]) and was["source"] != now["source"]:
        parts.append("handed over to Flux" if now["source"] == FLUX else "taken back from Flux")
        was = {**was, "source": now["source"]}
    if was["source"] != now["source"]:
        parts.append(f"from {now['source'] or 'upstream'} instead of {was['source'] or 'upstream'}")
    values = [
        path
        for path in dict.fromkeys([*was["values"], *now["values"]])
        if was["values"].get(path) != now["values"].get(path)
    ]
    if values:
        parts.append(f"{'values' if len(values) > 1 else 'value'} {_some(sorted(values))}")
    if was["around"] != now["around"]:
        parts.append("its namespaces, secrets or corrections")
    if now["source"] == FLUX and (values or was["version"] != now["version"]):
        parts.append("for the repository: `haven-iac gitops export`")
        return Change("release", now["name"], "; ".join(parts), disruption)
    if disruption is NONE and (values or was["version"] != now["version"] or was["source"] != now["source"]):
        disruption = ROLLING
    return Change("release", now["name"], "; ".join(parts), disruption)


def _objects(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        one = now or was
        assert one is not None
        what = f"{one['kind']} {one['name']}"
        if now is None:
            # With a namespace goes everything in it.
            yield Change("object", what, "goes", DISRUPTIVE if one["kind"] == "Namespace" else NONE)
        else:
            yield Change("object", what, "changed in place" if was else "new", NONE)


def _count(number: int, word: str = "") -> str:
    return f"{number} {word}node" if number == 1 else f"{number} {word}nodes"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:_LISTED])} and {rest} more"

"""The nodes of a pool, as the cluster sees them: waited for, labelled, brought up to date, drained before they go.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from haven_iac.bootstrap.base import Machine
from haven_iac.clouds.openstack import nodes
from haven_iac.clouds.openstack.api import Kube
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.consoles import told
from haven_iac.clouds.openstack.differences import compared
from haven_iac.clouds.openstack.inputs import access_from, settings_from
from haven_iac.clouds.openstack.rolling import Roll
from haven_iac.errors import DeployError, UnreachableError
from haven_iac.spec.load import parse

NOTED = ("kubeconfig", "keys", "authorities", "inside", "outside")
"""Inputs that say how to do the work later, so that they have to be up to date; a change touches no node."""

Props = Mapping[str, Any]


class PoolNodesProvider(ResourceProvider):
    """Keeps the nodes of one pool as they are planned."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait for every node, and give it its labels and taints."""
        _registered(props, props["nodes"])
        _settle({}, props)
        return CreateResult(id_=f"{props['identity']}/{props['pool']}", outs=dict(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether nodes came, went, or should be other ones."""
        return compared(_olds, _news, replaces=("identity", "pool"), noted=("nodes", *NOTED))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Drain nodes that go, wait for those that came, then bring the others up to date, one after the other.

        Where a server was lost and made again, the Node of the lost one goes first: it keeps its namesake from joining.
        """
        before, after = _olds["nodes"], _news["nodes"]
        same = {name: one for name, one in before.items() if name in after and one["server"] == after[name]["server"]}
        _leave(_news, [name for name in before if name not in after], before)
        _forget(_news, [name for name in after if name in before and name not in same])
        _registered(_news, [name for name in after if name not in same])
        _settle(same, _news)
        if stale := [name for name in same if _made(before[name]) != _made(after[name])]:
            _renew(_news, stale)
        return UpdateResult(outs=dict(_news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return the labels and taints that nodes really have, of those that are ours."""
        try:
            api = Kube(str(props["kubeconfig"]))
            seen = {node["metadata"]["name"]: node for node in api.items(nodes.NODES)}
        except UnreachableError:
            return ReadResult(id_, props)
        found = {name: _as_seen(one, seen[name]) if name in seen else one for name, one in props["nodes"].items()}
        return ReadResult(id_, {**props, "nodes": found})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Drain every node and take it out; the machines go after that."""
        _leave(_props, list(_props["nodes"]), _props["nodes"])


def _made(node: Props) -> tuple[Any, Any]:
    return node["generation"], node["flavor"]


def _registered(props: Props, names: Any) -> None:
    patience = access_from(_settings(props)).boot_seconds
    missing = nodes.wait(Kube(str(props["kubeconfig"])), names, patience, nodes.known)
    if missing:
        servers = [str(props["nodes"][name]["server"]) for name in missing]
        raise DeployError(
            f"{', '.join(missing)} did not join within {patience:.0f} s{told(_settings(props), servers)}",
            fix="see the consoles; what was made stays, and the next run goes on waiting",
        )


def _settle(before: Props, props: Props) -> None:
    api = Kube(str(props["kubeconfig"]))
    for name, node in props["nodes"].items():
        was = before.get(name) or {"labels": {}, "taints": []}
        nodes.settle(api, name, node["labels"], node["taints"], list(was["labels"]), was["taints"])


def _leave(props: Props, names: list[str], known: Props) -> None:
    api = Kube(str(props["kubeconfig"]))
    for name in names:
        nodes.drain(api, name)
        nodes.remove(api, name, str(props["distribution"]), server=bool(known[name]["role"] == "server"))


def _forget(props: Props, names: list[str]) -> None:
    """Take out the Nodes of servers that are no more; one that has just registered has no id of its server yet."""
    api = Kube(str(props["kubeconfig"]))
    for name in names:
        planned, node = props["nodes"][name], api.get(f"{nodes.NODES}/{name}")
        known = str(node["spec"].get("providerID") or "") if node else ""
        if known and not known.endswith(str(planned["server"])):
            nodes.remove(api, name, str(props["distribution"]), server=bool(planned["role"] == "server"))


def _renew(props: Props, names: list[str]) -> None:
    """Bring nodes up to date; the first failure stops it, and the next run goes on from there."""
    spec = parse(props["spec"])
    settings = settings_from(spec.cloud.settings)
    roll = Roll(
        spec=spec,
        settings=settings,
        cloud=connect(settings),
        api=Kube(str(props["kubeconfig"])),
        keys=props["keys"],
        authorities=props["authorities"],
        inside=str(props["inside"]),
        outside=str(props["outside"]),
        image=str(props["image"]),
    )
    for name in names:
        node = props["nodes"][name]
        taints = tuple((one["key"], one.get("value", ""), one["effect"]) for one in node["taints"])
        machine = Machine(name, node["role"] == "server", bool(node["first"]), tuple(node["labels"].items()), taints)
        if roll.renew(machine, str(node["server"]), node):
            nodes.settle(roll.api, name, node["labels"], node["taints"])


def _settings(props: Props) -> Props:
    found: Props = props["spec"]["cloud"].get("settings") or {}
    return found


def _as_seen(planned: Props, node: Any) -> dict[str, Any]:
    have = node["metadata"].get("labels") or {}
    mine = {(one["key"], one["effect"]) for one in planned["taints"]}
    kept = [
        {"key": one["key"], "value": one.get("value", ""), "effect": one["effect"]}
        for one in node["spec"].get("taints") or ()
        if (one["key"], one["effect"]) in mine
    ]
    order = sorted(kept, key=lambda one: (one["key"], one["value"], one["effect"]))
    return {
        **planned,
        "labels": {key: have[key] for key in planned["labels"] if key in have},
        "taints": order,
    }


class PoolNodes(Resource, module="haven", name="PoolNodes"):
    """The nodes of one pool, as the cluster sees them."""

    def __init__(self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions) -> None:
        """Make it.

        Args:
            name: of the resource.
            props: `identity`, `pool`, `distribution`; `nodes` by name, each with `server`, `address`, `role`, `first`,
                `labels`, `taints`, `generation` and `flavor`; what `NOTED` lists; `spec` and
                `image`, which are used when a node changes.
            opts: depends on the machines, so that nodes are drained before those go.
        """
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig", "keys", "authorities"])
        super().__init__(PoolNodesProvider(), name, dict(props), pulumi.ResourceOptions.merge(opts, secret))

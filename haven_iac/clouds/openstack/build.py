"""Makes a cluster on OpenStack: hands each part of the plan to the module that knows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from haven_iac.clouds.base import SILENT_API, Explained
from haven_iac.clouds.openstack import authorities, credential, founding, servers, settings_of, stopped, tokens
from haven_iac.clouds.openstack import endpoint as endpoints
from haven_iac.clouds.openstack import network as networks
from haven_iac.clouds.openstack.connection import connect, provider_arguments
from haven_iac.clouds.openstack.explain import explain
from haven_iac.clouds.openstack.find import find
from haven_iac.clouds.openstack.leftovers import Leftovers
from haven_iac.clouds.openstack.objects import containers
from haven_iac.clouds.openstack.place import Place
from haven_iac.clouds.openstack.pool_nodes import PoolNodes
from haven_iac.clouds.openstack.ready import ApiReady
from haven_iac.clouds.openstack.user_data import joining
from haven_iac.clouds.parts import (
    AccessParts,
    ControlPlaneParts,
    EndpointParts,
    KeyParts,
    MachineParts,
    NetworkParts,
    PoolParts,
)
from haven_iac.plan.model import ClusterPlan, PoolPlan, Role

if TYPE_CHECKING:
    from openstack.connection import Connection


class OpenStackBuilder:
    """Makes a cluster on OpenStack."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._connection: Connection | None = None

    def providers(self, plan: ClusterPlan, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.ProviderResource]:
        """Return the way to the cloud: the name of an entry in clouds.yaml, never a credential."""
        given = provider_arguments(settings_of(plan.spec))
        return {"openstack": tokens.provider(f"{plan.spec.name}-openstack", given, opts)}

    def network(self, plan: ClusterPlan, identity: pulumi.Output[str], opts: pulumi.ResourceOptions) -> NetworkParts:
        """Make or adopt the node network, with its security groups."""
        return NetworkParts(networks.build(plan, settings_of(plan.spec), identity, opts))

    def api_endpoint(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> EndpointParts:
        """Make the address of the API."""
        return endpoints.build(plan, settings_of(plan.spec), identity, network.details, opts)

    def access(
        self, plan: ClusterPlan, identity: pulumi.Output[str], network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> AccessParts:
        """Make the application credential of the cluster's controllers."""
        return credential.build(plan, settings_of(plan.spec), identity, network.details, opts)

    def control_plane(
        self,
        plan: ClusterPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> ControlPlaneParts:
        """Make the servers, wait until the API answers, and look after their nodes."""
        place = _place(plan, keys, network, endpoint, founding.exists(keys.identity, opts.parent))
        pool = next(one for one in plan.pools if one.role is Role.CONTROL_PLANE)
        made = servers.ports(place, pool.nodes, opts)
        group = servers.group(place, pool, opts)
        found = servers.servers(place, pool, made, group, opts)
        balanced = place.settings.load_balancer.enabled
        doors = {door.name: door.port for door in endpoints.doors(plan)} if balanced else {}
        members = servers.members(place, pool.nodes, made, doors, opts)
        ready = ApiReady(
            f"{plan.spec.name}-ready",
            identity=keys.identity,
            kubeconfig=keys.kubeconfig,
            servers=[one.id for one in found.values()],
            settings=plan.spec.cloud.settings,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=members)),
        )
        facts = servers.node_facts(place, pool, made, found)
        nodes = _nodes(place, pool, keys, facts, pulumi.ResourceOptions(parent=opts.parent, deleted_with=ready))
        first = next(node.name for node in pool.nodes if node.first)
        answered = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[ready]))
        # Nothing waits for this note: it is for a first server that boots again.
        founding.note(plan, keys.identity, network.details, found[first].id, answered)
        return ControlPlaneParts(ready.ready, (ready, *found.values(), nodes))

    def machines(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        opts: pulumi.ResourceOptions,
    ) -> MachineParts:
        """Make ports and servers of one pool; those of the control plane are made with it."""
        if pool.role is Role.CONTROL_PLANE:
            return MachineParts()
        place = _place(plan, keys, network, endpoint)
        made = servers.ports(place, pool.nodes, opts)
        found = servers.servers(place, pool, made, servers.group(place, pool, opts), opts)
        return MachineParts({"nodes": servers.node_facts(place, pool, made, found)})

    def pool(
        self,
        plan: ClusterPlan,
        pool: PoolPlan,
        keys: KeyParts,
        network: NetworkParts,
        endpoint: EndpointParts,
        machines: MachineParts,
        opts: pulumi.ResourceOptions,
    ) -> PoolParts:
        """Look after the nodes of one pool; `control_plane` does for its own."""
        if pool.role is Role.CONTROL_PLANE:
            return PoolParts()
        place = _place(plan, keys, network, endpoint)
        return PoolParts((_nodes(place, pool, keys, machines.details["nodes"], opts),))

    def leftovers(
        self, plan: ClusterPlan, keys: KeyParts, network: NetworkParts, opts: pulumi.ResourceOptions
    ) -> pulumi.Resource | None:
        """Make what drains the cluster and sweeps the cloud when it is deleted."""
        return Leftovers(
            f"{plan.spec.name}-leftovers",
            identity=keys.identity,
            kubeconfig=keys.kubeconfig,
            settings=plan.spec.cloud.settings,
            ending=[one.name for one in containers(plan) if one.ends],
            opts=opts,
        )

    def find(self, plan: ClusterPlan, token: str, inputs: Mapping[str, Any], known: Collection[str]) -> str | None:
        """Look an object up by its name, or by what it is where it has none."""
        if not token.startswith("openstack:"):
            return None
        if self._connection is None:
            self._connection = connect(settings_of(plan.spec))
        return find(self._connection, token, inputs, known)

    def explain(self, plan: ClusterPlan, token: str, text: str) -> Explained | None:
        """Return the cause behind what the plugin or the cloud said, or behind an API that says nothing."""
        settings = settings_of(plan.spec)
        if token == SILENT_API:
            return stopped.explain(plan, settings)
        return explain(settings, token, text) if token.startswith("openstack:") else None


def _nodes(
    place: Place,
    pool: PoolPlan,
    keys: KeyParts,
    facts: Any,
    opts: pulumi.ResourceOptions,
) -> PoolNodes:
    """Look after a pool's nodes once the API answers; with the whole cluster they go without being drained."""
    spec = place.plan.spec
    ready = pulumi.ResourceOptions(depends_on=[opts.deleted_with] if opts.deleted_with else [])
    return PoolNodes(
        f"{spec.name}-{pool.name}-nodes",
        {
            "identity": keys.identity,
            "pool": pool.name,
            "distribution": spec.kubernetes.distribution.value,
            "nodes": facts,
            "kubeconfig": pulumi.Output.secret(keys.kubeconfig),
            "keys": pulumi.Output.secret(keys.material.apply(joining)),
            "authorities": place.authorities,
            "inside": place.endpoint["inside"],
            "outside": place.endpoint["outside"],
            "image": place.network["image"],
            "spec": spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
        },
        pulumi.ResourceOptions.merge(opts, ready),
    )


def _place(
    plan: ClusterPlan,
    keys: KeyParts,
    network: NetworkParts,
    endpoint: EndpointParts,
    exists: pulumi.Output[bool] | None = None,
) -> Place:
    return Place(
        plan,
        settings_of(plan.spec),
        keys.identity,
        network.details,
        endpoint.details,
        keys.material,
        authorities.held(plan.spec),
        # Only a first server may start a cluster, so nobody else has to know.
        exists or pulumi.Output.from_input(False),
    )

"""A bare Pulumi program: the charts, objects and nodes of a plan, with none of our components in it.

It waits for as little as ours: slots for what they need, and for no Service inside the cluster.
"""

from __future__ import annotations

import json
from pathlib import Path

from haven_iac.clouds.local.build import node_objects
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.catalogue import chart_folder
from haven_iac.resources import PLUGIN, token

PROGRAM = """\
import json

import pulumi
import pulumi_kubernetes as k8s

data = json.load(open("data.json"))
provider = k8s.Provider(
    "cluster",
    kubeconfig=data["kubeconfig"],
    enable_config_map_mutable=True,
    enable_secret_mutable=True,
    suppress_helm_hook_warnings=True,
)


def make(objects, after):
    opts = pulumi.ResourceOptions(provider=provider, version=data["plugin"], depends_on=after)
    return [pulumi.CustomResource(token, name, body, opts) for token, name, body in objects]


def no_waiting(args):
    if args.type_ != "kubernetes:core/v1:Service" or args.props["spec"].get("type") == "LoadBalancer":
        return None
    metadata = args.props["metadata"]
    notes = {**(metadata.get("annotations") or {}), "pulumi.com/skipAwait": "true"}
    props = {**args.props, "metadata": {**metadata, "annotations": notes}}
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


first = make(data["first"], [])
places = [*first, *make(data["second"], first)]
made = {}
for slot, wave in data["waves"].items():
    after = [*places, *(one for need in wave["needs"] for one in made[need])]
    opts = pulumi.ResourceOptions(provider=provider, depends_on=after, transforms=[no_waiting])
    charts = [k8s.helm.v4.Chart(n, chart=c, namespace=ns, values=v, opts=opts) for n, c, ns, v in wave["charts"]]
    made[slot] = [*charts, *make(wave["objects"], charts or after)]
for number in range(data["groups"]):
    pulumi.ComponentResource("bare:index:Group", f"group-{number}")
"""


def write(folder: Path, plan: ClusterPlan, kubeconfig: str, groups: int = 0) -> None:
    """Write the program.

    Args:
        folder: where to.
        plan: what it makes; a slot of the plan is a wave here.
        kubeconfig: of the cluster that it is made in.
        groups: empty components that make the number of resources the same.
    """
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: bare\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)

    def objects(slot: str) -> list[list[object]]:
        return [[token(m.body), f"{slot}-{m.name}", m.body] for m in plan.manifests if m.slot == slot]

    nodes = [[token(body), name, body] for name, body in node_objects(plan).items()]
    of_slot = objects("namespaces")
    places = [one for one in of_slot if one[0] == "kubernetes:core/v1:Namespace"]
    data = {
        "plugin": PLUGIN,
        "kubeconfig": kubeconfig,
        "first": [*nodes, *places],
        "second": [one for one in of_slot if one not in places],
        "waves": {
            slot: {
                "needs": [need for need in plan.needs[slot] if need != "namespaces"],
                "charts": [
                    [r.name, str(chart_folder(r.chart)), r.namespace, dict(r.values)]
                    for r in plan.releases
                    if r.slot == slot
                ],
                "objects": objects(slot),
            }
            for slot in plan.slots
            if slot != "namespaces"
        },
        "groups": groups,
    }
    (folder / "data.json").write_text(json.dumps(data))

"""A bare Pulumi program: the charts, objects and nodes of a plan, with none of our components in it."""

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


made = make(data["first"], [])
made = [*made, *make(data["second"], made)]
for wave in data["waves"]:
    opts = pulumi.ResourceOptions(provider=provider, depends_on=made)
    charts = [k8s.helm.v4.Chart(n, chart=c, namespace=ns, values=v, opts=opts) for n, c, ns, v in wave["charts"]]
    made = [*charts, *make(wave["objects"], charts or made)]
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
        "waves": [
            {
                "charts": [
                    [r.name, str(chart_folder(r.chart)), r.namespace, dict(r.values)]
                    for r in plan.releases
                    if r.slot == slot
                ],
                "objects": objects(slot),
            }
            for slot in plan.slots
            if slot != "namespaces"
        ],
        "groups": groups,
    }
    (folder / "data.json").write_text(json.dumps(data))

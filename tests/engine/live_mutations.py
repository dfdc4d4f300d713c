"""A live cluster, changed in one way and mended again, and what checks are expected to see that was not predicted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.compliance.model import Status
from haven_iac.plan.model import NodePlan, Role
from tests.engine.observe_lab import Cluster

FAIL, NEEDS_EVIDENCE, PASS = Status.FAIL, Status.NEEDS_EVIDENCE, Status.PASS
EXTERNAL = {"type": "ExternalIP", "address": "192.0.2.7"}
ROLE = "node-role.kubernetes.io/"

Step = Callable[[Cluster], None]


@dataclass(frozen=True)
class Live:
    """One change to a live cluster; it is mended by making the cluster again what its plan says."""

    do: Step
    seen: Mapping[str, Status]
    """What is observed otherwise than predicted; PASS stands for a flaw."""
    own_credential: bool = True


def first(cluster: Cluster) -> NodePlan:
    return cluster.plan.nodes[0]


def workers(cluster: Cluster) -> list[NodePlan]:
    return [node for node in cluster.plan.nodes if node.role is Role.WORKER]


def every_zone(zone: str | None) -> Step:
    def do(cluster: Cluster) -> None:
        for node in cluster.plan.nodes:
            cluster.zone(node, zone)

    return do


def without_zone(gone: str) -> Step:
    def do(cluster: Cluster) -> None:
        for node in cluster.plan.nodes:
            if node.zone == gone:
                cluster.core.delete_node(node.name)

    return do


def remove_node(index: int) -> Step:
    return lambda c: c.core.delete_node(c.plan.nodes[index].name)


def status(*given: Any, **more: Any) -> Step:
    return lambda c: c.node_status(first(c).name, *given, **more)


def relabel(changes: Mapping[str, str | None], pick: Callable[[Cluster], list[NodePlan]] | None = None) -> Step:
    def do(cluster: Cluster) -> None:
        for node in pick(cluster) if pick else [first(cluster)]:
            cluster.core.patch_node(node.name, {"metadata": {"labels": dict(changes)}})

    return do


def extra(labels: Mapping[str, str], *given: Any) -> Step:
    return lambda c: c.extra_node("stranger", dict(labels), *given)


def hidden(kubelet: str, labels: Mapping[str, str] | None = None) -> Step:
    """Return what makes a cluster look like one whose servers somebody else runs."""

    def do(cluster: Cluster) -> None:
        for node in cluster.plan.nodes:
            if node.role is Role.CONTROL_PLANE:
                cluster.core.delete_node(node.name)
            else:
                cluster.node_status(node.name, kubelet=kubelet)
                cluster.core.patch_node(node.name, {"metadata": {"labels": dict(labels or {})}})

    return do


def shared(binding: str = "", provisioner: str = "") -> Step:
    def do(cluster: Cluster) -> None:
        cluster.storage.delete_storage_class("shared")
        if binding or provisioner:
            cluster.storage_class("shared", binding, provisioner)

    return do


def remove(*names: str) -> Step:
    def do(cluster: Cluster) -> None:
        for name in names:
            cluster.remove(name)

    return do


def idle(name: str) -> Step:
    return lambda c: c.ready(name, 0)


def instead(name: str, other: str, kind: str, namespace: str) -> Step:
    def do(cluster: Cluster) -> None:
        cluster.remove(name)
        cluster.workload(other, (kind, namespace))

    return do


def beside(other: str, kind: str, namespace: str) -> Step:
    return lambda c: c.workload(other, (kind, namespace))


def no_cert_manager(cluster: Cluster) -> None:
    cluster.remove("cert-manager")
    cluster.certificate_kinds(there=False)


def not_ready(cluster: Cluster) -> None:
    condition = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
    cluster.core.patch_node_status(first(cluster).name, {"status": {"conditions": [condition]}})


LIVE: Mapping[str, Live] = {
    # zones
    "one zone label": Live(relabel({"topology.kubernetes.io/zone": None}), {"multiaz": PASS}),
    "all zones but one": Live(every_zone("az1"), {"multiaz": FAIL}),
    "every zone label": Live(every_zone(None), {"multiaz": FAIL}),
    "a zone": Live(without_zone("az3"), {"hamasters": FAIL, "haworkers": FAIL}),
    "a node that nobody planned, without a zone": Live(extra({}), {"multiaz": PASS}),
    "a node that nobody planned, in a zone": Live(extra({"topology.kubernetes.io/zone": "az2"}), {}),
    # servers and workers
    "a server": Live(remove_node(0), {"hamasters": FAIL}),
    "a worker": Live(remove_node(-1), {"haworkers": FAIL}),
    "a server that lost its role": Live(relabel({f"{ROLE}control-plane": None}), {"hamasters": FAIL}),
    "a server with the role's old name": Live(relabel({f"{ROLE}control-plane": None, f"{ROLE}master": "true"}), {}),
    "a worker that became a server": Live(
        relabel({f"{ROLE}control-plane": "true"}, lambda c: workers(c)[:1]), {"haworkers": FAIL}
    ),
    "a node that is not ready": Live(not_ready, {}),
    "a node that is cordoned": Live(lambda c: c.core.patch_node(first(c).name, {"spec": {"unschedulable": True}}), {}),
    # hidden control planes
    "a control plane like that of EKS": Live(hidden("v1.36.3-eks-1a2b3c4"), {"cncf": PASS}),
    "a control plane like that of GKE": Live(hidden("v1.36.3-gke.1000"), {"cncf": PASS}),
    "a control plane like that of AKS": Live(hidden("v1.36.3", {"kubernetes.azure.com/cluster": "x"}), {"cncf": PASS}),
    "a control plane like that of Gardener": Live(
        hidden("v1.36.3", {"worker.gardener.cloud/pool": "x"}), {"hamasters": NEEDS_EVIDENCE}
    ),
    "a control plane of nobody we know": Live(hidden("v1.36.3"), {"hamasters": NEEDS_EVIDENCE}),
    # addresses and systems
    "a public address": Live(status("Ubuntu 24.04", EXTERNAL), {"privatenetworking": FAIL}),
    "a public address on one more worker": Live(
        extra({"topology.kubernetes.io/zone": "az1"}, "Ubuntu 24.04", EXTERNAL), {"privatenetworking": FAIL}
    ),
    "a soft system": Live(status("Amazon Linux 2"), {"nodehardening": FAIL}),
    "an unknown system": Live(status("Bottlerocket OS 1.40"), {"nodehardening": NEEDS_EVIDENCE}),
    "another hardened system": Live(status("Talos (v1.12.0)"), {}),
    "a system without a name": Live(status(""), {"nodehardening": NEEDS_EVIDENCE}),
    "a system that commands terminals": Live(status("\x1b[2J<script>Ubuntu"), {"nodehardening": NEEDS_EVIDENCE}),
    # volumes
    "the shared class": Live(shared(), {"rwxvolumes": FAIL}),
    "a shared class that waits": Live(shared("WaitForFirstConsumer"), {"rwxvolumes": NEEDS_EVIDENCE}),
    "a shared class of nobody we know": Live(shared("", "csi.example.test"), {"rwxvolumes": NEEDS_EVIDENCE}),
    "a shared class of Longhorn": Live(shared("", "driver.longhorn.io"), {}),
    "a shared class that is Cinder's": Live(shared("", "cinder.csi.openstack.org"), {"rwxvolumes": FAIL}),
    "the block class": Live(lambda c: c.storage.delete_storage_class("block"), {}),
    # logs
    "the log collector": Live(remove("alloy"), {"logs": FAIL}),
    "the log store": Live(remove("loki"), {"logs": NEEDS_EVIDENCE}),
    "both parts of the logs": Live(remove("alloy", "loki"), {"logs": FAIL}),
    "what watches the log store": Live(remove("loki-canary"), {}),
    "a log store that does not run": Live(idle("loki"), {"logs": NEEDS_EVIDENCE}),
    "a log collector that does not run": Live(idle("alloy"), {"logs": NEEDS_EVIDENCE}),
    "another log collector": Live(instead("alloy", "fluent-bit", "DaemonSet", "logging"), {"logs": NEEDS_EVIDENCE}),
    "a second log collector": Live(beside("promtail", "DaemonSet", "logging"), {}),
    # metrics and certificates
    "metrics-server": Live(remove("metrics-server"), {"metrics": FAIL}),
    "metrics that do not run": Live(idle("metrics-server"), {"metrics": NEEDS_EVIDENCE}),
    "the metrics-server of RKE2": Live(
        instead("metrics-server", "rke2-metrics-server", "Deployment", "kube-system"), {}
    ),
    "something like metrics-server": Live(
        instead("metrics-server", "kube-state-metrics", "Deployment", "kube-system"), {"metrics": FAIL}
    ),
    "cert-manager's controller": Live(remove("cert-manager"), {"autocerts": NEEDS_EVIDENCE}),
    "cert-manager's webhook": Live(remove("cert-manager-webhook"), {}),
    "cert-manager's kinds": Live(lambda c: c.certificate_kinds(there=False), {"autocerts": NEEDS_EVIDENCE}),
    "cert-manager": Live(no_cert_manager, {"autocerts": FAIL}),
    "cert-manager that does not run": Live(idle("cert-manager"), {"autocerts": NEEDS_EVIDENCE}),
    # what the checks do not ask
    "the gateway": Live(remove("traefik"), {}),
    "a credential that may do little": Live(lambda c: None, {"clusteradmin": NEEDS_EVIDENCE}, own_credential=False),
}

"""A cluster of objects that checks look at, in a real API server without kubelets or controllers."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kubernetes import client

from haven_iac.compliance import reader
from haven_iac.compliance.model import Status, Verdict
from haven_iac.compliance.observe import observe
from haven_iac.keys.authority import certificate
from haven_iac.plan.model import ClusterPlan, NodePlan
from tests.engine.keys_lab import ApiServer, _client

SPEC = {
    "name": "proef",
    "kubernetes": {"version": "1.36", "distribution": "rke2"},
    "cloud": {"kind": "local", "zones": ["az1", "az2", "az3"]},
    "pools": {"general": {"size": 3}},
    "ingress": {"domain": "apps.proef.test", "certificates": {"issuer": "private-ca"}},
}
TODAY = date(2026, 12, 1)
WORKLOADS = {  # kind and namespace of what each chart of the platform runs
    "cert-manager": ("Deployment", "cert-manager"),
    "cert-manager-webhook": ("Deployment", "cert-manager"),
    "metrics-server": ("Deployment", "kube-system"),
    "loki": ("StatefulSet", "logging"),
    "loki-canary": ("DaemonSet", "logging"),
    "alloy": ("DaemonSet", "logging"),
    "traefik": ("Deployment", "gateway"),
}
CRD = "certificates.cert-manager.io"


class Cluster:
    """The objects that checks look at, in a real API server without kubelets or controllers."""

    def __init__(self, server: ApiServer, plan: ClusterPlan) -> None:
        self.server, self.plan = server, plan
        self.kubeconfig = self.credential("haven-iac", ["system:masters"])
        api = _client(self.kubeconfig)
        self.core, self.apps = client.CoreV1Api(api), client.AppsV1Api(api)
        self.storage, self.crds = client.StorageV1Api(api), client.ApiextensionsV1Api(api)
        self.rbac = client.RbacAuthorizationV1Api(api)

    def credential(self, user: str, groups: list[str]) -> str:
        issuer = self.server.pair("client-ca")
        return self.server.kubeconfig(
            certificate(issuer, user, datetime.now(UTC), timedelta(hours=1), groups=groups, client=True)
        )

    def build(self) -> None:
        for node in self.plan.nodes:
            self.node(node)
        for name in ("block", "shared"):
            self.storage_class(name)
        for namespace in sorted({where for _, where in WORKLOADS.values()} - {"kube-system"}):
            self.core.create_namespace({"metadata": {"name": namespace}})
        for name in WORKLOADS:
            self.workload(name)
        self.custom_resource()

    def node(self, plan: NodePlan) -> None:
        self.core.create_node({"metadata": {"name": plan.name, "labels": dict(plan.labels)}})
        self.node_status(plan.name)

    def node_status(self, name: str, os_image: str = "Ubuntu 24.04.3 LTS", *extra: dict[str, str]) -> None:
        info = dict.fromkeys(
            ("architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "machineID"), ""
        )
        info |= {"operatingSystem": "linux", "systemUUID": "", "kubeletVersion": "v1.36.3+rke2r1", "osImage": os_image}
        addresses = [{"type": "InternalIP", "address": "10.20.0.9"}, *extra]
        self.core.patch_node_status(name, {"status": {"nodeInfo": info, "addresses": addresses}})

    def storage_class(self, name: str, binding: str = "") -> None:
        made = next(c for c in self.plan.facts.storage.classes if c.name == name)
        body = {"metadata": {"name": name}, "provisioner": made.provisioner}
        self.storage.create_storage_class({**body, "volumeBindingMode": binding or made.binding_mode})

    def _calls(self, name: str) -> tuple[str, str, str]:
        kind, namespace = WORKLOADS[name]
        return (
            kind,
            namespace,
            {"Deployment": "deployment", "DaemonSet": "daemon_set", "StatefulSet": "stateful_set"}[kind],
        )

    def workload(self, name: str) -> None:
        kind, namespace, word = self._calls(name)
        labels = {"app.kubernetes.io/name": name}
        pod = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": name, "image": f"example.test/{name}:1"}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": pod}
        spec |= {"serviceName": name} if kind == "StatefulSet" else {}
        body = {"metadata": {"name": name}, "spec": spec}
        getattr(self.apps, f"create_namespaced_{word}")(namespace, body)
        self.ready(name, 1)

    def ready(self, name: str, pods: int) -> None:
        kind, namespace, word = self._calls(name)
        status: dict[str, int] = {"replicas": 1, "readyReplicas": pods}
        if kind == "DaemonSet":
            keys = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
            status = dict.fromkeys(keys, pods)
        getattr(self.apps, f"patch_namespaced_{word}_status")(name, namespace, {"status": status})

    def remove(self, name: str) -> None:
        _, namespace, word = self._calls(name)
        getattr(self.apps, f"delete_namespaced_{word}")(name, namespace)

    def custom_resource(self) -> None:
        schema = {"openAPIV3Schema": {"type": "object"}}
        names = {"kind": "Certificate", "plural": "certificates", "singular": "certificate"}
        versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
        spec = {"group": "cert-manager.io", "scope": "Namespaced", "names": names, "versions": versions}
        self.crds.create_custom_resource_definition({"metadata": {"name": CRD}, "spec": spec})
        self.until(lambda: self.look().result("autocerts").status is Status.PASS)

    def zone(self, node: NodePlan, zone: str | None) -> None:
        self.core.patch_node(node.name, {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}})

    def look(self) -> Verdict:
        return observe(reader.read(self.kubeconfig), self.plan, TODAY)

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(100):
            if holds():
                return
            pause.wait(0.1)
        raise AssertionError("it did not come about within ten seconds")


Step = Callable[[Cluster], None]


def first(cluster: Cluster) -> NodePlan:
    return cluster.plan.nodes[0]


def one_zone(cluster: Cluster) -> None:
    for node in cluster.plan.nodes:
        cluster.zone(node, "az1")


def zones_back(cluster: Cluster) -> None:
    for node in cluster.plan.nodes:
        cluster.zone(node, node.zone)


def remove_node(index: int) -> Step:
    return lambda c: c.core.delete_node(c.plan.nodes[index].name)


def node_back(index: int) -> Step:
    return lambda c: c.node(c.plan.nodes[index])


def status(*given: Any) -> Step:
    return lambda c: c.node_status(first(c).name, *given)


def fresh(cluster: Cluster) -> None:
    cluster.core.delete_node(first(cluster).name)
    cluster.node(first(cluster))


def waits(cluster: Cluster) -> None:
    cluster.storage.delete_storage_class("shared")
    cluster.storage_class("shared", "WaitForFirstConsumer")


def at_once(cluster: Cluster) -> None:
    cluster.storage.delete_storage_class("shared")
    cluster.storage_class("shared")


def no_cert_manager(cluster: Cluster) -> None:
    cluster.remove("cert-manager")
    cluster.crds.delete_custom_resource_definition(CRD)
    cluster.until(lambda: cluster.look().result("autocerts").status is Status.FAIL)


def cert_manager_back(cluster: Cluster) -> None:
    cluster.workload("cert-manager")
    cluster.custom_resource()


def remove(name: str) -> Step:
    return lambda c: c.remove(name)


def back(name: str) -> Step:
    return lambda c: c.workload(name)


FAIL, NEEDS_EVIDENCE, PASS = Status.FAIL, Status.NEEDS_EVIDENCE, Status.PASS
EXTERNAL = {"type": "ExternalIP", "address": "192.0.2.7"}
BREAKS: dict[str, tuple[str, Status, Step, Step]] = {
    "one zone label": ("multiaz", PASS, lambda c: c.zone(first(c), None), zones_back),
    "all zones but one": ("multiaz", FAIL, one_zone, zones_back),
    "a server": ("hamasters", FAIL, remove_node(0), node_back(0)),
    "a worker": ("haworkers", FAIL, remove_node(-1), node_back(-1)),
    "a public address": ("privatenetworking", FAIL, status("Ubuntu 24.04", EXTERNAL), fresh),
    "a soft system": ("nodehardening", FAIL, status("Amazon Linux 2"), fresh),
    "an unknown system": ("nodehardening", NEEDS_EVIDENCE, status("Bottlerocket OS 1.40"), fresh),
    "the shared class": (
        "rwxvolumes",
        FAIL,
        lambda c: c.storage.delete_storage_class("shared"),
        lambda c: c.storage_class("shared"),
    ),
    "a shared class that waits": ("rwxvolumes", NEEDS_EVIDENCE, waits, at_once),
    "the log collector": ("logs", FAIL, remove("alloy"), back("alloy")),
    "the log store": ("logs", NEEDS_EVIDENCE, remove("loki"), back("loki")),
    "a log store that runs": ("logs", NEEDS_EVIDENCE, lambda c: c.ready("loki", 0), lambda c: c.ready("loki", 1)),
    "metrics-server": ("metrics", FAIL, remove("metrics-server"), back("metrics-server")),
    "metrics that run": (
        "metrics",
        NEEDS_EVIDENCE,
        lambda c: c.ready("metrics-server", 0),
        lambda c: c.ready("metrics-server", 1),
    ),
    "cert-manager's controller": ("autocerts", NEEDS_EVIDENCE, remove("cert-manager"), back("cert-manager")),
    "cert-manager": ("autocerts", FAIL, no_cert_manager, cert_manager_back),
}

"""A cluster of objects that checks look at, in a real API server without kubelets or controllers."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client

from haven_iac.compliance import reader
from haven_iac.compliance.model import Verdict
from haven_iac.compliance.observe import observe
from haven_iac.keys.authority import certificate
from haven_iac.plan.model import ClusterPlan, NodePlan
from tests.engine.keys_lab import ApiServer, _client
from tests.mutations import TODAY

Place = tuple[str, str]
WORKLOADS: dict[str, Place] = {  # kind and namespace of what the charts of the platform run
    "cert-manager": ("Deployment", "cert-manager"),
    "cert-manager-webhook": ("Deployment", "cert-manager"),
    "metrics-server": ("Deployment", "kube-system"),
    "loki": ("StatefulSet", "logging"),
    "loki-canary": ("DaemonSet", "logging"),
    "alloy": ("DaemonSet", "logging"),
    "traefik": ("Deployment", "gateway"),
}
OF_CHART = {
    "cert-manager": ("cert-manager", "cert-manager-webhook"),
    "metrics-server": ("metrics-server",),
    "loki": ("loki", "loki-canary"),
    "alloy": ("alloy",),
    "traefik": ("traefik",),
}
UBUNTU = "Ubuntu 24.04.3 LTS"
KUBELETS = {"rke2": "v1.36.3+rke2r1", "k3s": "v1.36.3+k3s1"}
CRD = "certificates.cert-manager.io"


class Cluster:
    """The objects that checks look at, in a real API server without kubelets or controllers."""

    def __init__(self, server: ApiServer, plan: ClusterPlan) -> None:
        self.server, self.plan = server, plan
        self.kubeconfig = self.credential("haven-iac", ["system:masters"])
        self.reading = self.credential("lezer", ["readers"])
        api = _client(self.kubeconfig)
        self.core, self.apps = client.CoreV1Api(api), client.AppsV1Api(api)
        self.storage, self.crds = client.StorageV1Api(api), client.ApiextensionsV1Api(api)
        self.rbac = client.RbacAuthorizationV1Api(api)
        self.grant("readers", reader.RIGHTS["rules"])

    def grant(self, group: str, rules: list[dict[str, Any]]) -> None:
        self.rbac.create_cluster_role({"metadata": {"name": group}, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": group}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}]
        self.rbac.create_cluster_role_binding({"metadata": {"name": group}, "roleRef": role, "subjects": subjects})

    def credential(self, user: str, groups: list[str]) -> str:
        issuer = self.server.pair("client-ca")
        return self.server.kubeconfig(
            certificate(issuer, user, datetime.now(UTC), timedelta(hours=1), groups=groups, client=True)
        )

    def build(self) -> None:
        """Make what the plan says; for a server that has nothing yet."""
        for namespace in sorted({where for _, where in WORKLOADS.values()} - {"kube-system"}):
            self.core.create_namespace({"metadata": {"name": namespace}})
        self.become(self.plan)

    def become(self, plan: ClusterPlan) -> None:
        """Change what differs from a plan; pools that scale are at their least, which is what a plan is judged by."""
        self.plan = plan
        self._nodes()
        classes = {one.name: one for one in plan.facts.storage.classes}
        for found in self.storage.list_storage_class().items:
            if found.metadata.name not in classes or found.provisioner != classes[found.metadata.name].provisioner:
                self.storage.delete_storage_class(found.metadata.name)
            else:
                del classes[found.metadata.name]
        for name in classes:
            self.storage_class(name)
        wanted = {name for release in plan.releases for name in OF_CHART.get(release.chart, ())}
        there = self._there()
        for name in sorted(there - wanted):
            self.remove(name)
        for name in sorted(wanted - there):
            self.workload(name)
        self.certificate_kinds(there="cert-manager" in wanted)

    def _nodes(self) -> None:
        wanted = {node.name: node for pool in self.plan.pools for node in pool.nodes[: pool.minimum]}
        for node in self.core.list_node().items:
            plan = wanted.get(node.metadata.name)
            if (
                plan
                and dict(plan.labels) == node.metadata.labels
                and node.status.node_info.kubelet_version == self.kubelet
            ):
                del wanted[node.metadata.name]
            else:
                self.core.delete_node(node.metadata.name)
        for plan in wanted.values():
            self.node(plan)

    def _there(self) -> set[str]:
        calls = (self.apps.list_deployment_for_all_namespaces, self.apps.list_daemon_set_for_all_namespaces)
        lists = [call() for call in (*calls, self.apps.list_stateful_set_for_all_namespaces)]
        return {item.metadata.name for found in lists for item in found.items}

    @property
    def kubelet(self) -> str:
        return KUBELETS[self.plan.spec.kubernetes.distribution.value]

    def node(self, plan: NodePlan) -> None:
        self.extra_node(plan.name, dict(plan.labels))

    def extra_node(self, name: str, labels: dict[str, str], os_image: str = UBUNTU, *extra: dict[str, str]) -> None:
        self.core.create_node({"metadata": {"name": name, "labels": labels}})
        self.node_status(name, os_image, *extra)

    def node_status(self, name: str, os_image: str = UBUNTU, *extra: dict[str, str], kubelet: str = "") -> None:
        info = dict.fromkeys(
            ("architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "machineID"), ""
        )
        info |= {"operatingSystem": "linux", "systemUUID": "", "kubeletVersion": kubelet or self.kubelet}
        addresses = [{"type": "InternalIP", "address": "10.20.0.9"}, *extra]
        self.core.patch_node_status(
            name, {"status": {"nodeInfo": {**info, "osImage": os_image}, "addresses": addresses}}
        )

    def storage_class(self, name: str, binding: str = "", provisioner: str = "") -> None:
        made = next(c for c in self.plan.facts.storage.classes if c.name == name)
        body = {"metadata": {"name": name}, "provisioner": provisioner or made.provisioner}
        self.storage.create_storage_class({**body, "volumeBindingMode": binding or made.binding_mode})

    def _calls(self, name: str, place: Place | None = None) -> tuple[str, str, str]:
        kind, namespace = place or WORKLOADS[name]
        word = {"Deployment": "deployment", "DaemonSet": "daemon_set", "StatefulSet": "stateful_set"}[kind]
        return kind, namespace, word

    def workload(self, name: str, place: Place | None = None) -> None:
        kind, namespace, word = self._calls(name, place)
        labels = {"app.kubernetes.io/name": name}
        pod = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": name, "image": f"example.test/{name}:1"}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": pod}
        spec |= {"serviceName": name} if kind == "StatefulSet" else {}
        body = {"metadata": {"name": name}, "spec": spec}
        getattr(self.apps, f"create_namespaced_{word}")(namespace, body)
        self.ready(name, 1, place)

    def ready(self, name: str, pods: int, place: Place | None = None) -> None:
        kind, namespace, word = self._calls(name, place)
        status: dict[str, int] = {"replicas": 1, "readyReplicas": pods}
        if kind == "DaemonSet":
            keys = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
            status = dict.fromkeys(keys, pods)
        getattr(self.apps, f"patch_namespaced_{word}_status")(name, namespace, {"status": status})

    def remove(self, name: str, place: Place | None = None) -> None:
        _, namespace, word = self._calls(name, place)
        getattr(self.apps, f"delete_namespaced_{word}")(name, namespace)

    def certificate_kinds(self, *, there: bool) -> None:
        """Let the API serve cert-manager's kinds, or not; waits until it does."""

        def served() -> bool:
            return "cert-manager.io" in reader.documents(self.kubeconfig).groups

        if served() is there:
            return
        if there:
            schema = {"openAPIV3Schema": {"type": "object"}}
            names = {"kind": "Certificate", "plural": "certificates", "singular": "certificate"}
            versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
            spec = {"group": "cert-manager.io", "scope": "Namespaced", "names": names, "versions": versions}
            self.crds.create_custom_resource_definition({"metadata": {"name": CRD}, "spec": spec})
        else:
            self.crds.delete_custom_resource_definition(CRD)
        self.until(lambda: served() is there)

    def zone(self, node: NodePlan, zone: str | None) -> None:
        self.core.patch_node(node.name, {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}})

    def restore(self) -> None:
        """Make the cluster again what its plan says, whatever was done to it."""
        for call in (self.core.delete_collection_node, self.storage.delete_collection_storage_class):
            call()
        for kind, namespace in sorted(set(WORKLOADS.values())):
            _, _, word = self._calls("", (kind, namespace))
            getattr(self.apps, f"delete_collection_namespaced_{word}")(namespace)
        self.become(self.plan)

    def look(self, *, own_credential: bool = True) -> Verdict:
        kubeconfig = self.kubeconfig if own_credential else self.reading
        return observe(reader.read(kubeconfig, own_credential=own_credential), self.plan, TODAY)

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(100):
            if holds():
                return
            pause.wait(0.1)
        raise AssertionError("it did not come about within ten seconds")

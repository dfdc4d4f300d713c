"""Reader and rules against a real API server: what was built is seen, and so is each thing that was broken."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from haven_iac.cli.kubeconfig import mint_from
from haven_iac.compliance import reader
from haven_iac.compliance.model import Status, Verdict, differences
from haven_iac.compliance.observe import observe
from haven_iac.compliance.predict import predict
from haven_iac.errors import UnreachableError
from haven_iac.keys.authority import certificate
from haven_iac.keys.material import make
from haven_iac.plan.model import ClusterPlan, NodePlan
from haven_iac.prepare import from_document
from tests.engine.keys_lab import HOST, ApiServer, _client, _free_port, whoami

pytestmark = pytest.mark.engine

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


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    material = make("proef-abcde", datetime.now(UTC)).files
    with ApiServer(tmp_path_factory.mktemp("api"), material) as server:
        made = Cluster(server, from_document(SPEC).plan)
        made.build()
        yield made


def test_what_was_built_shows_what_was_predicted(cluster: Cluster) -> None:
    predicted, observed = predict(cluster.plan, TODAY), cluster.look()
    assert list(differences(predicted, observed)) == []
    assert observed.failed == ()
    assert observed.warnings == ()
    assert observed.result("logs").objects == ("StatefulSet/logging/loki", "DaemonSet/logging/alloy")
    assert observed.result("autocerts").objects == ("Deployment/cert-manager/cert-manager",)
    assert observed.count(Status.PASS) == 12  # all but the two about the checker itself, and published conformance


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


@pytest.mark.parametrize("broken", BREAKS)
def test_what_was_broken_is_seen_and_nothing_else(cluster: Cluster, broken: str) -> None:
    check, expected, do, undo = BREAKS[broken]
    predicted = predict(cluster.plan, TODAY)
    do(cluster)
    try:
        [(_, seen)] = differences(predicted, cluster.look())
    finally:
        undo(cluster)
    assert (seen.check.id, seen.status) == (check, expected)
    assert seen.fix
    assert list(differences(predicted, cluster.look())) == []


def test_a_list_that_comes_in_pages_is_read_to_its_end(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reader.read(cluster.kubeconfig)
    monkeypatch.setattr(reader, "PAGE", 1)
    assert reader.read(cluster.kubeconfig) == whole
    assert len(whole.nodes) == 6


def test_the_printed_rights_are_enough_and_each_is_needed(cluster: Cluster) -> None:
    # What every log-in may do by default is taken away, so that only our own list counts.
    for name in ("system:discovery", "system:basic-user", "system:public-info-viewer"):
        cluster.rbac.delete_cluster_role_binding(name)
    kubeconfig = cluster.credential("auditor", ["auditors"])
    role = {**reader.RIGHTS, "metadata": {"name": "verify"}}
    cluster.rbac.create_cluster_role(role)
    cluster.rbac.create_cluster_role_binding(
        {
            "metadata": {"name": "verify"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "verify"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "auditors"}],
        }
    )

    def look() -> Verdict | None:
        try:
            return observe(reader.read(kubeconfig, own_credential=False), cluster.plan, TODAY)
        except UnreachableError as error:
            if "verify --rights" not in error.fix:
                raise
            return None

    cluster.until(lambda: look() is not None)
    seen = look()
    assert seen is not None
    [(_, only)] = differences(predict(cluster.plan, TODAY), seen)
    assert (only.check.id, only.status) == ("clusteradmin", NEEDS_EVIDENCE)
    with pytest.raises(client.ApiException, match="403"):
        client.CoreV1Api(_client(kubeconfig)).list_secret_for_all_namespaces()
    for left_out in range(len(role["rules"])):
        rules = [rule for index, rule in enumerate(role["rules"]) if index != left_out]
        cluster.rbac.patch_cluster_role("verify", {"rules": rules})
        cluster.until(lambda: look() is None)
        cluster.rbac.patch_cluster_role("verify", {"rules": role["rules"]})
        cluster.until(lambda: look() is not None)


def test_reading_leaves_no_key_on_disk(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    reader.read(cluster.kubeconfig)
    assert list(tmp_path.rglob("*")) == []
    assert [str(warning.message) for warning in recwarn] == []


def test_an_api_that_does_not_answer_is_said_within_the_time(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(kubeconfig: str) -> str:
        with pytest.raises(UnreachableError) as found:
            reader.read(kubeconfig)
        assert found.value.fix
        assert "PRIVATE KEY" not in str(found.value)
        return found.value.what

    here = cluster.kubeconfig
    dead = here.replace(cluster.server.server, f"https://{HOST}:{_free_port()}")
    assert "refused" in refused(dead)
    foreign = make("other", datetime.now(UTC)).files
    stranger = ApiServer.kubeconfig(_As(cluster.server, foreign), cluster.server.pair("client-ca"))
    assert "not signed by the authority" in refused(stranger)
    monkeypatch.setattr(reader, "TIMEOUT", (0.5, 0.5))
    with socket.create_server((HOST, 0)) as silent:
        assert "does not answer" in refused(
            here.replace(cluster.server.server, f"https://{HOST}:{silent.getsockname()[1]}")
        )
    assert "no kubeconfig" in refused("hello")
    assert "no kubeconfig" in refused("{a: [")
    assert "no kubeconfig" in refused("{kind: Config, clusters: [], users: [], contexts: [], current-context: x}")
    nobody = cluster.server.kubeconfig(
        certificate(
            ApiServer(cluster.server.folder.parent / "x", foreign).pair("client-ca"),
            "x",
            datetime.now(UTC),
            timedelta(hours=1),
            client=True,
        )
    )
    assert "401" in refused(nobody)


class _As(ApiServer):
    """The same server seen with other key material."""

    def __init__(self, server: ApiServer, material: dict[str, str]) -> None:
        self.server, self.material = server.server, material


def test_the_command_prints_both_sides_and_ends_as_it_should(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: proef\nruntime: python\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.local.yaml").write_text(json.dumps({"config": {"haven:cluster": SPEC}}))
    file = tmp_path / "kubeconfig"

    def verify(*options: str, expect: int) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "haven_iac.cli.app",
            "verify",
            "--kubeconfig",
            str(file),
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ}, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        assert "compliant" not in (done.stdout + done.stderr).lower()
        return done

    file.write_text(cluster.kubeconfig)
    text = verify("--strict", expect=0).stdout
    assert "SIMULATED, a rehearsal, never evidence" in text
    assert "agree on every check" in text
    cluster.remove("alloy")
    try:
        found = json.loads(verify("--json", expect=8).stdout)
        assert found["disagreements"] == ["logs"]
        assert "do not agree on 1 of 17" in verify(expect=8).stdout
    finally:
        cluster.workload("alloy")
    cluster.zone(first(cluster), None)
    try:
        assert json.loads(verify("--json", expect=0).stdout)["disagreements"] == ["multiaz"]
        verify("--strict", expect=8)
    finally:
        zones_back(cluster)
    file.write_text(cluster.kubeconfig.replace(cluster.server.server, f"https://{HOST}:{_free_port()}"))
    assert "does not answer" in verify(expect=10).stderr
    assert json.loads(verify("--json", expect=10).stdout)["error"] == "HVN303"


def test_a_credential_made_from_the_outputs_is_who_it_says(cluster: Cluster) -> None:
    issuer = cluster.server.pair("client-ca")
    outputs = {
        "cluster": "proef",
        "server": cluster.server.server,
        "signing": {
            "clientCaCert": issuer.cert,
            "clientCaKey": issuer.key,
            "caCert": cluster.server.material["ca.crt"],
        },
    }
    minted = mint_from(outputs, "local", "jan@werkplek", ("system:masters",), timedelta(minutes=5))
    assert whoami(minted.kubeconfig)[0] == "jan@werkplek"
    assert reader.read(minted.kubeconfig).admin
    less = mint_from(outputs, "local", "jan@werkplek", ("lezers",), timedelta(minutes=5))
    with pytest.raises(UnreachableError, match="403"):
        reader.read(less.kubeconfig)

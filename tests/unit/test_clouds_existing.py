"""Clusters that exist: what is found in them, what is planned beside it, and what is never touched."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven_iac.clouds.existing import CLOUD, _moved, settings_of
from haven_iac.clouds.existing.credential import chosen, server_of, text_of
from haven_iac.clouds.existing.detect import found
from haven_iac.clouds.existing.look import Look
from haven_iac.clouds.existing.settings import ExistingSettings, Found
from haven_iac.compliance.live import Documents
from haven_iac.compliance.model import Status
from haven_iac.compliance.predict import predict
from haven_iac.errors import CloudError, SpecError
from haven_iac.plan.build import plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import slots
from haven_iac.platform.common import merged
from haven_iac.prepare import from_document
from haven_iac.resources import OWNER
from haven_iac.spec.known import SLOTS
from haven_iac.spec.load import parse, validate
from haven_iac.testing import contracts

TODAY = date(2026, 11, 24)
DOCUMENT: dict[str, Any] = {
    "name": "klant",
    "cloud": {"kind": "existing", "settings": {"kubeconfig": "kubeconfig.yaml"}},
    "ingress": {"domain": "apps.klant.nl"},
}


def about(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **more}}


def workload(name: str, namespace: str, image: str = "example.nl/x:1.2.3", **more: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": name, "image": image}]}
    return {**about(name, namespace, **more), "spec": {"template": {"spec": pod}}, "status": {"readyReplicas": 1}}


def node(name: str, zone: str, role: str = "") -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": zone, "node.kubernetes.io/instance-type": "m1.large"}
    if role:
        labels[f"node-role.kubernetes.io/{role}"] = ""
    info = {"osImage": "Ubuntu 24.04.2 LTS", "kubeletVersion": "v1.35.4+rke2r1"}
    return {**about(name, labels=labels), "status": {"nodeInfo": info, "addresses": []}}


ROLES = {"s": "control-plane", "w": ""}
SEEN = Look(
    uid="0b2c-1",
    seen=Documents(
        version={"major": "1", "minor": "35"},
        groups=frozenset({"rbac.authorization.k8s.io"}),
        nodes=[node(f"{one}{n}", f"z{n}", role) for one, role in ROLES.items() for n in (1, 2, 3)],
        classes=[
            {**about("std", annotations={"storageclass.kubernetes.io/is-default-class": "true"}),
             "provisioner": "cinder.csi.openstack.org", "volumeBindingMode": "WaitForFirstConsumer"},
            {**about("nfs"), "provisioner": "nfs.csi.k8s.io", "volumeBindingMode": "Immediate"},
        ],
        workloads={"Deployment": [], "DaemonSet": [], "StatefulSet": []},
        admin=True,
    ),
    namespaces=[about(name) for name in ("default", "kube-system", "winkel")],
    definitions=[],
    ingress_classes=[],
    gateway_classes=[],
    services=[],
    api_services=[],
    snapshot_classes=[],
)  # fmt: skip
"""A cluster with nodes and volumes, and nothing else."""


def with_workloads(*deployments: Mapping[str, Any], **more: Any) -> Look:
    workloads = {**SEEN.seen.workloads, "Deployment": list(deployments)}
    return replace(SEEN, seen=replace(SEEN.seen, workloads=workloads), **more)


def filled(seen: Look) -> dict[str, str]:
    """Return what was found in each slot."""
    slot = found(seen, "klant", TODAY)["cloud"]["settings"]["found"]["slots"]
    return {name: one["name"] for name, one in slot.items()}


def planned(seen: Look = SEEN, **changes: Any) -> ClusterPlan:
    """Return a plan for a cluster that was looked at."""
    return from_document(merged(merged(DOCUMENT, found(seen, "klant", TODAY)), changes)).plan


class TestExisting(contracts.CloudContract):
    cloud = CLOUD
    spec = parse(merged(DOCUMENT, found(SEEN, "klant", TODAY)), None, lambda kind: True)
    entry = "haven_iac.clouds.existing:CLOUD"

    def test_a_probe_changes_nothing_and_returns_findings(self, tmp_path: Path, monkeypatch: Any) -> None:
        """Here nothing answers, which is an error that says so."""
        monkeypatch.chdir(tmp_path)
        [finding] = CLOUD.probe(plan(self.spec, CLOUD.promise(self.spec)))
        assert finding.severity == "error"
        assert finding.fix


def test_nodes_zones_and_classes_are_those_of_the_cluster() -> None:
    made = planned()
    assert [node.name for node in made.nodes] == ["s1", "s2", "s3", "w1", "w2", "w3"]
    assert made.zones == ("z1", "z2", "z3")
    assert made.spec.kubernetes.version == "1.35"
    assert {one.name for one in made.facts.storage.classes} == {"std", "nfs"}
    assert not [one for one in made.manifests if one.body["kind"] in ("StorageClass", "VolumeSnapshotClass")]


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("metrics-server", "kube-system", {slots.METRICS}),
        ("rke2-metrics-server", "kube-system", {slots.METRICS}),
        ("cert-manager", "cert-manager", {slots.CERTIFICATES}),
        ("cert-manager-webhook", "cert-manager", set()),
        ("loki", "logging", {slots.LOGS}),
        ("fluent-bit", "logging", {slots.LOGS, slots.LOG_COLLECTOR}),
        ("kube-prometheus-stack-operator", "monitoring", {slots.MONITORING}),
        ("prometheus-operator", "monitoring", {slots.MONITORING}),
        ("velero", "velero", {slots.BACKUP}),
        ("velero-ui", "velero", set()),
        ("external-dns", "dns", {slots.DNS}),
        ("kustomize-controller", "flux-system", {slots.GITOPS}),
        ("argocd-application-controller", "argocd", {slots.GITOPS}),
        ("kyverno-admission-controller", "kyverno", {slots.POLICY}),
        ("gatekeeper-controller-manager", "gatekeeper-system", {slots.POLICY}),
        ("winkel", "winkel", set()),
    ],
)
def test_what_fills_a_slot_is_recognised(name: str, namespace: str, expected: set[str]) -> None:
    assert set(filled(with_workloads(workload(name, namespace)))) == expected


def test_what_is_ours_does_not_count_as_found() -> None:
    ours = workload("metrics-server", "kube-system", labels={OWNER: "klant"})
    others = workload("metrics-server", "kube-system", labels={OWNER: "buurman"})
    assert filled(with_workloads(ours)) == {}
    assert filled(with_workloads(others)) == {slots.METRICS: "metrics-server"}
    mine = replace(SEEN, namespaces=[*SEEN.namespaces, about("logging", labels={OWNER: "klant"})])
    assert found(mine, "klant", TODAY) == found(SEEN, "klant", TODAY)


def test_kinds_and_classes_fill_slots_too() -> None:
    notes = {"gateway.networking.k8s.io/bundle-version": "v1.4.1"}
    seen = replace(
        SEEN,
        definitions=[
            about("gateways.gateway.networking.k8s.io", annotations=notes),
            about("servicemonitors.monitoring.coreos.com"),
        ],
        ingress_classes=[about("nginx")],
        api_services=[
            {**about("v1beta1.metrics.k8s.io"), "spec": {"service": {"name": "adapter", "namespace": "monitoring"}}}
        ],
    )
    assert filled(seen) == {
        slots.GATEWAY: "class nginx",
        slots.GATEWAY_API: "gateways.gateway.networking.k8s.io",
        slots.METRICS: "adapter",
        slots.MONITORING_CRDS: "servicemonitors.monitoring.coreos.com",
    }
    named = replace(with_workloads(workload("ingress-nginx-controller", "ingress")), ingress_classes=[about("nginx")])
    assert filled(named) == {slots.GATEWAY: "ingress-nginx-controller"}


def test_what_is_there_is_left_alone_and_counts_in_the_verdict() -> None:
    bare = planned(platform={"addons": {"metrics": {"enabled": False}}})
    assert predict(bare, TODAY).result("metrics").status is Status.FAIL
    made = planned(with_workloads(workload("metrics-server", "kube-system")))
    assert made.release(slots.METRICS) is None
    assert predict(made, TODAY).result("metrics").objects == ("metrics-server 1.2.3 in kube-system",)
    assert [one.text for one in made.notices if one.path == "platform.addons.metrics"] == [
        "metrics-server 1.2.3 in kube-system is there already and is left alone"
    ]


def test_our_issuer_stands_beside_a_cert_manager_of_theirs() -> None:
    seen = with_workloads(workload("cert-manager", "certificaten"))
    made = planned(seen, ingress={"certificates": {"issuer": "private-ca"}})
    assert made.release(slots.CERTIFICATES) is None
    issuers = [one.body for one in made.manifests if one.slot == slots.CERTIFICATES]
    assert {one["kind"] for one in issuers} == {"ClusterIssuer", "Certificate"}
    assert {one["metadata"]["namespace"] for one in issuers if one["kind"] == "Certificate"} == {"certificaten"}
    assert made.slots.index(slots.CERTIFICATES) < made.slots.index(slots.GATEWAY)


def test_policies_never_reach_what_was_there_before() -> None:
    bindings = [one.body for one in planned().manifests if one.body["kind"] == "ValidatingAdmissionPolicyBinding"]
    assert bindings
    for body in bindings:
        rules = body["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert "winkel" in next(one for one in rules if one["operator"] == "NotIn")["values"]


def test_tenants_let_in_the_gateway_that_is_there() -> None:
    seen = replace(with_workloads(workload("traefik", "edge")), ingress_classes=[about("traefik")])
    made = planned(seen, tenants={"app": {}})
    [policy] = [one.body for one in made.manifests if one.name == "app-allow-platform"]
    froms = [peer["namespaceSelector"]["matchLabels"] for rule in policy["spec"]["ingress"] for peer in rule["from"]]
    assert {"kubernetes.io/metadata.name": "edge"} in froms


def test_a_namespace_that_was_there_before_is_never_taken_over() -> None:
    seen = replace(SEEN, namespaces=[*SEEN.namespaces, about("monitoring")])
    with pytest.raises(SpecError, match="the namespace monitoring is there already") as refused:
        planned(seen)
    assert "platform.addons.monitoring.enabled: false" in str(refused.value)
    with pytest.raises(SpecError, match="the namespace winkel is there already"):
        planned(tenants={"winkel": {}})


@pytest.mark.parametrize("slot", SLOTS)
def test_turning_a_slot_off_changes_its_own_check_and_no_other(slot: str) -> None:
    whole = {one.check.id: one.status for one in predict(planned(), TODAY).results}
    less = {
        one.check.id: one.status
        for one in predict(planned(platform={"addons": {slot: {"enabled": False}}}), TODAY).results
    }
    changed = {check for check in whole if whole[check] is not less[check]}
    expected = {"certificates": {"autocerts"}, "logs": {"logs"}, "log-collector": {"logs"}, "metrics": {"metrics"}}
    assert changed == expected.get(slot, set())


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cloud": {"settings": {"kubeconfig": None}}}, "cloud.settings"),
        ({"cloud": {"settings": {"found": None}}}, "cloud.settings.found"),
        ({"cloud": {"settings": {"kubeconfigSecret": "toegang"}}}, "cloud.settings.kubeconfigSecret"),
        ({"pools": {"general": {}}}, "pools"),
        ({"kubernetes": {"version": "1.36"}}, "kubernetes.version"),
    ],
)
def test_what_does_not_fit_an_existing_cluster_is_said(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as refused:
        planned(**change)
    assert path in [one.path for one in refused.value.problems]
    assert all(one.fix for one in refused.value.problems)


def test_a_stack_that_was_not_looked_at_says_what_to_run() -> None:
    with pytest.raises(SpecError, match="run `haven-iac detect"):
        from_document(DOCUMENT)


@pytest.mark.parametrize("seen", [replace(SEEN, uid=""), replace(SEEN, seen=replace(SEEN.seen, nodes=[]))])
def test_a_cluster_that_cannot_be_read_is_refused(seen: Look) -> None:
    with pytest.raises(CloudError):
        found(seen, "klant", TODAY)


def test_what_moved_since_is_told_and_a_newcomer_in_a_slot_of_ours_stops_the_run() -> None:
    then = settings_of(parse(merged(DOCUMENT, found(SEEN, "klant", TODAY)), None, lambda kind: True))

    def moved(seen: Look) -> list[tuple[str, str]]:
        now = validate(Found, found(seen, "klant", TODAY)["cloud"]["settings"]["found"])
        return [(one.severity, one.path) for one in _moved(then, now)]

    assert moved(SEEN) == []
    assert moved(with_workloads(workload("velero", "velero"))) == [("error", "platform.addons.backup")]
    newer = replace(SEEN, seen=replace(SEEN.seen, version={"major": "1", "minor": "36"}))
    assert moved(newer) == [("error", "kubernetes.version")]
    assert moved(replace(SEEN, namespaces=[*SEEN.namespaces, about("nieuw")])) == [("warning", "cloud.settings")]


KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {"name": "a", "cluster": {"server": "https://a:6443", "certificate-authority": "ca.pem"}},
        {"name": "b", "cluster": {"server": "https://b:6443"}},
    ],
    "users": [{"name": "u", "user": {"tokenFile": "token"}}, {"name": "e", "user": {"exec": {"command": "aws"}}}],
    "contexts": [
        {"name": "one", "context": {"cluster": "a", "user": "u"}},
        {"name": "two", "context": {"cluster": "b", "user": "e"}},
    ],
    "current-context": "two",
}


def test_one_context_is_taken_whole(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("CA")
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "config").write_text(yaml.safe_dump(KUBECONFIG))
    text = text_of(ExistingSettings(kubeconfig="config", context="one"), str(tmp_path))
    made = yaml.safe_load(text)
    assert server_of(text) == "https://a:6443"
    assert made["clusters"][0]["cluster"]["certificate-authority-data"] == base64.b64encode(b"CA").decode()
    assert made["users"] == [{"name": "u", "user": {"token": "t0ken"}}]
    assert server_of(text_of(ExistingSettings(kubeconfig="config"), str(tmp_path))) == "https://b:6443"


def test_a_kubeconfig_that_cannot_be_used_is_refused_without_showing_it(tmp_path: Path) -> None:
    whole = yaml.safe_dump(KUBECONFIG)
    with pytest.raises(CloudError, match="no context 'three'") as refused:
        chosen(whole, "three", tmp_path, "config")
    assert "one, two" in refused.value.fix
    for text, words in (
        (whole, "cannot be read"),
        ("[]", "no kubeconfig"),
        ("{", "no kubeconfig"),
    ):
        with pytest.raises(CloudError, match=words) as refused:
            chosen(text, "one", tmp_path, "config")
        assert "6443" not in str(refused.value)
    with pytest.raises(CloudError, match="cannot be read"):
        text_of(ExistingSettings(kubeconfig="nowhere"), str(tmp_path))

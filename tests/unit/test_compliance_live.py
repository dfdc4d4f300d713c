"""A live cluster's documents, as the checks see them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from haven_iac.compliance.live import Documents, subject
from haven_iac.compliance.subject import ClassSeen, NodeSeen, Seen


def node(name: str = "n", *, labels: Any = None, addresses: Any = None, annotations: Any = None, **info: str) -> Any:
    status = {
        "addresses": addresses,
        "nodeInfo": {"kubeletVersion": "v1.36.3+rke2r1", "osImage": "Ubuntu 24.04", **info},
    }
    return {"metadata": {"name": name, "labels": labels, "annotations": annotations}, "status": status}


EMPTY = Documents(
    version={"major": "1", "minor": "36"}, groups=frozenset(), nodes=[], classes=[], workloads={}, admin=False
)


def seen(**changes: Any) -> Any:
    return subject(replace(EMPTY, **changes))


def test_a_node_is_read_with_role_zone_address_and_system() -> None:
    labels = {"topology.kubernetes.io/zone": "az1", "node-role.kubernetes.io/control-plane": "true"}
    addresses = [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "ExternalIP", "address": "192.0.2.1"}]
    found = seen(nodes=[node("a", labels=labels, addresses=addresses), node("b")])
    assert found.nodes == (
        NodeSeen("a", "az1", True, True, "Ubuntu 24.04"),
        NodeSeen("b", "", False, False, "Ubuntu 24.04"),
    )
    assert found.workers == 1


@pytest.mark.parametrize("role", ["control-plane", "master", "controlplane"])
def test_every_name_of_the_servers_role_counts_whatever_its_value(role: str) -> None:
    assert seen(nodes=[node(labels={f"node-role.kubernetes.io/{role}": ""})]).nodes[0].control_plane


@pytest.mark.parametrize(
    ("kubelet", "labels", "platform"),
    [
        ("v1.36.3+rke2r1", {}, "rke2"),
        ("v1.36.3+k3s1", {}, "k3s"),
        ("v1.36.3-eks-1a2b3c4", {}, "eks"),
        ("v1.36.3-gke.1000", {}, "gke"),
        ("v1.36.3", {"kubernetes.azure.com/cluster": "x"}, "aks"),
        ("v1.36.3", {}, "unknown"),
        ("", {}, "unknown"),
    ],
)
def test_the_platform_is_known_by_kubelet_or_label(kubelet: str, labels: Any, platform: str) -> None:
    assert seen(nodes=[node(labels=labels, kubeletVersion=kubelet)]).platform == platform


def test_a_control_plane_without_nodes_is_hidden_unless_the_distribution_shows_its_servers() -> None:
    assert seen(nodes=[node(kubeletVersion="v1.36.3-eks-1")]).hidden_control_plane
    assert seen(nodes=[node(kubeletVersion="v1.36.3")]).hidden_control_plane
    assert not seen(nodes=[node()]).hidden_control_plane
    assert not seen(nodes=[]).hidden_control_plane
    servers = [node(kubeletVersion="v1.36.3", labels={"node-role.kubernetes.io/control-plane": ""})]
    assert not seen(nodes=servers).hidden_control_plane


@pytest.mark.parametrize(("minor", "expected"), [("36", "1.36"), ("33+", "1.33"), ("34-gke.1", "1.34")])
def test_the_servers_minor_is_read_without_its_ornaments(minor: str, expected: str) -> None:
    assert seen(version={"major": "1", "minor": minor}).minor == expected


def test_volumes_are_made_at_once_unless_the_class_says_otherwise() -> None:
    classes = [
        {"metadata": {"name": "a"}, "provisioner": "x"},
        {"metadata": {"name": "b"}, "provisioner": "y", "volumeBindingMode": "Immediate"},
        {"metadata": {"name": "c"}, "provisioner": "z", "volumeBindingMode": "WaitForFirstConsumer"},
    ]
    assert seen(classes=classes).storage == (
        ClassSeen("a", "x", True),
        ClassSeen("b", "y", True),
        ClassSeen("c", "z", False),
    )


def test_workloads_are_recognised_and_run_when_a_pod_is_ready() -> None:
    def work(name: str, **status: Any) -> Any:
        return {"metadata": {"name": name, "namespace": "ns"}, "status": status}

    found = seen(
        workloads={
            "Deployment": [work("metrics-server", readyReplicas=1), work("cert-manager", replicas=1)],
            "DaemonSet": [work("alloy", numberReady=2), work("promtail", numberReady=0)],
            "StatefulSet": [work("loki", readyReplicas=None)],
        },
        groups=frozenset({"cert-manager.io", "rbac.authorization.k8s.io"}),
    )
    assert found.metrics == (Seen("Deployment/ns/metrics-server"),)
    assert found.certificates == (Seen("Deployment/ns/cert-manager", running=False),)
    assert found.log_collector == (Seen("DaemonSet/ns/alloy"),)
    assert found.log_store == (Seen("StatefulSet/ns/loki", running=False),)
    assert found.other_logs == (Seen("DaemonSet/ns/promtail", running=False),)
    assert found.certificate_api
    assert found.rbac


def test_a_cluster_that_says_nothing_of_itself_is_read_all_the_same() -> None:
    bare = [{"metadata": {"name": "n"}}, {"metadata": {"name": "m"}, "status": {}}]
    found = seen(nodes=bare, workloads={"Deployment": [{"metadata": {"name": "loki"}}]})
    assert [one.os_image for one in found.nodes] == ["", ""]
    assert found.log_store == (Seen("Deployment//loki", running=False),)


def test_simulated_nodes_make_a_simulated_cluster() -> None:
    assert seen(nodes=[node(), node(annotations={"kwok.x-k8s.io/node": "fake"})]).simulated
    assert not seen(nodes=[node(annotations={"a": "b"})]).simulated


def test_what_a_node_says_cannot_command_a_terminal() -> None:
    assert seen(nodes=[node(osImage="Ubuntu\x1b[2J\n24\x07" + "x" * 999)]).nodes[0].os_image.startswith("Ubuntu[2J24x")
    assert len(seen(nodes=[node(osImage="x" * 999)]).nodes[0].os_image) == 100

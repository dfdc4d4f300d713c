"""Namespaces, policies, issuers and classes: the objects of our own."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from haven_iac.facts import StorageFacts
from haven_iac.plan.build import plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import slots
from haven_iac.spec.known import SYSTEM_NAMESPACES
from tests.unit.platform_lab import EVERYTHING, PLAIN, facts, spec

METADATA = ip_address("169.254.169.254")
SECURITY = "pod-security.kubernetes.io/enforce"


def planned(base: Mapping[str, Any] = PLAIN, **changes: Any) -> ClusterPlan:
    """Return a plan with changes put over a description."""
    return plan(spec(base, **changes), facts())


def bodies(made: ClusterPlan, kind: str) -> list[Mapping[str, Any]]:
    """Return the objects of one kind."""
    return [one.body for one in made.manifests if one.body["kind"] == kind]


def levels(made: ClusterPlan) -> dict[str, str]:
    """Return the Pod Security level of each namespace."""
    found = bodies(made, "Namespace")
    return {one["metadata"]["name"]: one["metadata"]["labels"].get(SECURITY, "") for one in found}


@pytest.mark.parametrize("base", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_every_release_has_its_namespaces_and_they_come_first(base: Mapping[str, Any]) -> None:
    made = planned(base)
    there = set(levels(made)) | set(SYSTEM_NAMESPACES)
    for one in made.releases:
        assert {one.namespace, *one.namespaces} <= there
        assert one.needs[0] == slots.NAMESPACES
    for other in made.manifests:
        assert other.body["metadata"].get("namespace", "default") in there
        assert other.slot == slots.NAMESPACES or slots.NAMESPACES in other.needs


def test_every_namespace_enforces_audits_and_warns() -> None:
    for one in bodies(planned(EVERYTHING), "Namespace"):
        labels = one["metadata"]["labels"]
        modes = {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")}
        assert modes <= {"privileged", "baseline", "restricted"}


def test_a_namespace_is_no_looser_than_its_releases_ask() -> None:
    assert levels(planned())["gateway"] == "restricted"
    assert levels(planned())["logging"] == "privileged"
    alone = planned(platform={"addons": {"log-collector": {"enabled": False}}})
    assert levels(alone)["logging"] == "restricted"


def test_every_namespace_but_those_of_kubernetes_starts_closed() -> None:
    made = planned(EVERYTHING)
    closed = {
        one["metadata"]["namespace"]
        for one in bodies(made, "NetworkPolicy")
        if one["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    }
    assert closed == set(levels(made))


def test_default_deny_can_be_left_out_but_the_metadata_service_stays_closed() -> None:
    made = planned(EVERYTHING, policy={"defaultDeny": False})
    found = bodies(made, "NetworkPolicy")
    assert {one["metadata"]["namespace"] for one in found} == set(levels(made))
    for one in found:
        assert one["spec"]["policyTypes"] == ["Egress"]
        addresses = [
            peer["ipBlock"] for rule in one["spec"]["egress"] for peer in rule.get("to", ()) if "ipBlock" in peer
        ]
        assert addresses == [{"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}]


def test_no_policy_opens_the_metadata_service() -> None:
    for one in bodies(planned(EVERYTHING), "NetworkPolicy"):
        for rule in one["spec"].get("egress", ()):
            to_everybody = not rule.get("to")
            ports = {port["port"] for port in rule.get("ports", ())}
            assert not (to_everybody and (80 in ports or not ports)), one["metadata"]
            for peer in rule.get("to", ()):
                if block := peer.get("ipBlock"):
                    left_out = [ip_network(one) for one in block.get("except", ())]
                    assert METADATA not in ip_network(block["cidr"]) or any(METADATA in one for one in left_out)


def test_object_stores_on_another_port_can_be_reached() -> None:
    made = planned(EVERYTHING)
    found = {one["metadata"]["name"]: one for one in bodies(made, "NetworkPolicy")}
    for name in ("loki", "velero"):
        assert 9000 in {port["port"] for rule in found[name]["spec"]["egress"] for port in rule.get("ports", ())}


def test_a_tenant_is_held_to_its_level_and_warned_of_the_strictest() -> None:
    [app_b] = [one for one in bodies(planned(EVERYTHING), "Namespace") if one["metadata"]["name"] == "app-b"]
    assert app_b["metadata"]["labels"][SECURITY] == "baseline"
    assert app_b["metadata"]["labels"]["pod-security.kubernetes.io/warn"] == "restricted"


def test_policies_leave_kubernetes_and_the_platform_alone_and_nobody_else() -> None:
    made = planned(EVERYTHING)
    namespaces = {one["metadata"]["name"]: one["metadata"]["labels"] for one in bodies(made, "Namespace")}
    namespaces |= {name: {} for name in SYSTEM_NAMESPACES}
    for binding in bodies(made, "ValidatingAdmissionPolicyBinding"):
        selector = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        judged = {name for name, labels in namespaces.items() if _selected(selector, name, labels)}
        assert judged == {"app-a", "app-b"}


def _selected(expressions: list[Mapping[str, Any]], name: str, labels: Mapping[str, str]) -> bool:
    every = {**labels, "kubernetes.io/metadata.name": name}
    met = {
        "DoesNotExist": lambda one: one["key"] not in every,
        "NotIn": lambda one: every.get(one["key"]) not in one["values"],
    }
    return all(met[one["operator"]](one) for one in expressions)


def test_registries_are_judged_only_where_some_are_named() -> None:
    named = {one["metadata"]["name"] for one in bodies(planned(), "ValidatingAdmissionPolicy")}
    assert "haven-iac-allowed-registries" not in named


@pytest.mark.parametrize(
    ("issuer", "more", "kinds"),
    [
        ("private-ca", {}, {"selfSigned", "ca"}),
        ("acme", {"email": "a@example.nl"}, {"acme"}),
        ("supplied", {"secret": "chain"}, set()),
    ],
)
def test_each_issuer_gets_the_objects_it_needs(issuer: str, more: dict[str, str], kinds: set[str]) -> None:
    made = planned(ingress={"domain": "apps.example.nl", "certificates": {"issuer": issuer, **more}})
    assert {kind for one in bodies(made, "ClusterIssuer") for kind in one["spec"]} == kinds
    certificates = {one["metadata"]["name"] for one in bodies(made, "Certificate")}
    assert ("platform-tls" in certificates) is (issuer != "supplied")


def test_storage_is_what_the_cloud_promises() -> None:
    made = planned()
    found = {one["metadata"]["name"]: one for one in bodies(made, "StorageClass")}
    assert {name: one["provisioner"] for name, one in found.items()} == {
        "block": "cinder.csi.openstack.org",
        "shared": "nfs.manila.csi.openstack.org",
    }
    assert [n for n, one in found.items() if one["metadata"].get("annotations")] == ["block"]
    [snapshots] = bodies(made, "VolumeSnapshotClass")
    assert snapshots["driver"] == "cinder.csi.openstack.org"


def test_without_volumes_there_are_no_classes_and_no_snapshots() -> None:
    made = plan(spec(), facts(storage=StorageFacts()))
    assert not bodies(made, "StorageClass")
    assert not bodies(made, "VolumeSnapshotClass")

"""Tenants: bounds, people and network of an application's namespace."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.errors import SpecError
from haven_iac.plan.model import ClusterPlan
from tests.unit.platform_lab import EVERYTHING, spec
from tests.unit.test_platform_namespaces import bodies, planned


def of(made: ClusterPlan, kind: str, namespace: str) -> dict[str, Any]:
    """Return the objects of one kind in one namespace, by name."""
    found = [one for one in bodies(made, kind) if one["metadata"].get("namespace") == namespace]
    return {one["metadata"]["name"]: one for one in found}


def test_a_quota_bounds_what_a_tenant_asks_for_and_keeps_it_from_balancers_of_its_own() -> None:
    made = planned(tenants={"app": {"quota": {"cpu": 6, "memory": "3Gi", "storage": "10Gi", "pods": 9, "claims": 2}}})
    assert of(made, "ResourceQuota", "app")["tenant"]["spec"]["hard"] == {
        "requests.cpu": "6",
        "requests.memory": "3Gi",
        "requests.storage": "10Gi",
        "pods": "9",
        "persistentvolumeclaims": "2",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def test_a_container_that_asks_for_nothing_gets_what_the_tenant_says() -> None:
    made = planned(tenants={"app": {"limits": {"cpu": "0.1", "memoryLimit": "1Gi", "mostMemory": "2Gi"}}})
    assert of(made, "LimitRange", "app")["tenant"]["spec"]["limits"] == [
        {
            "type": "Container",
            "defaultRequest": {"cpu": "0.1", "memory": "128Mi"},
            "default": {"memory": "1Gi"},
            "max": {"memory": "2Gi"},
        }
    ]


def test_groups_get_rights_in_their_own_namespace_and_nowhere_else() -> None:
    made = planned(EVERYTHING)
    bound = {
        name: (one["roleRef"]["name"], [person["name"] for person in one["subjects"]])
        for name, one in of(made, "RoleBinding", "app-a").items()
    }
    assert bound == {
        "tenant-edit": ("edit", ["oidc:team-a"]),
        "tenant-edit-routes": ("haven-iac-routes-edit", ["oidc:team-a"]),
        "tenant-view": ("view", ["oidc:audit"]),
        "tenant-view-routes": ("haven-iac-routes-view", ["oidc:audit"]),
    }
    assert of(made, "RoleBinding", "app-b") == {}
    everywhere = [person["name"] for one in bodies(made, "ClusterRoleBinding") for person in one["subjects"]]
    assert not {"oidc:team-a", "oidc:audit"} & set(everywhere)


def test_roles_for_routes_are_made_only_when_somebody_has_them() -> None:
    assert not bodies(planned(tenants={"app": {}}), "ClusterRole")


def test_a_tenant_starts_closed_but_for_the_gateway_dns_and_itself() -> None:
    found = of(planned(tenants={"app": {}}), "NetworkPolicy", "app")
    assert set(found) == {"default-deny", "allow-platform", "allow-within"}
    alone = of(planned(tenants={"app": {"network": {"within": False}}}), "NetworkPolicy", "app")
    assert set(alone) == {"default-deny", "allow-platform"}


def test_a_way_between_tenants_is_opened_at_both_ends() -> None:
    made = planned(tenants={"web": {}, "data": {"network": {"from": ["web"]}}, "other": {}})
    [inward] = of(made, "NetworkPolicy", "data")["allow-tenants"]["spec"]["ingress"]
    [outward] = of(made, "NetworkPolicy", "web")["allow-to-tenants"]["spec"]["egress"]
    label = "kubernetes.io/metadata.name"
    assert inward["from"] == [{"namespaceSelector": {"matchLabels": {label: "web"}}}]
    assert outward["to"] == [{"namespaceSelector": {"matchLabels": {label: "data"}}}]
    assert "allow-to-tenants" not in of(made, "NetworkPolicy", "other")


def test_the_internet_is_no_way_into_the_cluster_or_the_municipality() -> None:
    made = planned(tenants={"app": {"network": {"internet": True}}})
    [rule] = of(made, "NetworkPolicy", "app")["allow-internet"]["spec"]["egress"]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(
        rule["to"][0]["ipBlock"]["except"]
    )
    assert {port["port"] for port in rule["ports"]} == {80, 443}


@pytest.mark.parametrize(
    ("tenants", "words"),
    [
        ({"app": {"network": {"from": ["ap"]}}}, "did you mean app"),
        ({"app": {"network": {"from": ["app"]}}}, "this tenant itself"),
        ({"app": {"network": {"to": [{"cidr": "10.0.0.0/8", "ports": []}]}}}, "needs 1 at least"),
        ({"app": {"limits": {"memory": "2Gi"}}}, "memory: 2Gi is more than memoryLimit 512Mi"),
        ({"app": {"limits": {"mostMemory": "64Mi"}}}, "more than mostMemory 64Mi"),
        ({"app": {"limits": {"cpu": "fast"}}}, "is not an amount of CPU"),
        ({"app": {"quota": {"cpu": 0}}}, "needs 1 or more"),
        ({"app": {"groups": {"edit": ["system:masters"]}}}, "keeps for itself"),
        ({"app": {"groups": ["team"]}}, "needs keys with values"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(tenants: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words) as refused:
        spec(tenants=tenants)
    assert all(one.fix for one in refused.value.problems)

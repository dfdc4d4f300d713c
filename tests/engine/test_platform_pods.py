"""What runs of the platform on a simulated cluster: asked for, bounded, ranked, spread; a slot turned off and on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from tests.engine.conftest import running as running
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

SYSTEM = {"default", "kube-node-lease", "kube-public"}


def api(stack: Stack) -> Any:
    document = yaml.safe_load(stack.run("kubeconfig", "--ttl", "1h").stdout)
    return config.new_client_from_config_dict(document)


def workloads(connection: Any) -> Iterator[Any]:
    """Yield every workload of the platform."""
    apps = client.AppsV1Api(connection)
    for found in (
        apps.list_deployment_for_all_namespaces(),
        apps.list_stateful_set_for_all_namespaces(),
        apps.list_daemon_set_for_all_namespaces(),
    ):
        yield from (one for one in found.items if one.metadata.namespace not in SYSTEM)


def lacking(one: Any, budgets: list[Any]) -> Iterator[str]:
    """Yield what a workload lacks."""
    pod, name = one.spec.template.spec, f"{one.metadata.namespace}/{one.metadata.name}"
    if not pod.priority_class_name:
        yield f"{name} has no priority"
    for container in pod.containers:
        asked, most = container.resources.requests or {}, container.resources.limits or {}
        if not {"cpu", "memory"} <= set(asked) or "memory" not in most:
            yield f"{name} {container.name} has no requests, or no limit"
    replicas = getattr(one.spec, "replicas", None) or 1
    if replicas < 2:
        return
    labels = (one.spec.template.metadata.labels or {}).items()
    if not any((b.spec.selector.match_labels or {}).items() <= labels for b in budgets):
        yield f"{name} has {replicas} pods and no disruption budget"
    if not pod.topology_spread_constraints:
        yield f"{name} has {replicas} pods and is not spread"


def test_every_pod_asks_for_something_is_bounded_has_a_rank_and_is_spread(running: Stack) -> None:
    with api(running) as connection:
        policies = client.PolicyV1Api(connection)
        found = list(workloads(connection))
        missing = []
        for one in found:
            budgets = policies.list_namespaced_pod_disruption_budget(one.metadata.namespace).items
            missing += list(lacking(one, budgets))
    assert len(found) > 10
    assert missing == []


def test_every_namespace_lets_in_what_stands_in_it_at_its_own_level(running: Stack) -> None:
    with api(running) as connection:
        core = client.CoreV1Api(connection)
        levels = {
            one.metadata.name: (one.metadata.labels or {}).get("pod-security.kubernetes.io/enforce")
            for one in core.list_namespace().items
        }
        for one in workloads(connection):
            namespace = one.metadata.namespace
            spec = connection.sanitize_for_serialization(one.spec.template.spec)
            claims = [claim.metadata.name for claim in getattr(one.spec, "volume_claim_templates", None) or []]
            spec["volumes"] = [*spec.get("volumes", []), *({"name": name, "emptyDir": {}} for name in claims)]
            body = {"metadata": {"name": "probe", "namespace": namespace}, "spec": spec}
            core.create_namespaced_pod(namespace, body, dry_run="All")
    assert set(levels.values()) >= {"restricted", "baseline", "privileged"}
    assert levels["gateway"] == levels["cert-manager"] == levels["monitoring"] == "restricted"


def test_a_slot_that_is_turned_off_changes_the_verdict_where_it_should_and_back(running: Stack) -> None:
    before = running.file.read_text()
    running.edit(platform={"addons": {"logs": {"enabled": False}}}, compliance={"enforce": "advisory"})
    running.run("up", "--yes", "--allow-disruption")
    found = running.json("verify", "--strict", expect=8)
    assert [row["id"] for row in found["checks"] if not row["agree"]] == []
    changed = [row["id"] for row in found["checks"] if row["observed"]["status"] == "FAIL"]
    running.file.write_text(before)
    running.run("up", "--yes", "--allow-disruption")
    assert [row["id"] for row in running.json("verify", "--strict")["checks"] if not row["agree"]] == []
    assert changed == ["logs"]

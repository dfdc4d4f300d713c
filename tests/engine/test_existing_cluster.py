"""A cluster that no stack made gets the platform, and keeps what is its own: real command, engine and API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import yaml

from haven_iac.deploy import access
from haven_iac.kube import Kube, KubeError, connect
from haven_iac.platform import slots
from haven_iac.spec.known import SLOTS
from tests.engine.other_cluster import OtherCluster, cert_manager, deployment, metrics_server, namespace
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

CLUSTER: dict[str, Any] = {
    "name": "klant",
    "cloud": {"kind": "existing", "settings": {"kubeconfig": "kubeconfig.yaml"}},
    "ingress": {"domain": "apps.klant.test", "certificates": {"issuer": "private-ca"}},
    "backup": {"bucket": "klant-backup"},
    "deletionProtection": False,
}
THEIRS = [
    namespace("winkel"),
    deployment("winkel", "winkel", "example.nl/winkel:1"),
    *cert_manager(),
    *metrics_server(),
]
LISTS = (
    "/api/v1/namespaces",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/statefulsets",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
)
"""What is compared before and after."""


@dataclass
class Customer:
    """Somebody's cluster, and the stack that gives it the platform."""

    cluster: OtherCluster
    stack: Stack
    before: dict[str, tuple[str, int]] = field(default_factory=dict)

    def own(self) -> dict[str, tuple[str, int]]:
        """Return uid and generation of what was in the cluster before us, and is compared."""
        with self.cluster.api() as kube:
            objects = [one for path in LISTS for one in kube.items(path)]
        return {
            f"{one.get('kind', '')}{one['metadata'].get('namespace', '')}/{one['metadata']['name']}": (
                one["metadata"]["uid"],
                one["metadata"].get("generation", 0),
            )
            for one in objects
        }


@pytest.fixture(scope="module")
def customer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Customer]:
    folder = tmp_path_factory.mktemp("existing")
    with OtherCluster(folder / "theirs") as cluster:
        cluster.furnish()
        cluster.install(*THEIRS)
        (folder / "project").mkdir()
        stack = Stack(folder / "project", "klant")
        stack.file.write_text(yaml.safe_dump({"config": {"haven:cluster": CLUSTER}}))
        (stack.folder / "kubeconfig.yaml").write_text(cluster.kubeconfig)
        made = Customer(cluster, stack)
        made.before = made.own()
        stack.run("up", "--yes")  # looks at what is there by itself
        yield made
        stack.remove()


def test_it_gets_every_slot_that_nobody_filled_and_the_verdict_agrees(customer: Customer) -> None:
    planned = customer.stack.json("plan")
    drivers = {slots.CLOUD_CONTROLLER, slots.BLOCK_DRIVER, slots.SHARED_DRIVER, slots.NFS_DRIVER, slots.SNAPSHOTS}
    asked = {*SLOTS} - {slots.DNS, slots.DNS_SOLVER, slots.GITOPS, slots.VERIFICATION} - drivers
    brings = {slots.CERTIFICATES, slots.METRICS, slots.BLOCK_STORAGE, slots.SHARED_STORAGE}
    assert {one["slot"] for one in planned["releases"]} == asked - brings - {slots.POLICY}
    assert customer.stack.json("status")["ready"]
    found = customer.stack.json("verify", "--strict")
    assert [row["id"] for row in found["checks"] if row["observed"]["status"] == "FAIL"] == []
    assert found["simulated"] is True


def test_what_was_there_is_as_it_was(customer: Customer) -> None:
    now = customer.own()
    assert {name: now.get(name) for name in customer.before} == customer.before


def test_a_second_run_changes_nothing_and_finds_nothing_new(customer: Customer) -> None:
    customer.stack.run("up", "--expect-no-changes")
    before = yaml.safe_load((customer.stack.folder / "stacks/found/klant.yaml").read_text())
    again = customer.stack.json("detect")
    for one in (before["cloud"]["settings"]["found"], again["cloud"]["settings"]["found"]):
        one.pop("loadBalancer")
    assert {key: again[key] for key in before} == before


def test_policies_hold_for_new_namespaces_and_not_for_theirs(customer: Customer) -> None:
    bare = {"containers": [{"name": "x", "image": "example.nl/x:latest"}]}
    customer.cluster.install(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "winkel"}, "spec": bare}
    )
    with customer.cluster.api() as kube:
        bindings = kube.items("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings")
    assert bindings
    for one in bindings:
        rules = one["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert any({"winkel", "certificaten"} <= set(rule.get("values", ())) for rule in rules)


def who(kube: Kube) -> dict[str, Any]:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    found: dict[str, Any] = kube.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"]["userInfo"]
    return found


def test_the_clusters_own_api_signs_a_credential_that_ends(customer: Customer) -> None:
    given = yaml.safe_load(customer.stack.run("kubeconfig", "--ttl", "15m", "--user", "jan").stdout)
    with connect(yaml.safe_dump(given)) as kube:
        assert who(kube)["username"] == "jan"
        assert kube.items("/api/v1/nodes")
    less = customer.stack.run("kubeconfig", "--user", "piet", "--group", "lezers").stdout
    with pytest.raises(KubeError, match="piet"), connect(less) as kube:
        kube.items("/api/v1/secrets")
    with customer.cluster.api() as kube:
        assert kube.items("/apis/certificates.k8s.io/v1/certificatesigningrequests") == []


def test_where_nothing_is_signed_a_token_takes_its_place(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_certificate", lambda *given: None)
    minted = access.mint(customer.cluster.kubeconfig, "klant", "jan", (), timedelta(minutes=10))
    with connect(minted.kubeconfig) as kube:
        assert who(kube)["username"] == minted.user == "system:serviceaccount:kube-system:haven-iac-access"
        assert kube.items("/api/v1/secrets")
    with pytest.raises(Exception, match="cannot name groups"):
        access.mint(customer.cluster.kubeconfig, "klant", "jan", ("lezers",), timedelta(minutes=10))


def test_breaking_the_glass_leaves_a_record_in_the_cluster_and_here(customer: Customer) -> None:
    done = customer.stack.run("kubeconfig", "--break-glass", "--reason", "inloggen lukt niet, melding 4711")
    with connect(done.stdout) as kube:
        assert who(kube)["username"].startswith("break-glass:")
        kube.items("/api/v1/secrets")
        events = kube.items("/api/v1/namespaces/kube-system/events", fieldSelector="reason=BreakGlass")
    assert ["melding 4711" in one["message"] for one in events] == [True]
    [use] = customer.stack.json("kubeconfig", "--uses")["uses"]
    assert use["reason"] == "inloggen lukt niet, melding 4711"
    log = (customer.stack.state / "break-glass.log").read_text()
    assert "melding 4711" in log
    assert "PRIVATE KEY" not in log
    with customer.cluster.api() as kube:
        [body] = kube.items("/api/v1/namespaces/kube-system/configmaps", labelSelector="haven-iac/break-glass=true")
        with pytest.raises(KubeError, match="immutable"):
            kube.merge({**body, "apiVersion": "v1", "kind": "ConfigMap"}, {"data": {"reason": "niets"}})


def test_another_cluster_and_a_newcomer_in_a_slot_of_ours_stop_the_run(customer: Customer) -> None:
    file = customer.stack.folder / "stacks/found/klant.yaml"
    kept = file.read_text()
    uid = yaml.safe_load(kept)["cloud"]["settings"]["found"]["cluster"]
    file.write_text(kept.replace(uid, "other"))
    assert "another cluster" in customer.stack.run("up", "--yes", expect=4).stderr
    assert "another cluster" in customer.stack.run("detect", expect=4).stderr
    file.write_text(kept)
    flux = deployment("kustomize-controller", "winkel", "ghcr.io/fluxcd/kustomize-controller:v1.7.0")
    customer.cluster.install(flux)
    said = customer.stack.run("up", "--yes", expect=4).stderr
    assert "kustomize-controller fills the slot gitops now" in said
    with customer.cluster.api() as kube:
        kube.delete(flux)


def test_destroy_takes_what_is_ours_and_nothing_else(customer: Customer) -> None:
    customer.stack.run("destroy", "--yes")
    now = customer.own()
    assert now == customer.before
    with customer.cluster.api() as kube:
        definitions = {
            one["metadata"]["name"]
            for one in kube.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", bare=True)
        }
        volumes = kube.items("/api/v1/persistentvolumes")
    assert "gateways.gateway.networking.k8s.io" in definitions  # others may have made objects of these kinds
    assert volumes == []
    assert not [one for one in customer.stack.state.rglob("*") if one.name != "break-glass.log"]

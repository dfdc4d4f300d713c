"""Reader and rules against a real API server: what was built is seen, and so is each thing that was broken."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kubernetes import client

from haven_iac.cli.kubeconfig import mint_from
from haven_iac.compliance import reader
from haven_iac.compliance.model import Look, Status, Verdict, differences
from haven_iac.compliance.observe import observe
from haven_iac.compliance.predict import predict
from haven_iac.compliance.security import facts
from haven_iac.errors import UnreachableError
from haven_iac.keys.authority import certificate
from haven_iac.keys.material import make
from haven_iac.prepare import from_document
from tests.engine.keys_lab import HOST, ApiServer, _client, _free_port, whoami
from tests.engine.live_mutations import LIVE, NEEDS_EVIDENCE, PASS, first
from tests.engine.observe_lab import Cluster
from tests.mutations import MUTATIONS, ONLY_THE_CHECKER, SPEC, TODAY, plan

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    material, folder = make("proef-abcde", datetime.now(UTC)).files, tmp_path_factory.mktemp("api")
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
    (folder / "policy.yaml").write_text(json.dumps(policy))
    audit = {"audit-policy-file": str(folder / "policy.yaml"), "audit-log-path": str(folder / "audit.log")}
    with ApiServer(folder, material, audit) as server:
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


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_cluster_built_to_a_changed_description_shows_what_was_predicted(cluster: Cluster, name: str) -> None:
    changes, expected = MUTATIONS[name]
    before = cluster.plan
    try:
        cluster.become(plan(**changes))
        predicted, observed = predict(cluster.plan, TODAY), cluster.look()
    finally:
        cluster.become(before)
    assert [(one.check.id, one.status, other.status) for one, other in differences(predicted, observed)] == []
    assert observed.warnings == ()
    found = {one.check.id: one.status for one in observed.results if one.status is not PASS}
    assert found == {**dict.fromkeys(ONLY_THE_CHECKER, NEEDS_EVIDENCE), **expected}
    rests = [one.check.id for one in observed.results if not one.objects and one.status is PASS]
    assert rests == [], "every observation names what it rests on"


@pytest.mark.parametrize("name", LIVE)
def test_what_was_broken_is_seen_and_nothing_else(cluster: Cluster, name: str) -> None:
    live = LIVE[name]
    predicted = predict(cluster.plan, TODAY)
    live.do(cluster)
    try:
        pairs = list(differences(predicted, cluster.look(own_credential=live.own_credential)))
    finally:
        cluster.restore()
    assert {seen.check.id: seen.status for _, seen in pairs} == live.seen
    for _, seen in pairs:
        assert seen.fix or seen.status is PASS
        assert "\x1b" not in seen.reason
    assert list(differences(predicted, cluster.look())) == []


def test_a_list_that_comes_in_pages_is_read_to_its_end(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reader.read(cluster.kubeconfig)
    monkeypatch.setattr("haven_iac.kube.client.PAGE", 1)
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
            if "verify --print-rbac" not in error.fix:
                raise
            return None

    cluster.until(lambda: look() is not None)
    seen = look()
    assert seen is not None
    [(_, only)] = differences(predict(cluster.plan, TODAY), seen)
    assert (only.check.id, only.status) == ("clusteradmin", NEEDS_EVIDENCE)
    with pytest.raises(client.ApiException, match="403"):
        client.CoreV1Api(_client(kubeconfig)).list_secret_for_all_namespaces()

    def unknown() -> set[str]:
        found = facts(reader.documents(kubeconfig, own_credential=False, extra=True))
        return {one.id for one in found if one.reason.startswith("the credential may not read")}

    assert unknown() == set()
    lost = [None] * reader.NEEDED + ["namespaces", "networkpolicies", "roles", "admission", "results", "metrics"]
    hidden = {
        "namespaces": {"podsecurity", "networkpolicies", "images"},
        "networkpolicies": {"networkpolicies"},
        "roles": {"anonymous", "administrators"},
        "admission": {"images"},
        "results": set(),
        "metrics": {"audit", "encryption"},
    }
    for left_out, part in enumerate(lost):
        rules = [rule for index, rule in enumerate(role["rules"]) if index != left_out]
        cluster.rbac.patch_cluster_role("verify", {"rules": rules})
        if part is None:
            cluster.until(lambda: look() is None)
        elif hidden[part]:
            cluster.until(lambda part=part: unknown() == hidden[part])
            assert look() is not None
        cluster.rbac.patch_cluster_role("verify", {"rules": role["rules"]})
        cluster.until(lambda: look() is not None and unknown() == set())
    assert len(lost) == len(role["rules"])


def test_audit_log_encryption_and_closed_doors_are_seen(cluster: Cluster) -> None:
    cluster.core.create_namespaced_secret("default", {"metadata": {"name": "one"}, "stringData": {"a": "b"}})
    found = {one.id: one for one in facts(reader.documents(cluster.kubeconfig, extra=True))}
    assert {one.id for one in found.values() if one.look is Look.OK} >= {"anonymous", "audit", "encryption"}
    assert "secretbox" in found["encryption"].reason
    assert "(401)" in found["anonymous"].reason


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
    monkeypatch.setattr("haven_iac.kube.client.TIMEOUT", (0.5, 0.5))
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
        assert "On 1 of 17 checks prediction, observation and evidence do not agree" in verify(expect=8).stdout
    finally:
        cluster.workload("alloy")
    cluster.zone(first(cluster), None)
    try:
        assert json.loads(verify("--json", expect=0).stdout)["disagreements"] == ["multiaz"]
        verify("--strict", expect=8)
    finally:
        cluster.restore()
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

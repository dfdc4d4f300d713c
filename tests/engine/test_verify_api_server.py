"""`haven-iac verify` on a real API server: evidence, records, and what the checker does not test.

The checkers here are stand-ins, and their results are fixtures.  This API server takes anonymous requests, writes no
audit log and encrypts nothing.
"""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from haven_iac.compliance import history, reader
from haven_iac.compliance.evidence import objects
from haven_iac.compliance.model import Look
from haven_iac.compliance.security import facts
from haven_iac.keys.material import make
from haven_iac.kube import connect
from haven_iac.prepare import from_document
from tests.checker_fixtures import compliancy, raw
from tests.engine.keys_lab import ApiServer
from tests.engine.observe_lab import Cluster
from tests.mutations import SPEC

pytestmark = pytest.mark.engine

Verify = Callable[..., subprocess.CompletedProcess[str]]
JUST_NOW = datetime.now(UTC) - timedelta(minutes=5)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    flags = {"anonymous-auth": "true", "encryption-provider-config": None}
    with ApiServer(tmp_path_factory.mktemp("api"), make("proef-abcde", datetime.now(UTC)).files, flags) as server:
        made = Cluster(server, from_document(SPEC).plan)
        made.build()
        yield made


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Path:
    """Give a project with a simulated stack, `local`, and one that exists and is not, `klant`."""
    (tmp_path / "Pulumi.yaml").write_text("name: proef\nruntime: python\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "kubeconfig").write_text(cluster.kubeconfig)
    klant = {
        "name": "klant",
        "cloud": {"kind": "existing", "settings": {"kubeconfig": "kubeconfig"}},
        "ingress": SPEC["ingress"],
        "platform": {"addons": {"gateway": {"enabled": False}, "gateway-api": {"enabled": False}}},
    }
    for name, spec in {"local": SPEC, "klant": klant}.items():
        (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": {"haven:cluster": spec}}))
    return tmp_path


@pytest.fixture
def command(project: Path) -> Verify:
    def run(*words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "haven_iac.cli.app", *words],
            capture_output=True,
            text=True,
            cwd=project,
            env={**os.environ, "PULUMI_BACKEND_URL": project.as_uri()},
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def verify(command: Verify) -> Verify:
    return lambda *words, **more: command("verify", "--kubeconfig", "kubeconfig", *words, **more)


def stand_in(folder: Path, output: bytes) -> Path:
    """Return a stand-in for the checker that prints a fixture and tells which credential it was given."""
    (folder / "output.json").write_bytes(output)
    file = folder / "haven"
    file.write_text(f"#!/bin/sh\ncp $KUBECONFIG {folder}/seen\ncat {folder}/output.json\n")
    return file


def forget(cluster: Cluster) -> None:
    for one in cluster.core.list_namespaced_config_map("kube-system").items:
        if one.metadata.name == history.NAME:
            cluster.core.delete_namespaced_config_map(history.NAME, "kube-system")


def test_evidence_on_a_cluster_that_is_not_simulated_says_the_word(
    project: Path, command: Verify, verify: Verify, cluster: Cluster
) -> None:
    command("detect", "-s", "klant")
    before = verify("-s", "klant").stdout
    assert "compliant" not in before.lower()
    assert "no evidence: the checker has not been run on this cluster" in before
    checker = stand_in(project, raw(ended=JUST_NOW))
    done = verify("-s", "klant", "--checker", str(checker), "--report", "verdict.html", "--report", "verdict.md")
    assert f"Haven compliant, says the Haven Compliancy Checker 12.8.0 of {JUST_NOW:%Y-%m-%d}" in done.stdout
    assert (project / "seen").read_text() == cluster.kubeconfig
    assert "haven compliant" in (project / "verdict.html").read_text().lower()
    [kept] = (project / "stacks" / "evidence" / "klant").iterdir()
    document = json.loads(kept.read_text())
    assert (document["source"], document["output"]) == ("run", raw(ended=JUST_NOW).decode())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644
    again = json.loads(verify("-s", "klant", "--json").stdout)
    assert again["proof"]["state"] == "proven"
    assert again["identity"] == document["cluster"]
    cluster.remove("metrics-server")
    try:
        later = json.loads(verify("-s", "klant", "--json", expect=8).stdout)
    finally:
        cluster.restore()
    assert later["proof"]["state"] == "contradicted"
    assert {one["kind"] for one in later["findings"]} >= {"evidence-observed"}
    kept.write_text(kept.read_text().replace("2026", "2025", 1))
    changed = verify("-s", "klant")
    assert "was changed after it was kept" in changed.stdout
    assert "compliant" not in changed.stdout.lower()


def test_evidence_on_a_simulated_cluster_is_a_rehearsal(project: Path, verify: Verify) -> None:
    (project / "result.json").write_bytes(raw(ended=JUST_NOW))
    found = json.loads(verify("--evidence", "result.json", "--json").stdout)
    assert found["proof"]["state"] == "rehearsal"
    assert {one["evidence"] for one in found["checks"]} == {"YES", "SKIPPED"}
    text = verify("--lang", "nl").stdout
    assert "een repetitie, nooit bewijs" in text
    assert "compliant" not in text.lower()


def test_a_checker_that_says_no_ends_with_the_status_of_a_failing_check(project: Path, verify: Verify) -> None:
    checker = stand_in(project, raw(ended=JUST_NOW, answers={"multiaz": "NO"}))
    done = verify("--checker", str(checker), "--json", expect=8)
    found = json.loads(done.stdout)
    assert {(one["kind"], one["check"]) for one in found["findings"]} == {
        ("evidence-predicted", "multiaz"),
        ("evidence-observed", "multiaz"),
    }


def test_what_cannot_be_used_as_evidence_is_an_error_of_its_own(project: Path, verify: Verify) -> None:
    (project / "forged.json").write_bytes(raw(ended=JUST_NOW, answers={"multiaz": "NO"}, claim=True))
    assert "verdict is true, and these are not YES: multiaz" in verify("--evidence", "forged.json", expect=12).stderr
    releases = project / "releases.json"
    releases.write_text(json.dumps([{"version": "12.8.0", "hashes": {"linux-amd64": "0" * 64}}]))
    assert "goes with --checker" in verify("--checker-releases", str(releases), expect=2).stderr
    checker = stand_in(project, raw(ended=JUST_NOW))
    done = verify("--checker", str(checker), "--checker-releases", str(releases), expect=12)
    assert "it was not run" in done.stderr
    assert not (project / "seen").exists()
    assert not (project / "stacks" / "evidence").exists()
    assert "names no kind of report" in verify("--report", "verdict.pdf", expect=2).stderr


def test_what_the_checker_left_in_the_cluster_is_read(verify: Verify, cluster: Cluster) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    versions = [{"name": objects.VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    names = {"kind": "Compliancy", "plural": objects.PLURAL, "singular": "compliancy"}
    name = f"{objects.PLURAL}.{objects.GROUP}"
    spec = {"group": objects.GROUP, "scope": "Cluster", "names": names, "versions": versions}
    cluster.crds.create_custom_resource_definition({"metadata": {"name": name}, "spec": spec})
    try:
        with connect(cluster.kubeconfig) as api:
            body = compliancy("run-1", ended=JUST_NOW, answers={"logs": "NO"})
            cluster.until(lambda: bool(api.kinds(body["apiVersion"])))
            api.create(body)
            api.create({**compliancy("broken"), "spec": {"output": "{"}})
        found = json.loads(verify("--json", expect=8).stdout)
    finally:
        cluster.crds.delete_custom_resource_definition(name)
    assert [(one["name"], one["source"]) for one in found["evidence"]] == [("Compliancy/run-1", "cluster")]
    assert any("Compliancy/broken" in one for one in found["warnings"])
    assert next(one["evidence"] for one in found["checks"] if one["id"] == "logs") == "NO"


def test_each_verify_is_kept_here_and_in_the_cluster(
    project: Path, command: Verify, verify: Verify, cluster: Cluster
) -> None:
    forget(cluster)
    verify("--no-keep")
    assert not (project / ".haven-iac" / "verdicts").exists()
    kept = ("verify", "history", "--kubeconfig", "kubeconfig")
    assert json.loads(command(*kept, "--json").stdout)["records"] == []
    verify()
    cluster.remove("alloy")
    try:
        done = verify("--since", "last", expect=8)
        assert "logs: observed PASS, now FAIL" in done.stdout
        changes = json.loads(verify("--since", "7d", "--json", expect=8).stdout)["changes"]
        assert [(one["subject"], one["before"], one["now"]) for one in changes["changes"]] == [("logs", "PASS", "FAIL")]
    finally:
        cluster.restore()
    for moment in ("yesterday", "", "-3d", "2026-13-01"):
        assert "is no moment to compare with" in verify("--since", moment, expect=2).stderr
    assert "has not come yet" in verify("--since", "2999-01-01", expect=2).stderr
    assert "behind history" in command("verify", "--strict", "history", expect=2).stderr
    for file in (project / ".haven-iac" / "verdicts" / "local").iterdir():
        file.unlink()
    shown = command(*kept).stdout
    assert "logs: observed PASS, now FAIL" in shown
    stored = cluster.core.read_namespaced_config_map(history.NAME, "kube-system")
    assert 1 <= len(stored.data) <= 4
    assert stored.metadata.labels == {"app.kubernetes.io/managed-by": "haven-iac"}


def test_a_credential_that_may_only_read_keeps_its_record_here(project: Path, verify: Verify, cluster: Cluster) -> None:
    forget(cluster)
    (project / "kubeconfig").write_text(cluster.reading)
    done = verify("--json")
    assert "may not keep a record in the cluster" in done.stderr
    assert len(list((project / ".haven-iac" / "verdicts" / "local").iterdir())) == 1


def test_the_records_go_when_the_stack_does(cluster: Cluster) -> None:
    forget(cluster)
    with connect(cluster.kubeconfig) as api:
        owner = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": history.OWNER}}
        made = api.create({**owner, "value": 1})
        record = {"kind": history.KIND, "schema": 1, "at": "2026-12-01T00:00:00+00:00", "checks": {}, "security": {}}
        assert history.keep_in_cluster(api, record)
        assert history.keep_in_cluster(api, {**record, "at": "2026-12-01T00:00:00.250000+00:00"})
        assert len(history.of_cluster(api)) == 2
        for minute in range(history.KEPT + 5):
            history.keep_in_cluster(api, {**record, "at": f"2026-12-02T{minute // 60:02}:{minute % 60:02}:00+00:00"})
        kept = history.of_cluster(api)
        api.delete(owner)
    stored = cluster.core.read_namespaced_config_map(history.NAME, "kube-system")
    assert [one.uid for one in stored.metadata.owner_references] == [made["metadata"]["uid"]]
    assert len(kept) == history.KEPT
    assert kept[-1]["at"] == "2026-12-02T01:04:00+00:00"


FULL = {"podSelector": {}, "policyTypes": ["Ingress"]}
CHANGES: dict[str, tuple[str, list[dict[str, Any]], Look, Look]] = {
    "a binding for everybody": (
        "anonymous",
        [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "open"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:anonymous"}],
            }
        ],
        Look.OK,
        Look.ATTENTION,
    ),
    "an administrator": (
        "administrators",
        [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "beheer"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "beheer"}],
            }
        ],
        Look.OK,
        Look.ATTENTION,
    ),
    "a pod that anybody may reach": (
        "networkpolicies",
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p", "namespace": "gateway"},
                "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "a:latest"}]},
            }
        ],
        Look.OK,
        Look.ATTENTION,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_the_checker_does_not_test_is_seen(cluster: Cluster, name: str) -> None:
    fact, bodies, before, after = CHANGES[name]

    def look() -> Look:
        found = facts(reader.documents(cluster.kubeconfig, extra=True))
        return next(one.look for one in found if one.id == fact)

    assert look() is before
    with connect(cluster.kubeconfig) as api:
        service_account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "gateway"},
        }
        if not api.read(service_account):
            api.create(service_account)
        for body in bodies:
            api.create(body)
        try:
            assert look() is after
            if fact == "networkpolicies":
                found = facts(reader.documents(cluster.kubeconfig, extra=True))
                assert "a:latest" in next(one.reason for one in found if one.id == "images")
        finally:
            for body in bodies:
                api.delete(body)
    cluster.until(lambda: look() is before)


def test_a_server_without_audit_log_and_encryption_is_seen_as_such(cluster: Cluster) -> None:
    found = {one.id: one for one in facts(reader.documents(cluster.kubeconfig, extra=True))}
    assert (found["audit"].look, found["encryption"].look) == (Look.ATTENTION, Look.UNKNOWN)
    assert found["anonymous"].look is Look.OK
    assert "(403)" in found["anonymous"].reason


def test_the_job_in_the_cluster_has_the_rights_it_needs_and_no_more(cluster: Cluster, tmp_path: Path) -> None:
    """The CronJob's own command, with its own service account; only the pod around it is missing."""
    forget(cluster)
    schedule = {"compliance": {"schedule": {"image": "registry.proef.test/haven-iac:0.1.0"}}}
    plan = from_document({**SPEC, **schedule}).plan
    bodies = {body["kind"]: body for one in plan.manifests if one.slot == "verification" for body in [dict(one.body)]}
    with connect(cluster.kubeconfig) as api:
        for one in plan.manifests:
            if one.slot == "verification":
                api.create(one.body)
        pod = bodies["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        path = "/api/v1/namespaces/haven-iac/serviceaccounts/haven-iac-verify/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        (tmp_path / "token").write_text(api.post(path, request)["status"]["token"])
    (tmp_path / "ca.crt").write_text(cluster.server.material["ca.crt"])
    (tmp_path / "cluster.json").write_text(bodies["ConfigMap"]["data"]["cluster.json"])
    command = pod["containers"][0]["command"]
    assert command[-2:] == ["--description", "/etc/haven-iac/cluster.json"]
    host, port = cluster.server.server.removeprefix("https://").split(":")
    code = (
        "import pathlib, sys; from haven_iac.cli import app, verify_target\n"
        f"verify_target.SERVICE_ACCOUNT = pathlib.Path({str(tmp_path)!r})\n"
        f"sys.argv = {[*command[:-1], str(tmp_path / 'cluster.json'), '--json']!r}\napp.main()"
    )

    def job(expect: int) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port},
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "may not keep" not in done.stderr
        return dict(json.loads(done.stdout))

    found = job(0)
    assert [one["id"] for one in found["checks"] if one["observed"]["status"] == "FAIL"] == []
    assert {one["look"] for one in found["security"] if "credential may not" in one["reason"]} == set()
    cluster.remove("metrics-server")
    try:
        assert job(8)["summary"]["observed"]["FAIL"] == 1
    finally:
        cluster.restore()
    with connect(cluster.kubeconfig) as api:
        assert len(history.of_cluster(api)) == 2
        for one in reversed([one for one in plan.manifests if one.slot == "verification"]):
            api.delete(one.body)

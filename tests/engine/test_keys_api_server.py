"""Credentials against a real API server that runs on our own material."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import pytest
from kubernetes.client import V1ObjectMeta, V1Secret
from kubernetes.client.exceptions import ApiException

from haven_iac.keys.authority import Pair, certificate
from haven_iac.keys.kubeconfig import Minted, mint, render
from haven_iac.keys.material import Material, make
from haven_iac.keys.provider import ADMIN, ADMIN_GROUP, AdminCredential, ClusterKeys
from tests.engine.keys_lab import ApiServer, Stack, api, changes, decoded, openssl, whoami

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def material() -> Material:
    return make("demo-abcde", datetime.now(UTC))


@pytest.fixture(scope="module")
def running(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with ApiServer(tmp_path_factory.mktemp("api"), material.files) as server:
        yield server


def minted(running: ApiServer, user: str, groups: list[str], ttl: timedelta, issuer: Pair | None = None) -> Minted:
    signer = issuer or running.pair("client-ca")
    return mint(
        server=running.server,
        ca=running.material["ca.crt"],
        issuer_cert=signer.cert,
        issuer_key=signer.key,
        cluster="demo-abcde",
        user=user,
        groups=groups,
        now=datetime.now(UTC),
        ttl=ttl,
    )


def test_the_server_knows_who_holds_a_minted_credential(running: ApiServer) -> None:
    found = minted(running, "haven-iac:jan,O=system:masters", ["beheer é", "viewers"], timedelta(minutes=10))
    user, groups = whoami(found.kubeconfig)
    assert user == "haven-iac:jan,O=system:masters"
    assert set(groups) == {"beheer é", "viewers", "system:authenticated"}
    with pytest.raises(ApiException) as refused:
        api(found.kubeconfig).list_node()
    assert refused.value.status == 403


def test_an_administrator_reads_and_writes_and_secrets_are_encrypted(running: ApiServer) -> None:
    found = minted(running, "haven-iac:jan", ["system:masters"], timedelta(minutes=10))
    secret = V1Secret(metadata=V1ObjectMeta(name="one"), string_data={"word": "klompendans"})
    api(found.kubeconfig).create_namespaced_secret("default", secret)
    kept = b"".join(path.read_bytes() for path in (running.folder / "data").rglob("*") if path.is_file())
    assert b"/registry/secrets/default/one" in kept
    assert b"klompendans" not in kept


def test_a_credential_is_refused_after_its_end(running: ApiServer) -> None:
    found = minted(running, "haven-iac:jan", ["system:masters"], timedelta(seconds=4))
    assert whoami(found.kubeconfig)[0] == "haven-iac:jan"
    time.sleep(max(0.0, (found.expires - datetime.now(UTC)).total_seconds()) + 1.5)
    with pytest.raises(ApiException) as refused:
        whoami(found.kubeconfig)
    assert refused.value.status == 401


def test_a_credential_of_another_cluster_is_refused(running: ApiServer) -> None:
    other = make("demo-abcde", datetime.now(UTC)).files  # the same names, other keys
    foreign = Pair(other["client-ca.crt"], other["client-ca.key"])
    found = minted(running, "haven-iac:jan", ["system:masters"], timedelta(minutes=10), foreign)
    with pytest.raises(ApiException) as refused:
        whoami(found.kubeconfig)
    assert refused.value.status == 401


def test_openssl_verifies_every_chain_up_to_the_root(running: ApiServer, material: Material, tmp_path: Path) -> None:
    root = tmp_path / "root.crt"
    root.write_text(material.root.cert)
    leaf = tmp_path / "leaf.crt"
    found = minted(running, "haven-iac:jan", ["g"], timedelta(minutes=10))
    leaf.write_text(decoded(found.kubeconfig, "client-certificate-data"))
    chain = ["-x509_strict", "-purpose", "sslclient", "-CAfile", str(root), "-untrusted", str(leaf), str(leaf)]
    done = openssl("verify", *chain)
    assert done.returncode == 0, done.stderr
    for file in [*running.folder.glob("*-ca.crt"), running.folder / "ca.crt"]:
        done = openssl("verify", "-x509_strict", "-CAfile", str(root), str(file))
        assert done.returncode == 0, done.stderr
    wrong = tmp_path / "wrong.crt"
    wrong.write_text(make("demo-abcde", datetime.now(UTC)).root.cert)
    assert openssl("verify", "-CAfile", str(wrong), "-untrusted", str(leaf), str(leaf)).returncode != 0
    answer = openssl("s_client", "-connect", running.server.removeprefix("https://"), "-CAfile", str(root), "-brief")
    assert "Verification: OK" in answer.stdout + answer.stderr


def test_renewal_touches_nothing_in_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ""

    def program() -> None:
        keys = ClusterKeys("keys", "demo")
        admin = AdminCredential("admin", keys.material["client-ca.crt"], keys.material["client-ca.key"], 365)
        pulumi.export("material", keys.material)
        if not server:
            return
        parts = pulumi.Output.all(keys.ca_cert, admin.cert, admin.key)
        kubeconfig = pulumi.Output.secret(
            parts.apply(lambda v: render(server=server, ca=v[0], cert=v[1], key=v[2], cluster="demo"))
        )
        provider = k8s.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier=keys.identity)
        # Nothing collects garbage here, so that deletion in the foreground would never end.
        notes = {"pulumi.com/deletionPropagationPolicy": "background"}
        k8s.core.v1.ConfigMap(
            "word",
            metadata={"name": "word", "annotations": notes},
            data={"a": "b"},
            opts=pulumi.ResourceOptions(provider=provider),
        )
        pulumi.export("kubeconfig", kubeconfig)

    stack = Stack(tmp_path / "stack", program)
    for name in ("PATH", "PULUMI_PYTHON_CMD"):
        monkeypatch.setenv(name, stack.env[name])
    past = datetime.now(UTC) - timedelta(days=280)
    material = stack.up(past).outputs["material"].value
    with ApiServer(tmp_path / "api", material) as running:
        server = running.server
        first = stack.up(past)
        assert changes(first) == {"same": 3, "create": 2}
        before = first.outputs["kubeconfig"].value
        assert whoami(before) == (ADMIN, [ADMIN_GROUP, "system:authenticated"])
        version = api(before).read_namespaced_config_map("word", "default").metadata.resource_version

        # A preview cannot ask the cluster while the new credential is unknown, so it also lists what uses it.
        assert changes(stack.at().preview()) == {"same": 2, "update": 3}
        renewed = stack.up()
        assert changes(renewed) == {"same": 3, "update": 2}  # the credential, and the provider that logs in with it
        after = renewed.outputs["kubeconfig"].value
        assert decoded(after, "client-certificate-data") != decoded(before, "client-certificate-data")
        assert api(after).read_namespaced_config_map("word", "default").metadata.resource_version == version
        assert changes(stack.up()) == {"same": 5}
        assert changes_of_destroy(stack) == {"delete": 5}


def changes_of_destroy(stack: Stack) -> dict[str, int]:
    return {str(op): count for op, count in (stack.at().destroy().summary.resource_changes or {}).items()}


def test_a_certificate_for_answering_cannot_log_in(running: ApiServer) -> None:
    answering = certificate(
        running.pair("ca"), "x", datetime.now(UTC), timedelta(hours=1), groups=["system:masters"], server=True
    )
    with pytest.raises(ApiException) as refused:
        whoami(running.kubeconfig(answering))
    assert refused.value.status == 401

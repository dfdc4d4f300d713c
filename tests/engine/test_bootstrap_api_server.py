"""What user data tells the Kubernetes API, given to a real one: arguments, policies, log-in."""

import base64
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.registry import find
from haven_iac.keys.authority import authority, certificate
from haven_iac.keys.material import Material, make
from tests.engine.keys_lab import ApiServer, _client, whoami
from tests.unit.bootstrap_lab import ENDPOINT, FIRST, PLAIN, config, files, spec

pytestmark = pytest.mark.engine


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """An identity provider with a certificate of a private authority."""

    def __init__(self, folder: Path) -> None:
        now = datetime.now(UTC)
        self.authority = authority("provider", now)
        leaf = certificate(self.authority, "id", now, timedelta(hours=1), names=["127.0.0.1"], server=True)
        (folder / "cert.pem").write_text(leaf.cert)
        (folder / "key.pem").write_text(leaf.key)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(provider.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def document(self, path: str) -> dict[str, Any]:
        if path != "/keys":
            return {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig"}
        return {"keys": [{**key, "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big"))}]}

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        body = {"iss": self.issuer, "aud": "kube", "iat": now, "exp": now + 600, **claims}
        head = {"alg": "RS256", "kid": "one", "typ": "JWT"}
        text = ".".join(b64(json.dumps(part).encode()) for part in (head, body))
        return f"{text}.{b64(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    made = Provider(tmp_path_factory.mktemp("provider"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def material() -> Material:
    return make("test-abcde", datetime.now(UTC))


@pytest.fixture(scope="module")
def running(material: Material, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Give an API server with what a k3s server tells its own; RKE2 gets the same files by other keys."""
    folder = tmp_path_factory.mktemp("api")
    oidc = {"issuer": provider.issuer, "clientId": "kube", "groupsPrefix": "", "caSecret": "id"}
    described = spec("k3s", {**PLAIN, "identity": {"oidc": oidc}})
    told = BootFacts(identity_ca=provider.authority.cert)
    data = find("k3s").user_data(described, FIRST, material.files, ENDPOINT, told)
    moved = {f"{name}": folder / name.rsplit("/", 1)[1] for name in files(data) if "/haven-iac/" in name}
    for name, path in moved.items():
        path.write_text(files(data)[name])
    flags = dict(one.split("=", 1) for one in config(data)["kube-apiserver-arg"])
    flags = {name: str(moved.get(value, value)) for name, value in flags.items()}
    flags["audit-log-path"] = str(folder / "audit.log")
    with ApiServer(folder, material.files, flags) as server:
        yield server


def admin(running: ApiServer) -> client.ApiClient:
    pair = certificate(
        running.pair("client-ca"), "jan", datetime.now(UTC), timedelta(hours=1), client=True, groups=["system:masters"]
    )
    return _client(running.kubeconfig(pair))


def bearer(running: ApiServer, token: str) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": running.server, "certificate-authority": str(running.folder / "ca.crt")},
            }
        ],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    return yaml.safe_dump(document)


def status(running: ApiServer, path: str) -> int:
    context = ssl.create_default_context(cafile=str(running.folder / "ca.crt"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(running.server + path, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def logged(running: ApiServer, resource: str, verb: str, name: str = "") -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in (running.folder / "audit.log").read_text().splitlines())
    return [
        line
        for line in lines
        if line["verb"] == verb
        and line.get("objectRef", {}).get("resource") == resource
        and line["objectRef"].get("name", "") in ("", name)
    ]


def pod(name: str) -> client.V1Pod:
    """Return a pod that only `privileged` admits."""
    container = client.V1Container(name="one", image="registry.example.nl/one:1")
    inside = client.V1PodSpec(containers=[container], automount_service_account_token=False, host_network=True)
    return client.V1Pod(metadata=client.V1ObjectMeta(name=name), spec=inside)


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/version", "/api"])
def test_nobody_is_anonymous_although_log_in_is_by_a_file(running: ApiServer, path: str) -> None:
    assert status(running, path) == 401


def test_people_of_the_provider_are_known_by_name_and_group(running: ApiServer, provider: Provider) -> None:
    user, groups = whoami(bearer(running, provider.token(sub="jan", groups=["beheer", "burgerzaken"])))
    assert user == "oidc:jan"
    assert {"beheer", "burgerzaken"} <= set(groups)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "jan", "groups": ["system:masters"]},
        {"sub": "jan", "aud": "another"},
        {"sub": "jan", "exp": 1},
        {"groups": ["beheer"]},
    ],
)
def test_a_token_that_should_not_count_is_refused(
    running: ApiServer, provider: Provider, claims: dict[str, Any]
) -> None:
    with pytest.raises(ApiException) as refused:
        whoami(bearer(running, provider.token(**claims)))
    assert refused.value.status == 401


def test_a_pod_on_the_host_is_refused_but_in_kube_system_and_where_a_label_says_so(running: ApiServer) -> None:
    core = client.CoreV1Api(admin(running))
    labels = {"pod-security.kubernetes.io/enforce": "privileged"}
    core.create_namespace({"metadata": {"name": "platform", "labels": labels}})
    core.create_namespace({"metadata": {"name": "app"}})
    for namespace in ("kube-system", "platform", "app"):
        # No controller runs here that would make the account which pods run as.
        core.create_namespaced_service_account(namespace, {"metadata": {"name": "default"}})
    for namespace in ("kube-system", "platform"):
        assert core.create_namespaced_pod(namespace, pod("one"), dry_run="All").metadata.name == "one"
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod("app", pod("one"), dry_run="All")
    assert "restricted" in refused.value.body


def test_a_service_takes_no_address_of_somebody_else(running: ApiServer) -> None:
    core = client.CoreV1Api(admin(running))
    body = {"metadata": {"name": "grab"}, "spec": {"ports": [{"port": 80}], "externalIPs": ["192.0.2.7"]}}
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_service("default", body)
    assert refused.value.status == 403


def test_the_audit_log_says_who_changed_what_and_never_a_secret(running: ApiServer) -> None:
    connection = admin(running)
    core, access = client.CoreV1Api(connection), client.RbacAuthorizationV1Api(connection)
    core.create_namespaced_secret("default", {"metadata": {"name": "one"}, "stringData": {"word": "klompendans"}})
    core.read_namespaced_secret("one", "default")
    core.create_namespaced_config_map("default", {"metadata": {"name": "one"}, "data": {"word": "klompendans"}})
    core.create_namespaced_service("default", {"metadata": {"name": "shop"}, "spec": {"ports": [{"port": 80}]}})
    access.create_cluster_role({"metadata": {"name": "watchers"}, "rules": []})
    core.create_namespaced_event(
        "default",
        {"metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}, "reason": "x"},
    )
    deadline = time.monotonic() + 10
    while not logged(running, "clusterroles", "create", "watchers") and time.monotonic() < deadline:
        time.sleep(0.1)

    text = (running.folder / "audit.log").read_text()
    assert "klompendans" not in text
    [secret] = logged(running, "secrets", "create", "one")
    assert (secret["level"], secret["user"]["username"]) == ("Metadata", "jan")
    assert [one["level"] for one in logged(running, "secrets", "get", "one")] == ["Metadata"]
    [service] = logged(running, "services", "create", "shop")
    assert service["level"] == "Request"
    assert service["requestObject"]["spec"]["ports"][0]["port"] == 80
    [role] = logged(running, "clusterroles", "create", "watchers")
    assert role["level"] == "RequestResponse"
    assert not logged(running, "events", "create", "e")
    assert {json.loads(line)["stage"] for line in text.splitlines()} <= {"ResponseComplete", "ResponseStarted", "Panic"}

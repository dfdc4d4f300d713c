"""A stack with keys and a settable clock, and a real API server that runs on those keys."""

import base64
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from pulumi import automation as auto

from haven_iac import toolchain
from haven_iac.keys.authority import Pair, certificate
from haven_iac.keys.kubeconfig import render
from haven_iac.keys.provider import CLOCK

PROJECT = "keys-test"
HOST = "127.0.0.1"


class Stack:
    """One Pulumi stack in a folder of its own."""

    def __init__(self, folder: Path, program: Callable[[], None]) -> None:
        self.folder = folder
        self.program = program
        for name in ("backend", "work"):
            (folder / name).mkdir(parents=True)
        self.env = {**toolchain.ensure(["engine"]).env(), "PULUMI_CONFIG_PASSPHRASE": "a passphrase"}

    def at(self, now: datetime | None = None) -> auto.Stack:
        """Return the stack as it is run at that time; now when left out."""
        return auto.create_or_select_stack(
            "test",
            project_name=PROJECT,
            program=self.program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self.folder / "work"),
                env_vars={**self.env, CLOCK: now.isoformat() if now else ""},
                project_settings=auto.ProjectSettings(
                    PROJECT, "python", backend=auto.ProjectBackend(f"file://{self.folder / 'backend'}")
                ),
                secrets_provider="passphrase",
            ),
        )

    def up(self, now: datetime | None = None) -> auto.UpResult:
        return self.at(now).up()


def changes(result: auto.UpResult | auto.PreviewResult) -> dict[str, int]:
    """Return how many resources had which operation."""
    found = result.change_summary if isinstance(result, auto.PreviewResult) else result.summary.resource_changes
    return {str(getattr(op, "value", op)): count for op, count in (found or {}).items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class ApiServer:
    """etcd and kube-apiserver on the material of one cluster, every connection checked by certificate."""

    def __init__(
        self, folder: Path, material: Mapping[str, str], flags: Mapping[str, str | None] | None = None
    ) -> None:
        self.folder, self.material, self.flags = folder, material, flags or {}
        self.server = f"https://{HOST}:{_free_port()}"
        self._running: list[subprocess.Popen[bytes]] = []
        folder.mkdir(exist_ok=True)
        for name, text in material.items():
            self._write(name, text)

    def _write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def pair(self, authority: str) -> Pair:
        return Pair(self.material[f"{authority}.crt"], self.material[f"{authority}.key"])

    def _leaf(self, file: str, authority: str, **kind: Any) -> tuple[str, str]:
        made = certificate(self.pair(authority), file, datetime.now(UTC), timedelta(hours=1), **kind)
        return self._write(f"{file}.pem", made.cert), self._write(f"{file}-key.pem", made.key)

    def _run(self, name: str, flags: Mapping[str, str]) -> None:
        binary = toolchain.ensure(["local"]).path(name)
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [str(binary), *(f"--{key}={value}" for key, value in flags.items())]
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))

    def __enter__(self) -> "ApiServer":
        etcd, peer = f"https://{HOST}:{_free_port()}", f"https://{HOST}:{_free_port()}"
        server_cert, server_key = self._leaf("etcd", "etcd-ca", names=[HOST], client=True, server=True)
        peer_cert, peer_key = self._leaf("peer", "etcd-peer-ca", names=[HOST], client=True, server=True)
        self._run(
            "etcd",
            {
                "name": "one",
                "data-dir": str(self.folder / "data"),
                "listen-client-urls": etcd,
                "advertise-client-urls": etcd,
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "initial-cluster": f"one={peer}",
                "client-cert-auth": "true",
                "trusted-ca-file": str(self.folder / "etcd-ca.crt"),
                "cert-file": server_cert,
                "key-file": server_key,
                "peer-client-cert-auth": "true",
                "peer-trusted-ca-file": str(self.folder / "etcd-peer-ca.crt"),
                "peer-cert-file": peer_cert,
                "peer-key-file": peer_key,
                "unsafe-no-fsync": "true",
            },
        )
        serving_cert, serving_key = self._leaf("serving", "ca", names=[HOST, "localhost"], server=True)
        client_cert, client_key = self._leaf("etcd-client", "etcd-ca", client=True)
        providers = [{"secretbox": {"keys": [{"name": "one", "secret": self.material["encryption.key"]}]}}]
        encryption = {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": providers}],
        }
        flags: dict[str, str | None] = {
            "etcd-servers": etcd,
            "etcd-cafile": str(self.folder / "etcd-ca.crt"),
            "etcd-certfile": client_cert,
            "etcd-keyfile": client_key,
            "bind-address": HOST,
            "advertise-address": "192.0.2.1",
            "secure-port": self.server.rsplit(":", 1)[1],
            "service-cluster-ip-range": "10.43.0.0/16",
            "tls-cert-file": serving_cert,
            "tls-private-key-file": serving_key,
            "client-ca-file": str(self.folder / "client-ca.crt"),
            "requestheader-client-ca-file": str(self.folder / "request-header-ca.crt"),
            "requestheader-allowed-names": "system:auth-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "service-account-key-file": str(self.folder / "service.key"),
            "service-account-signing-key-file": str(self.folder / "service.key"),
            "service-account-issuer": "https://kubernetes.default.svc",
            "authorization-mode": "RBAC",
            "anonymous-auth": "false",
            "encryption-provider-config": self._write("encryption.yaml", yaml.safe_dump(encryption)),
            **self.flags,
        }
        self._run("kube-apiserver", {name: value for name, value in flags.items() if value is not None})
        nobody = certificate(self.pair("client-ca"), "probe", datetime.now(UTC), timedelta(hours=1), client=True)
        self._wait(self.kubeconfig(nobody))
        return self

    def _wait(self, kubeconfig: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                whoami(kubeconfig)  # allowed once the built-in roles are there
                return
            except Exception:
                ended = [process for process in self._running if process.poll() is not None]
                if ended or time.monotonic() > deadline:
                    logs = [path.read_text(errors="replace")[-3000:] for path in self.folder.glob("*.log")]
                    self.__exit__()
                    raise AssertionError("the API server did not start:\n" + "\n".join(logs)) from None
                time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        # The API server first, alone: without its etcd it would not end for a long time.
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kubeconfig(self, pair: Pair) -> str:
        return render(server=self.server, ca=self.material["ca.crt"], cert=pair.cert, key=pair.key, cluster="test")


def _client(kubeconfig: str) -> client.ApiClient:
    settings = client.Configuration()
    settings.retries = False
    loader = config.kube_config.KubeConfigLoader(yaml.safe_load(kubeconfig))
    loader.load_and_set(settings)
    settings.no_proxy = HOST
    settings.proxy = None
    return client.ApiClient(settings)


def api(kubeconfig: str) -> client.CoreV1Api:
    return client.CoreV1Api(_client(kubeconfig))


def whoami(kubeconfig: str) -> tuple[str, list[str]]:
    """Return user and groups as the API server, and so its audit log, sees them."""
    review = client.AuthenticationV1Api(_client(kubeconfig)).create_self_subject_review(client.V1SelfSubjectReview())
    return review.status.user_info.username, list(review.status.user_info.groups)


def decoded(kubeconfig: str, key: str) -> str:
    """Return one base64 field of a kubeconfig's only cluster or user."""
    document = yaml.safe_load(kubeconfig)
    found = {**document["clusters"][0]["cluster"], **document["users"][0]["user"]}
    return base64.b64decode(found[key]).decode()


def openssl(*args: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SSL_CERT")}
    return subprocess.run(["openssl", *args], capture_output=True, text=True, check=False, env=env)

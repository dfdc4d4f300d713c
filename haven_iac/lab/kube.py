"""A few requests to a Kubernetes API, with a kubeconfig; blocking."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from haven_iac.lab.rest import Query, Rest, RestError

Object = dict[str, Any]

_MERGE = "application/strategic-merge-patch+json"


class KubeError(Exception):
    """A request that the API refused; 0 means that it does not answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}" if status else message)
        self.status = status


class Kube:
    """One cluster's API.

    Args:
        kubeconfig: a file with everything inside, as this package writes them.
        timeout: seconds that a request may take.
    """

    def __init__(self, kubeconfig: Path, timeout: float = 10.0) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        self.server: str = cluster["server"].rstrip("/")
        self.authority = base64.b64decode(cluster["certificate-authority-data"])
        tls = ssl.create_default_context(cadata=self.authority.decode())
        with tempfile.NamedTemporaryFile(suffix=".pem") as pair:  # made for this user alone
            for key in ("client-certificate-data", "client-key-data"):
                pair.write(base64.b64decode(user[key]) + b"\n")
            pair.flush()
            tls.load_cert_chain(pair.name)
        self._rest = Rest(self.server, tls, timeout)

    def get(self, path: str, query: Query | None = None) -> Object:
        """Return an object or list."""
        return self._call("GET", path, query=query)

    def find(self, path: str) -> Object | None:
        """Return an object, or None when there is none."""
        try:
            return self.get(path)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str, query: Query | None = None) -> list[Object]:
        """Return what is in a list."""
        return self.get(path, query).get("items") or []

    def create(self, path: str, body: Object) -> Object:
        """Create an object in a collection."""
        return self._call("POST", path, json.dumps(body).encode())

    def update(self, path: str, body: Object) -> Object:
        """Replace an object."""
        return self._call("PUT", path, json.dumps(body).encode())

    def patch(self, path: str, body: Object) -> Object:
        """Merge something into an object."""
        return self._call("PATCH", path, json.dumps(body).encode(), kind=_MERGE)

    def delete(self, path: str, query: Query | None = None) -> None:
        """Remove an object, if it is there."""
        try:
            self._call("DELETE", path, query=query)
        except KubeError as error:
            if error.status != 404:
                raise

    def ready(self) -> bool:
        """Return whether the API is ready."""
        try:
            return self._rest.request("GET", "/readyz").status == 200
        except RestError:
            return False

    def apply(self, thing: Object) -> None:
        """Apply any object on the server's side, as the distributions' deploy controller does.

        Raises:
            KubeError: its kind is not known, its namespace is not there, or the API refuses it.
        """
        version, kind = thing["apiVersion"], thing["kind"]
        base = f"/{'apis' if '/' in version else 'api'}/{version}"
        known = self.find(base) or {"resources": []}
        found = [one for one in known["resources"] if one["kind"] == kind and "/" not in one["name"]]
        if not found:
            raise KubeError(404, f'no matches for kind "{kind}" in version "{version}"')
        namespace = f"/namespaces/{thing['metadata'].get('namespace', 'default')}" if found[0]["namespaced"] else ""
        self._call(
            "PATCH",
            f"{base}{namespace}/{found[0]['name']}/{thing['metadata']['name']}",
            yaml.safe_dump(thing).encode(),
            kind="application/apply-patch+yaml",
            query={"fieldManager": "deploy", "force": "true"},
        )

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/json",
        query: Query | None = None,
    ) -> Object:
        headers = {"Accept": "application/json", "Content-Type": kind}
        try:
            reply = self._rest.request(method, path, body, headers, query)
        except RestError as error:
            raise KubeError(0, str(error)) from error
        if reply.status >= 400:
            raise KubeError(reply.status, f"{method} {path}: {_message(reply.body)}")
        found: Object = reply.json()
        return found


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode(errors="replace")


def write_kubeconfig(path: Path, server: str, authority: bytes, user: str, credential: Mapping[str, str]) -> None:
    """Write a kubeconfig for one user, for this user of the machine alone.

    Args:
        path: of the file.
        server: URL of the API.
        authority: certificate of the API's authority, PEM.
        user: name of the credential inside.
        credential: `client-certificate-data` and `client-key-data`, or `tokenFile`.
    """
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "default",
        "clusters": [{"name": "default", "cluster": cluster}],
        "users": [{"name": user, "user": dict(credential)}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": user}}],
    }
    write_private(path, yaml.safe_dump(config).encode())


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole, for this user alone, with the folders above it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    os.replace(part, path)

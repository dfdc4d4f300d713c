"""A Kubernetes API as plain JSON: get, list, apply, create, delete, for any kind that it serves.

The models of the Kubernetes client library are not used, as they refuse some objects that exist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from haven_iac.errors import DeployError

Document = Mapping[str, Any]

TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and to answer one call."""

PAGE = 500
"""Objects in one answer."""

JSON = "application/json"
BARE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""A list with nothing but the metadata of each object."""
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class KubeError(DeployError):
    """The Kubernetes API refused a call."""

    code = "HVN308"

    def __init__(self, status: int, reason: str, message: str, what: str) -> None:
        super().__init__(f"the Kubernetes API refused to {what}: {message or reason or status}")
        self.status = status
        """HTTP status."""
        self.reason = reason
        """One word, as NotFound, Conflict or Forbidden."""


class Kube:
    """Calls of one connection."""

    def __init__(self, host: str, pool: Any, headers: Mapping[str, str], bare: Callable[[], Any] | None = None) -> None:
        self.host = host
        """URL of the API."""
        self._pool = pool
        self._headers = dict(headers)
        self._bare = bare
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}

    def close(self) -> None:
        """Let every connection go."""
        self._pool.clear()

    # Paths

    def get(self, path: str, accept: str = JSON, **query: str) -> dict[str, Any] | None:
        """Return what stands at a path, or None when there is nothing."""
        try:
            return self._call("GET", path, query, accept=accept)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str, *, bare: bool = False, **query: str) -> list[dict[str, Any]]:
        """Return every object at a path, page by page; none when its kind is not served.

        Begins again once when the list changed too much meanwhile.

        Args:
            path: of a list.
            bare: metadata only, for objects that are large.
            query: such as `labelSelector`.
        """
        accept = BARE if bare else JSON
        for again in (True, False):
            found: list[dict[str, Any]] = []
            more: dict[str, str] = {}
            try:
                while page := self.get(path, accept, limit=str(PAGE), **query, **more):
                    found += page.get("items") or []
                    token = (page.get("metadata") or {}).get("continue")
                    if not token:
                        return found
                    more = {"continue": token}
                return found
            except KubeError as error:
                if error.status != 410 or not again:
                    raise
        return []

    def post(self, path: str, body: Document, **query: str) -> dict[str, Any]:
        """Send a body to a path: a new object, or a question such as a review."""
        return self._call("POST", path, query, body)

    def put(self, path: str, body: Document) -> dict[str, Any]:
        """Replace what stands at a path, a subresource too."""
        return self._call("PUT", path, {}, body)

    def text(self, path: str, most: int = 2**20) -> str:
        """Return what stands at a path as text, such as a log: the first `most` bytes of it, a MiB when left out.

        Raises:
            KubeError: it may not be read, or is not there.
        """
        answer = self._pool.request(
            "GET",
            f"{self.host}{path}",
            headers=self._headers,
            timeout=_timeout(),
            redirect=False,
            preload_content=False,
        )
        try:
            data: bytes = answer.read(most, decode_content=True)
        finally:
            answer.release_conn()
        if not 200 <= answer.status < 300:
            raise _refused(answer.status, data, f"read {path}")
        return data.decode("utf-8", errors="replace")

    def stranger(self, path: str) -> int | None:
        """Return the HTTP status that somebody gets who shows no credential; None when there is no answer."""
        from urllib3.exceptions import HTTPError

        if not self._bare:
            return None
        with self._bare() as pool:
            try:
                return int(pool.request("GET", f"{self.host}{path}", timeout=_timeout(), redirect=False).status)
            except HTTPError:
                return None

    # Objects

    def path(self, body: Document, name: str = "") -> str:
        """Return the path of an object; of its list when the object has no name and none is given.

        Raises:
            KubeError: its kind is not served; status 404.
        """
        about = body.get("metadata") or {}
        plural, namespaced = self._kind(str(body["apiVersion"]), str(body["kind"]))
        base = _base(str(body["apiVersion"]))
        if namespaced and about.get("namespace"):
            base += f"/namespaces/{quote(about['namespace'])}"
        named = name or about.get("name") or ""
        return f"{base}/{plural}" + (f"/{quote(named, safe='')}" if named else "")

    def read(self, body: Document) -> dict[str, Any] | None:
        """Return an object as it is now, or None when it, or its kind, is not there."""
        try:
            return self.get(self.path(body))
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def create(self, body: Document, *, dry_run: bool = False) -> dict[str, Any]:
        """Make an object, or only ask whether that would be allowed."""
        unnamed = {**body, "metadata": {k: v for k, v in (body.get("metadata") or {}).items() if k == "namespace"}}
        return self.post(self.path(unnamed), body, **({"dryRun": "All"} if dry_run else {}))

    def apply(self, body: Document, manager: str, *, force: bool = False) -> dict[str, Any]:
        """Make an object as described; what others have set in it stays (server-side apply).

        Args:
            body: what of it is ours.
            manager: who we are.
            force: take over fields that somebody else has set.
        """
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        return self._call("PATCH", self.path(body), query, body, APPLY)

    def merge(self, body: Document, change: Document) -> dict[str, Any]:
        """Change some keys of an object."""
        return self._call("PATCH", self.path(body), {}, change, MERGE)

    def delete(self, body: Document, policy: str = "Background") -> bool:
        """Remove an object; return whether it was there."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
        try:
            self._call("DELETE", self.path(body), {}, options)
        except KubeError as error:
            if error.status == 404:
                return False
            raise
        return True

    def kinds(self, api_version: str) -> list[dict[str, Any]]:
        """Return what one version of a group serves, as the API describes it; empty when there is none."""
        return list((self.get(_base(api_version)) or {}).get("resources") or [])

    def _kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        key = (api_version, kind)
        if key not in self._kinds:
            for one in self.kinds(api_version):
                if "/" not in one["name"]:
                    self._kinds[(api_version, one["kind"])] = (one["name"], bool(one["namespaced"]))
        if key not in self._kinds:
            raise KubeError(404, "NotFound", f"{kind} of {api_version} is not served", f"find {kind}")
        return self._kinds[key]

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Document | None = None,
        kind: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": accept, **self._headers}
        data = None
        if body is not None:
            headers["Content-Type"] = kind
            data = json.dumps(body)
        answer = self._pool.request(method, url, body=data, headers=headers, timeout=_timeout(), redirect=False)
        if 200 <= answer.status < 300:
            found = json.loads(answer.data) if answer.data else {}
            if not isinstance(found, dict):
                raise ValueError("an answer that is no object")
            return found
        raise _refused(answer.status, answer.data, f"{_VERBS.get(method, 'read')} {path}")


_VERBS = {"GET": "read", "POST": "create in", "PATCH": "change", "DELETE": "delete", "PUT": "replace"}


def _timeout() -> Any:
    from urllib3 import Timeout

    return Timeout(connect=TIMEOUT[0], read=TIMEOUT[1])


def _base(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _refused(status: int, data: bytes, what: str) -> KubeError:
    reason = message = ""
    try:
        said = json.loads(data)
        reason, message = str(said.get("reason") or ""), str(said.get("message") or "")
    except (ValueError, AttributeError):
        pass
    return KubeError(status, reason, "".join(c for c in message if c.isprintable())[:1000], what)

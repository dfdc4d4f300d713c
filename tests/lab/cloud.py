"""An ordinary user of a lab's cloud, over plain HTTP, and what tests build with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from haven_iac.lab.rest import Rest

T = TypeVar("T")


class CloudError(Exception):
    """The cloud refused something."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


def until(what: str, look: Callable[[], T], seconds: float = 60.0, pause: float = 0.2) -> T:
    """Return what `look` gives once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(pause)


class User:
    """Somebody who is logged in; the caller is inside the lab's namespace."""

    def __init__(self, clouds: Path, entry: str = "haven-demo") -> None:
        self._auth = yaml.safe_load(clouds.read_text())["clouds"][entry]["auth"]
        self._token = ""
        self.expires = ""
        self._rests: dict[str, Rest] = {}
        self._bases: dict[str, str] = {}

    def login(self) -> None:
        """Get a token, and the catalogue."""
        auth = self._auth
        user = {"name": auth["username"], "password": auth["password"], "domain": {"name": "Default"}}
        scope = {"project": {"name": auth["project_name"], "domain": {"name": "Default"}}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        reply = Rest("http://127.0.0.1:5000").request(
            "POST", "/v3/auth/tokens", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        assert reply.status == 201, reply.body
        self._token = reply.headers["x-subject-token"]
        self.expires = reply.json()["token"]["expires_at"]
        for service in reply.json()["token"]["catalog"]:
            url = next(one["url"] for one in service["endpoints"] if one["interface"] == "public")
            scheme, _, rest = url.partition("://")
            host, slash, path = rest.partition("/")
            self._rests[service["type"]] = Rest(f"{scheme}://{host}", timeout=60)
            self._bases[service["type"]] = (slash + path).rstrip("/")

    @property
    def services(self) -> set[str]:
        """Return the types of services in the catalogue."""
        if not self._token:
            self.login()
        return set(self._rests)

    def call(self, method: str, service: str, path: str, body: Any = None) -> Any:
        """Ask a service."""
        if not self._token:
            self.login()
        headers = {"X-Auth-Token": self._token, "Content-Type": "application/json", "Accept": "application/json"}
        if service == "compute":
            headers["OpenStack-API-Version"] = "compute 2.90"
        data = None if body is None else json.dumps(body).encode()
        reply = self._rests[service].request(method, self._bases[service] + path, data, headers)
        if reply.status >= 400:
            raise CloudError(reply.status, reply.body.decode(errors="replace"))
        return reply.json() if reply.body else {}

    def get(self, service: str, path: str) -> Any:
        """Read something."""
        return self.call("GET", service, path)

    def find(self, service: str, path: str, key: str, name: str) -> str:
        """Return the id of the object with a name."""
        [found] = [one["id"] for one in self.get(service, path)[key] if one["name"] == name]
        return str(found)

    # Networks

    def network(self, kind: str, **values: Any) -> Any:
        """Make an object of Neutron: `port`, `security_group_rule`, ..."""
        plural = f"{kind}s".replace("_", "-")
        return self.call("POST", "network", f"/v2.0/{plural}", {kind: values})[kind]

    def balance(self, kind: str, balancer: str, path: str = "", **values: Any) -> Any:
        """Make an object of Octavia, once its load balancer takes it."""
        self.settle(balancer)
        made = self.call("POST", "load-balancer", f"/v2/lbaas/{path or f'{kind}s'}", {kind: values})[kind]
        self.settle(balancer)
        return made

    def settle(self, balancer: str) -> None:
        """Wait until a load balancer is ACTIVE."""
        path = f"/v2/lbaas/loadbalancers/{balancer}"
        until("load balancer", lambda: self.status(path) == "ACTIVE")

    def status(self, path: str) -> str:
        """Return the provisioning status of an object of Octavia."""
        return str(next(iter(self.get("load-balancer", path).values()))["provisioning_status"])

    # Servers

    def server(self, name: str, port: str, user_data: str | None, **values: Any) -> str:
        """Make a server; return its id."""
        body: dict[str, Any] = {
            "name": name,
            "flavorRef": self.find("compute", "/flavors", "flavors", "m1.small"),
            "imageRef": self.find("image", "/v2/images", "images", "haven-linux"),
            "networks": [{"port": port}],
            **values,
        }
        if user_data is not None:
            body["user_data"] = user_data
        return str(self.call("POST", "compute", "/servers", {"server": body})["server"]["id"])

    def shown(self, server: str) -> Any:
        """Return a server."""
        return self.get("compute", f"/servers/{server}")["server"]

    def console(self, server: str) -> str:
        """Return a server's console log; empty while it is being built."""
        try:
            body = {"os-getConsoleOutput": {}}
            return str(self.call("POST", "compute", f"/servers/{server}/action", body)["output"] or "")
        except CloudError:
            return ""

    def says(self, server: str, text: str, seconds: float = 60.0) -> None:
        """Wait until a console log holds a text."""
        try:
            until(text, lambda: text in self.console(server), seconds)
        except AssertionError:
            raise AssertionError(f"{text!r} is not in:\n{self.console(server)}") from None

    def delete(self, *servers: str) -> None:
        """Delete servers that are there still, and wait until they are gone."""
        for server in servers:
            if not self._gone(server):
                self.call("DELETE", "compute", f"/servers/{server}")
        for server in servers:
            until("server gone", lambda one=server: self._gone(one))  # type: ignore[misc]

    def _gone(self, server: str) -> bool:
        try:
            self.shown(server)
        except CloudError as error:
            return error.status == 404
        return False

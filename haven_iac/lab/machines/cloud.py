"""Reads what Neutron and Octavia hold, as the lab's administrator; blocking."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import yaml

from haven_iac.lab.rest import Query, Reply, Rest, RestError

_NEUTRON = {
    "ports": "id,network_id,fixed_ips,security_groups,device_id,device_owner,port_security_enabled,"
    "allowed_address_pairs",
    "floatingips": "floating_ip_address,port_id,fixed_ip_address",
    "security-group-rules": "security_group_id,direction,ethertype,protocol,port_range_min,port_range_max,"
    "remote_ip_prefix,remote_group_id",
    "subnets": "id,network_id,cidr",
    "networks": "id,router:external",
    "routers": "id,external_gateway_info",
}
"""Collections, and the fields that decide who reaches whom."""

_OCTAVIA = ("loadbalancers", "listeners", "pools", "healthmonitors")

_MAX_AGE = 20.0
"""Seconds until it reads again without a mark."""


class Cloud:
    """What was read last, and whether the services have marked a change since.

    Args:
        state: folder of the lab.
        entry: of clouds.yaml.
    """

    def __init__(self, state: Path, entry: str = "lab-admin") -> None:
        cloud = yaml.safe_load((state / "clouds.yaml").read_text())["clouds"][entry]
        self._auth: dict[str, str] = cloud["auth"]
        self._run = state / "run"
        self._keystone = Rest(self._auth["auth_url"], timeout=20.0)
        self._services: dict[str, tuple[Rest, str]] = {}
        self._token = ""
        self._seen: dict[str, tuple[int, float]] = {}  # service, to its mark and when it was read
        self._raw: dict[str, Any] = {}

    def lookup(self, name: str) -> str | None:
        """Return an address that the cloud's DNS has for a name, or None.

        Raises:
            RestError: the cloud does not answer.
        """
        if not self._token:
            self._login()
        if "dns" not in self._services:
            return None
        query = {"type": "A", "name": name.rstrip(".") + "."}
        found = self._get("dns", "/v2/recordsets", query, {"X-Auth-All-Projects": "true"})
        records = [record for recordset in found["recordsets"] for record in recordset["records"]]
        return records[0] if records else None

    def stale(self) -> list[str]:
        """Return the services to read again."""
        now = time.monotonic()
        return [
            service
            for service in ("neutron", "octavia")
            if service not in self._seen
            or self._seen[service][0] != self._mark(service)
            or now - self._seen[service][1] > _MAX_AGE
        ]

    def forget(self) -> None:
        """Read everything again next time."""
        self._seen = {}

    def read(self, services: list[str]) -> dict[str, Any]:
        """Return every collection by name, those of these services anew.

        Raises:
            RestError: the cloud does not answer.
        """
        for service in services:
            seen = self._mark(service), time.monotonic()
            if service == "neutron":
                self._read_neutron()
            else:
                self._read_octavia()
            self._seen[service] = seen
        return self._raw

    def _read_neutron(self) -> None:
        for name, fields in _NEUTRON.items():
            reply = self._get("network", f"/v2.0/{name}", {"fields": fields.split(",")})
            self._raw[name] = reply[name.replace("-", "_")]

    def _read_octavia(self) -> None:
        for name in _OCTAVIA:
            self._raw[name] = self._get("load-balancer", f"/v2/lbaas/{name}").get(name, [])
        self._raw["members"] = {
            pool["id"]: self._get("load-balancer", f"/v2/lbaas/pools/{pool['id']}/members").get("members", [])
            for pool in self._raw["pools"]
            if pool["members"]
        }
        monitors = {pool["id"]: monitor for monitor in self._raw["healthmonitors"] for pool in monitor["pools"]}
        self._raw["monitors"] = {pool: one for pool, one in monitors.items() if one["admin_state_up"]}

    def _mark(self, service: str) -> int:
        try:
            return (self._run / f"changed-{service}").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _login(self) -> None:
        auth = self._auth
        user = {
            "name": auth["username"],
            "password": auth["password"],
            "domain": {"name": auth["user_domain_name"]},
        }
        scope = {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": scope}}}
        reply = self._keystone.request(
            "POST", "/v3/auth/tokens", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        if reply.status != 201:
            raise RestError(reply.status, "login refused")
        self._token = reply.headers["x-subject-token"]
        for service in reply.json()["token"]["catalog"]:
            for endpoint in service["endpoints"]:
                if endpoint["interface"] == "public":
                    scheme, _, rest = endpoint["url"].rstrip("/").partition("://")
                    host, slash, path = rest.partition("/")
                    self._services[service["type"]] = (Rest(f"{scheme}://{host}", timeout=20.0), slash + path)

    def _get(
        self, service: str, path: str, query: Query | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        reply = Reply(401, {}, b"")
        for _ in (1, 2):
            if not self._token:
                self._login()
            if service not in self._services:  # a cloud without it
                return {}
            rest, prefix = self._services[service]
            sent = {"X-Auth-Token": self._token, "Accept": "application/json", **(headers or {})}
            reply = rest.request("GET", prefix + path, headers=sent, query=query)
            if reply.status != 401:
                break
            self._token = ""
        if reply.status == 404:  # deleted since it was listed
            return {}
        if reply.status >= 400:
            raise RestError(reply.status, f"{service} {path}")
        found: dict[str, Any] = reply.json()
        return found

"""Health monitors of load balancers: they take their time, and members get traffic only while they are ONLINE."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven_iac.lab.kube import write_private
from haven_iac.lab.machines.guest.curl import CurlError, Request, http
from haven_iac.lab.machines.network import Network, Target, UnreachableError

Object = dict[str, Any]

_TICK = 0.2
"""Seconds between two looks at what is due."""


@dataclass
class Member:
    """What a monitor knows of one member."""

    status: str = "OFFLINE"
    """OFFLINE until enough checks have passed or failed, then ONLINE or ERROR."""
    good: int = 0
    """Checks that passed, one after another."""
    bad: int = 0
    """Checks that failed, one after another."""
    due: float = 0.0

    def saw(self, passed: bool, monitor: Object) -> None:
        """Take in the outcome of a check."""
        self.good, self.bad = (self.good + 1, 0) if passed else (0, self.bad + 1)
        if self.good >= int(monitor["max_retries"]):
            self.status = "ONLINE"
        elif self.bad >= int(monitor.get("max_retries_down") or 3):
            self.status = "ERROR"


class Health:
    """Every monitor of a lab.

    Args:
        network: gives the newest snapshot of the cloud.
        backend: says where a target is here.
        file: takes the status of members, for Octavia to report.
    """

    def __init__(
        self, network: Callable[[], Network], backend: Callable[[Target], tuple[str, int]], file: Path
    ) -> None:
        self._network, self._backend, self._file = network, backend, file
        self.members: dict[str, Member] = {}
        self._checking: set[asyncio.Task[None]] = set()
        self._written: dict[str, str] | None = None

    def lets(self, pool: Object, member: Object) -> bool:
        """Return whether traffic goes to a member: always without a monitor, else while it is ONLINE."""
        known = self.members.get(member["id"])
        return not pool["monitor"] or (known is not None and known.status == "ONLINE")

    async def follow(self) -> None:
        """Check what is due, until cancelled."""
        while True:
            self._look(time.monotonic())
            await asyncio.sleep(_TICK)

    def _look(self, now: float) -> None:
        network = self._network()
        present = set()
        for pool in network.pools.values():
            balancer, monitor = network.balancer_of(pool), pool["monitor"]
            if not balancer or not monitor:
                continue
            for member in pool["members"]:
                present.add(member["id"])
                known = self.members.setdefault(member["id"], Member())
                if now >= known.due:
                    known.due = now + float(monitor["delay"])
                    task = asyncio.create_task(self._check(network, balancer, member, monitor, known))
                    self._checking.add(task)
                    task.add_done_callback(self._checking.discard)
        for gone in set(self.members) - present:
            del self.members[gone]
        self._write()

    async def _check(self, network: Network, balancer: Object, member: Object, monitor: Object, known: Member) -> None:
        """Check one member once, and take in the outcome."""
        try:
            target = network.member(balancer, member, member.get("monitor_port"))
            passed = await self._asks(target, monitor) if monitor["type"] in ("HTTP", "HTTPS") else True
        except UnreachableError:
            passed = False
        known.saw(passed, monitor)
        self._write()

    async def _asks(self, target: Target, monitor: Object) -> bool:
        """Return whether a real request to a member has a status that is expected."""
        scheme = "https" if monitor["type"] == "HTTPS" else "http"
        url = urllib.parse.urlsplit(f"{scheme}://{target.machine}:{target.port}{monitor['url_path'] or '/'}")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        request = Request(values={"request": [monitor["http_method"] or "GET"]})
        try:
            address = self._backend(target)
            response = await http(address, request, url, tls if scheme == "https" else None, float(monitor["timeout"]))
        except (CurlError, UnreachableError):
            return False
        return response.status in expected(monitor["expected_codes"] or "200")

    def _write(self) -> None:
        """Tell Octavia, when something has changed."""
        said = {member: known.status for member, known in sorted(self.members.items())}
        if said != self._written:
            self._written = said
            write_private(self._file, json.dumps(said).encode())


def expected(text: str) -> set[int]:
    """Return the statuses that a monitor expects: `200`, `200,202` or `200-204`."""
    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if low.isdigit():
            found |= set(range(int(low), int(high if dash and high.isdigit() else low) + 1))
    return found

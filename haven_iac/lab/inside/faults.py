"""What goes wrong on purpose: a file with faults, which services and machines look at; standard library only.

Each fault has a kind with its parameters, counts how often it struck, and may be limited in number.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One thing that can go wrong."""

    what: str
    hook: str
    """Where it strikes: `http:<service>`, or the name of a place in a driver or a machine."""
    parameters: Mapping[str, str]
    """Each parameter and its value when left out; `name` is a regular expression, the empty one fits everything."""
    only: Mapping[str, str] = field(default_factory=dict)
    """Patterns that have to fit besides."""


_EVERY = {"name": ""}
_NEW_SERVER = {"method": "POST", "path": r"/servers$"}

KINDS: dict[str, Kind] = {
    "compute-error": Kind(
        "Nova answers 500 when a server is created", "http:nova", {**_EVERY, "status": "500"}, _NEW_SERVER
    ),
    "compute-quota": Kind(
        "Nova answers 403, quota exceeded, when a server is created", "http:nova", dict(_EVERY), _NEW_SERVER
    ),
    "server-error": Kind("the hypervisor fails: the server ends in ERROR", "spawn", dict(_EVERY)),
    "balancer-stuck": Kind(
        "a load balancer stays PENDING_CREATE, then becomes ERROR", "balancer", {**_EVERY, "seconds": "20"}
    ),
    "network-conflict": Kind(
        "Neutron answers 409 when something is created or changed",
        "http:neutron",
        {**_EVERY, "path": "/v2.0/ports", "method": "POST"},
    ),
    "token-expiry": Kind("Keystone's tokens for users end soon", "token", {"seconds": "20"}),
    "machine-never-boots": Kind("a machine hangs after its kernel", "boot", dict(_EVERY)),
    "api-late": Kind("a new cluster's Kubernetes API comes up late", "api", {**_EVERY, "seconds": "60"}),
    "slow": Kind("a service takes its time", "http", {"service": "", "path": ".*", "method": ".*", "seconds": "5"}),
    "http": Kind(
        "a service answers with an error",
        "http",
        {"service": "", "path": ".*", "method": ".*", "status": "503", "message": "Service Unavailable"},
    ),
}
"""Every kind by name."""


class FaultError(ValueError):
    """A fault that cannot be asked for; the text says why."""


@dataclass
class Fault:
    """One fault that is in force."""

    id: str
    kind: str
    parameters: dict[str, str] = field(default_factory=dict)
    left: int | None = None
    """How often it strikes still; None for always."""
    hits: int = 0
    since: float = 0.0
    """When it was made, in seconds since 1970."""

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Return whether it is meant: each parameter that is a pattern fits the fact of that name."""
        patterns = {**self.parameters, **KINDS[self.kind].only}
        return all(
            re.search(pattern, facts.get(key, "")) is not None
            for key, pattern in patterns.items()
            if key in ("name", "path", "method", "service") and pattern
        )


class Faults:
    """The faults of one lab.

    Args:
        path: the file that holds them; none are in force when it is not there.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._known: list[Fault] = []

    def all(self) -> list[Fault]:
        """Return every fault, used up ones too."""
        try:
            stat = os.stat(self._path)
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                with open(self._path, encoding="utf-8") as file:
                    self._known = [Fault(**entry) for entry in json.load(file)]
                self._stamp = stamp
        except FileNotFoundError:
            self._stamp, self._known = None, []
        return list(self._known)

    def add(self, kind: str, parameters: Mapping[str, str], times: int | None = None) -> Fault:
        """Put a fault in force.

        Args:
            kind: one of `KINDS`.
            parameters: of that kind; those left out have their usual value.
            times: how often it strikes; always when left out.

        Raises:
            FaultError: there is no such kind or parameter, or a value is wrong.
        """
        values = checked(kind, parameters)
        if times is not None and times < 1:
            raise FaultError("times has to be 1 or more")
        with self._changing() as known:
            numbers = [int(one.id) for one in known if one.id.isdigit()]
            fault = Fault(str(max(numbers, default=0) + 1), kind, values, times, 0, time.time())
            known.append(fault)
        return fault

    def remove(self, ids: list[str] | None = None) -> list[str]:
        """Remove faults, all when left out; return the ids of those that were there."""
        with self._changing() as known:
            gone = [one.id for one in known if ids is None or one.id in ids]
            known[:] = [one for one in known if one.id not in gone]
        return gone

    def strike(self, hook: str, **facts: str) -> Fault | None:
        """Return the fault that strikes here, counted, or None."""
        if not any(self._meant(one, hook, facts) for one in self.all()):
            return None
        with self._changing() as known:
            for one in known:
                if self._meant(one, hook, facts):
                    one.hits += 1
                    one.left = None if one.left is None else one.left - 1
                    return one
        return None

    @staticmethod
    def _meant(fault: Fault, hook: str, facts: Mapping[str, str]) -> bool:
        kind = KINDS.get(fault.kind)
        place = kind is not None and (kind.hook == hook or (kind.hook == "http" and hook.startswith("http:")))
        return place and fault.left != 0 and fault.fits(facts)

    @contextmanager
    def _changing(self) -> Iterator[list[Fault]]:
        """Give the list alone, and write it back."""
        with open(self._path + ".lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._stamp = None
            known = self.all()
            yield known
            part = self._path + ".part"
            with open(part, "w", encoding="utf-8") as file:
                json.dump([asdict(one) for one in known], file, indent=1)
            os.replace(part, self._path)
            self._stamp = None


def checked(kind: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return all parameters of a fault, with the usual values of those left out.

    Raises:
        FaultError: there is no such kind or parameter, or a value is wrong.
    """
    if kind not in KINDS:
        raise FaultError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
    known = KINDS[kind].parameters
    for key, value in parameters.items():
        if key not in known:
            raise FaultError(f"{kind} has no parameter {key!r}; it has {', '.join(known)}")
        try:
            if key in ("seconds", "status"):
                float(value)
            else:
                re.compile(value)
        except (ValueError, re.error) as error:
            raise FaultError(f"{key}={value}: {error}") from None
    return {**known, **parameters}


def answer(service: str, fault: Fault) -> tuple[int, dict[str, Any]]:
    """Return status and body with which a service reports the error of an HTTP fault, in its own words."""
    if fault.kind == "compute-error":
        text = (
            "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log "
            "if possible.\n<class 'oslo_messaging.exceptions.MessagingTimeout'>"
        )
        status = int(fault.parameters["status"])
    elif fault.kind == "compute-quota":
        text, status = "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances", 403
    elif fault.kind == "network-conflict":
        text, status = "Unable to complete operation: another request changed the same object", 409
    else:
        text, status = fault.parameters["message"], int(fault.parameters["status"])
    if service == "neutron":
        return status, {"NeutronError": {"type": "Conflict", "message": text, "detail": ""}}
    if service == "octavia":
        return status, {"faultcode": "Server" if status >= 500 else "Client", "faultstring": text, "debuginfo": None}
    if service == "keystone":
        return status, {"error": {"code": status, "message": text, "title": "Fault"}}
    names = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest", 413: "overLimit"}
    return status, {names.get(status, "computeFault"): {"code": status, "message": text}}

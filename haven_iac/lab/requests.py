"""What the lab's services were asked, by whom; every service writes it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from haven_iac.lab.place import Place


@dataclass(frozen=True)
class Request:
    """One request to an API of the cloud."""

    at: float
    """Seconds since the epoch."""
    service: str
    client: str
    """What the caller calls itself, without its version."""
    method: str
    path: str


SERVICES = frozenset({"nova", "neutron", "cinder", "glance", "octavia", "manila", "designate", "keystonemiddleware"})
"""What services call themselves when they ask each other."""


def read(place: Place, since: float = 0.0) -> Iterator[Request]:
    """Yield the requests from a moment on, the oldest first.

    Args:
        place: of the lab.
        since: seconds since the epoch.
    """
    file = place.run / "requests"
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split("\t")
        if len(parts) == 5 and float(parts[0]) >= since:
            yield Request(float(parts[0]), *parts[1:])


def of_services(one: Request) -> bool:
    """Return whether a service asked, not a user, the engine or a controller in a cluster."""
    return one.client in SERVICES or one.client.startswith("python-")


def counted(requests: Iterator[Request]) -> dict[str, dict[str, int]]:
    """Return how many requests there were, by client and service."""
    found: dict[str, Counter[str]] = {}
    for one in requests:
        found.setdefault(one.client, Counter())[one.service] += 1
    return {client: dict(sorted(services.items())) for client, services in sorted(found.items())}

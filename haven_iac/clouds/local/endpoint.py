"""An address of its own for each cluster on this machine; no port is ever assumed to be free."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from haven_iac.errors import DeployError

PORTS = {"kube-apiserver": 6443, "etcd": 2379, "etcd-peer": 2380}
"""What is listened on, at the cluster's own loopback address, and the usual port of each."""

ATTEMPTS = 16
"""How many addresses are tried before unusual ports are taken."""


@dataclass(frozen=True)
class Endpoint:
    """Where one cluster listens."""

    address: str
    ports: Mapping[str, int]

    @property
    def server(self) -> str:
        """Return the URL of the Kubernetes API."""
        return f"https://{self.address}:{self.ports['kube-apiserver']}"

    def taken(self) -> dict[str, int]:
        """Return the ports that somebody listens on, by what they are for."""
        return {name: port for name, port in self.ports.items() if not _free(self.address, port)}


def candidates(seed: str) -> Iterator[str]:
    """Yield loopback addresses, the same ones in the same order for one seed."""
    for attempt in range(ATTEMPTS):
        value = hashlib.sha256(f"{seed}/{attempt}".encode()).digest()
        yield f"127.{64 + value[0] % 128}.{value[1]}.{1 + value[2] % 254}"


def choose(seed: str) -> Endpoint:
    """Return a loopback address with free ports.

    The usual ports are taken where they are free at one of several addresses; else, as when something listens on
    port 6443 of every address of this machine, others.

    Args:
        seed: clusters with different seeds get different addresses.

    Raises:
        DeployError: nothing is free, or this machine has no such addresses.
    """
    addresses = list(candidates(seed))
    for address in addresses:
        endpoint = Endpoint(address, PORTS)
        if not endpoint.taken():
            return endpoint
    for address in addresses:
        try:
            return Endpoint(address, _any(address))
        except OSError:
            continue
    raise DeployError(
        "no address in 127.0.0.0/8 could be listened on",
        fix="a local cluster needs Linux, where all of 127.0.0.0/8 belongs to the machine",
    )


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _any(address: str) -> dict[str, int]:
    """Return ports that are free now; all are held until the last is known."""
    with ExitStack() as stack:
        ports = {}
        for name in PORTS:
            probe = stack.enter_context(socket.socket())
            probe.bind((address, 0))
            ports[name] = int(probe.getsockname()[1])
        return ports

"""The seam between a planned node and the Kubernetes distribution that it boots."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from haven_iac.bootstrap.facts import BootFacts
from haven_iac.spec import ClusterSpec

LIMIT = 65535
"""Bytes of base64 text that OpenStack's Nova accepts as user data."""


@dataclass(frozen=True)
class Machine:
    """What bootstrapping needs to know of one planned node."""

    name: str
    server: bool
    """True when it runs etcd and the Kubernetes API."""
    first: bool
    """True for the server that initialises the cluster when there is none."""
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[tuple[str, str, str], ...] = ()
    """key, value, effect."""


@dataclass(frozen=True)
class UserData:
    """What a machine is told at its first boot; secret, as it holds a token or keys."""

    text: str
    generation: str = ""
    """Changes when a machine has to be made anew to follow its description: another version of Kubernetes, other
    settings of the distribution.  Labels, taints, tokens, keys, addresses and our own scripts do not count."""

    @property
    def packed(self) -> str:
        """Return it compressed, in base64, as clouds take it."""
        return base64.b64encode(gzip.compress(self.text.encode(), mtime=0)).decode()

    @property
    def size(self) -> int:
        """Return how many of `LIMIT` bytes it takes."""
        return len(self.packed)


@runtime_checkable
class Bootstrap(Protocol):
    """One Kubernetes distribution; every member is pure."""

    @property
    def distribution(self) -> str:
        """Return the name people write in `kubernetes.distribution`."""

    @property
    def join_port(self) -> int:
        """Return the TCP port at the API's address that servers and agents join through."""

    def user_data(
        self,
        spec: ClusterSpec,
        machine: Machine,
        keys: Mapping[str, str],
        endpoint: str,
        facts: BootFacts = BootFacts(),
    ) -> UserData:
        """Return what a machine boots with.

        Args:
            spec: the cluster.
            machine: the node.
            keys: key material by file name, as `haven_iac.keys.material` lists it.
            endpoint: host name or address of the Kubernetes API.
            facts: what only building tells.

        Raises:
            KeyError: the key material lacks a file.
            SpecError: no release of the distribution is known for the version.
        """

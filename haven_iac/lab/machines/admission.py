"""Which machines may join a cluster: those with its token, and servers that are configured as its others are."""

from __future__ import annotations

import hashlib
from typing import Any

from haven_iac.lab.machines.errors import ClusterError
from haven_iac.lab.machines.pki import Pki
from haven_iac.lab.machines.plan import Plan

_CRITICAL = (
    "cluster-cidr",
    "service-cidr",
    "cluster-dns",
    "cluster-domain",
    "egress-selector-mode",
    "secrets-encryption",
)
"""Settings that must be the same on every server."""


def critical(plan: Plan) -> dict[str, str]:
    """Return what a first server's plan says of the settings that must be the same on every server."""
    return {key: plan.one(key) for key in _CRITICAL}


def digest(token: str) -> str:
    """Return what is kept of a token: the digest of the secret in it."""
    return hashlib.sha256(_secret(token).encode()).hexdigest()


def _secret(token: str) -> str:
    """Return the secret in a token: `K10<hash>::user:secret`, or just the secret."""
    if token.startswith("K10") and "::" in token:
        token = token.split("::", 1)[1].partition(":")[2]
    return token


class Admission:
    """Looks whether machines may join one cluster.

    Args:
        record: what others may read of it.
        private: what they may not.
        pki: its certificates.
    """

    def __init__(self, record: dict[str, Any], private: dict[str, Any], pki: Pki) -> None:
        self._record, self._private, self._pki = record, private, pki

    def check(self, plan: Plan) -> None:
        """Look whether a machine may join.

        Raises:
            ClusterError: what a joining unit would be told.
        """
        given = plan.one("token")
        if given.startswith("K10"):
            hashed = given[3:].split("::")[0]
            if hashed and hashed != self._pki.hash():
                raise ClusterError(
                    f"token CA hash does not match the Cluster CA certificate hash: {hashed} != {self._pki.hash()}"
                )
        accepted = {self._record["token_sha256"]}
        if plan.role == "agent":
            accepted.add(self._private["agent_token_sha256"])
        if digest(given) not in accepted:
            raise ClusterError("failed to validate token: 401 Unauthorized")
        if plan.distribution != self._record["distribution"]:
            raise ClusterError(f"not an {plan.distribution} server")
        if plan.role == "server":
            for key, value in self._private["critical"].items():
                if plan.one(key) != (value or ""):
                    raise ClusterError(
                        "failed to validate server configuration: critical configuration value mismatch between "
                        f"servers: {key}"
                    )

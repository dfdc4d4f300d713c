"""Kubeconfigs: rendered for the stack, minted for people and CI jobs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import yaml

LONGEST = timedelta(hours=24)
"""A minted credential cannot be revoked, so it never lives longer."""


def render(*, server: str, ca: str, cert: str, key: str, cluster: str, user: str = "haven-iac") -> str:
    """Return a kubeconfig as YAML text.

    Args:
        server: URL of the API.
        ca: certificate authority of the API's certificate, PEM.
        cert: client certificate, PEM.
        key: its key, PEM.
        cluster: name of cluster and context.
        user: name of the user entry.
    """

    def b64(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": {"server": server, "certificate-authority-data": b64(ca)}}],
        "users": [{"name": user, "user": {"client-certificate-data": b64(cert), "client-key-data": b64(key)}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user}}],
        "current-context": cluster,
    }
    return yaml.safe_dump(document, sort_keys=False)


def mint(
    *,
    server: str,
    ca: str,
    issuer_cert: str,
    issuer_key: str,
    cluster: str,
    user: str,
    groups: Iterable[str],
    now: datetime,
    ttl: timedelta,
) -> str:
    """Return a kubeconfig whose client certificate ends by itself after `ttl`.

    Raises:
        ValueError: `ttl` is longer than a day, or not positive.
    """
    from haven_iac.keys.authority import Pair, certificate

    if not timedelta(0) < ttl <= LONGEST:
        raise ValueError("a credential lives for at most 24h, because it cannot be revoked")
    pair = certificate(Pair(issuer_cert, issuer_key), user, now, ttl, groups=groups, client=True)
    return render(server=server, ca=ca, cert=pair.cert, key=pair.key, cluster=cluster, user=user)

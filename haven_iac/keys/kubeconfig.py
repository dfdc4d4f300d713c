"""Kubeconfigs: rendered for the stack, minted for people and CI jobs, merged into a file that exists."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

LONGEST = timedelta(hours=24)
"""A minted credential cannot be revoked, so it never lives longer."""

NAME_LENGTH = 64
"""The longest user or group that X.509 allows."""

_LISTS = ("clusters", "users", "contexts")


@dataclass(frozen=True)
class Minted:
    """A short-lived credential."""

    kubeconfig: str
    """YAML text; holds the private key."""
    context: str
    user: str
    """Who the cluster's audit log will name."""
    groups: tuple[str, ...]
    expires: datetime


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


def with_user(text: str, cluster: str, user: str, entry: Mapping[str, Any]) -> str:
    """Return a kubeconfig with the same cluster under another name, and another user.

    Args:
        text: a kubeconfig with one cluster.
        cluster: name of cluster and context.
        user: name of the user entry.
        entry: what it logs in with, as a kubeconfig spells it.
    """
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": yaml.safe_load(text)["clusters"][0]["cluster"]}],
        "users": [{"name": user, "user": dict(entry)}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": user}}],
        "current-context": cluster,
    }
    return yaml.safe_dump(document, sort_keys=False)


def problem_with_name(name: str) -> str:
    """Return why a user or group cannot be written into a certificate; empty when it can."""
    if not name.strip():
        return "it is empty"
    if len(name) > NAME_LENGTH:
        return f"it has {len(name)} characters and a certificate takes {NAME_LENGTH}"
    if not name.isprintable():
        return "it has characters that cannot be printed"
    return ""


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
) -> Minted:
    """Return a kubeconfig whose client certificate ends by itself after `ttl`.

    The user's entry is named after user and cluster, so that two clusters' fit into one file.

    Raises:
        ValueError: `ttl` is longer than a day or not positive, or a name fits no certificate.
    """
    from haven_iac.keys.authority import Pair, certificate, expires

    names = tuple(dict.fromkeys(groups))
    for name in (user, *names):
        if reason := problem_with_name(name):
            raise ValueError(f"{name!r} cannot be a user or group: {reason}")
    if not timedelta(0) < ttl <= LONGEST:
        raise ValueError("a credential lives for at most 24h, because it cannot be revoked")
    pair = certificate(Pair(issuer_cert, issuer_key), user, now, ttl, groups=names, client=True)
    text = render(server=server, ca=ca, cert=pair.cert, key=pair.key, cluster=cluster, user=f"{user}@{cluster}")
    return Minted(text, cluster, user, names, expires(pair.cert))


def contexts(text: str) -> list[str]:
    """Return the names of a kubeconfig's contexts.

    Raises:
        ValueError: the text is no kubeconfig.
    """
    return [str(entry["name"]) for entry in _parse(text)["contexts"]]


def merge(into: str, text: str) -> str:
    """Return the kubeconfig `into` with the one cluster of `text` added or renewed, and made current.

    An entry of ours under the same context is replaced, with the user it named before; everything else stays.

    Raises:
        ValueError: `into` is no kubeconfig.
    """
    old, new = _parse(into), _parse(text)
    context = new["current-context"]
    gone = {entry["context"].get("user") for entry in old["contexts"] if entry["name"] == context}
    still = {entry["context"].get("user") for entry in old["contexts"] if entry["name"] != context}
    old["users"] = [entry for entry in old["users"] if entry["name"] not in gone - still]
    for kind in _LISTS:
        ours = {entry["name"]: entry for entry in new[kind]}
        kept = [entry for entry in old[kind] if entry["name"] not in ours]
        old[kind] = [*kept, *ours.values()]
    return yaml.safe_dump({**old, "current-context": context}, sort_keys=False, allow_unicode=True)


def _parse(text: str) -> dict[str, Any]:
    """Return a kubeconfig with all of its lists; an empty text is an empty one."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError("it is not YAML") from None
    document = {"apiVersion": "v1", "kind": "Config"} if document is None else document
    if not isinstance(document, Mapping) or document.get("kind", "Config") != "Config":
        raise ValueError("it is no kubeconfig (kind: Config)")
    result = {**document, **{kind: document.get(kind) or [] for kind in _LISTS}}
    for kind in _LISTS:
        inner = kind.removesuffix("s")
        if not isinstance(result[kind], list) or not all(
            isinstance(entry, Mapping) and "name" in entry and isinstance(entry.get(inner), Mapping)
            for entry in result[kind]
        ):
            raise ValueError(f"its {kind} are not a list of entries with a name and a {inner}")
    return result

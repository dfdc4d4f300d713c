"""Key material and the stack's own credential as Pulumi resources.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from haven_iac.keys.authority import AUTHORITY_DAYS, Pair, certificate, expires
from haven_iac.keys.material import make

RENEW_BEFORE = timedelta(days=90)
"""The stack's credential is renewed by the first run that finds less than this left."""

CLOCK = "HAVEN_NOW"
"""Environment variable that tests set to another time, in ISO 8601; never set it elsewhere."""

ADMIN = "haven-iac"
ADMIN_GROUP = "system:masters"
_LETTERS = "bcdfghjkmnpqrstvwxz2456789"


def _now() -> datetime:
    given = os.environ.get(CLOCK)
    return datetime.fromisoformat(given).astimezone(UTC) if given else datetime.now(UTC)


def new_identity(cluster: str) -> str:
    """Return a cluster's name with five random characters."""
    return f"{cluster}-{''.join(secrets.choice(_LETTERS) for _ in range(5))}"


def due(not_after: datetime, validity: timedelta, now: datetime) -> bool:
    """Tell whether a credential has to be made again.

    That is 90 days before its end, or in the last fourth of its life where that is shorter.
    """
    return not_after - now < min(RENEW_BEFORE, validity / 4)


class ClusterKeysProvider(ResourceProvider):
    """Makes key material once; only another cluster name replaces it."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the material and the cluster's identity."""
        identity = new_identity(str(props["cluster"]))
        material = make(identity, _now())
        outs = {
            "cluster": props["cluster"],
            "identity": identity,
            "root_cert": material.root.cert,
            "root_key": material.root.key,
            "ca_cert": material.files["ca.crt"],
            "material": material.files,
        }
        return CreateResult(id_=identity, outs=outs)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether the name changed; nothing else, no version of this code either, makes new keys."""
        changed = _olds.get("cluster") != _news.get("cluster")
        return DiffResult(changes=changed, replaces=["cluster"] if changed else [], stables=["identity"])


class ClusterKeys(Resource, module="haven", name="ClusterKeys"):
    """Certificate authorities, tokens and the identity of one cluster; stable over runs.

    Another cluster name is another cluster: the resource is replaced, and with it everything that carries the
    identity.
    """

    identity: pulumi.Output[str]
    """Name and five random characters."""
    root_cert: pulumi.Output[str]
    """The root authority, PEM."""
    ca_cert: pulumi.Output[str]
    """Authority of the API's certificate with the root behind it, PEM."""
    material: pulumi.Output[dict[str, str]]
    """What servers need, by file name as in `haven_iac.keys.material`; secret."""

    def __init__(self, name: str, cluster: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("identity", "root_cert", "root_key", "ca_cert", "material"))
        secret = pulumi.ResourceOptions(additional_secret_outputs=["root_key", "material"])
        super().__init__(
            ClusterKeysProvider(), name, {"cluster": cluster, **outputs}, pulumi.ResourceOptions.merge(opts, secret)
        )


class ClusterIdentityProvider(ResourceProvider):
    """Makes a cluster's identity once; only another cluster name replaces it."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the identity."""
        identity = new_identity(str(props["cluster"]))
        return CreateResult(id_=identity, outs={"cluster": props["cluster"], "identity": identity})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether the name changed."""
        changed = _olds.get("cluster") != _news.get("cluster")
        return DiffResult(changes=changed, replaces=["cluster"] if changed else [], stables=["identity"])


class ClusterIdentity(Resource, module="haven", name="ClusterIdentity"):
    """The identity of a cluster whose keys are not ours; stable over runs."""

    identity: pulumi.Output[str]
    """Name and five random characters."""

    def __init__(self, name: str, cluster: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ClusterIdentityProvider(), name, {"cluster": cluster, "identity": None}, opts)


class AdminCredentialProvider(ResourceProvider):
    """Makes a client certificate and renews it before it ends."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a validity that no certificate can have."""
        days = news.get("validity_days")
        if isinstance(days, int | float) and not 1 <= days <= AUTHORITY_DAYS:
            return CheckResult(news, [CheckFailure("validity_days", f"write 1 to {AUTHORITY_DAYS} days, not {days:g}")])
        return CheckResult(news, [])

    def _outs(self, props: dict[str, Any]) -> dict[str, Any]:
        days = float(props["validity_days"])
        issuer = Pair(str(props["issuer_cert"]), str(props["issuer_key"]))
        pair = certificate(issuer, ADMIN, _now(), timedelta(days=days), groups=[ADMIN_GROUP], client=True)
        return {**props, "cert": pair.cert, "key": pair.key, "not_after": expires(pair.cert).isoformat()}

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the credential."""
        return CreateResult(id_=ADMIN, outs=self._outs(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether it has to be made again: another issuer, another validity, or its end is near."""
        if any(_olds.get(key) != _news.get(key) for key in ("issuer_cert", "validity_days")):
            return DiffResult(changes=True, replaces=[])
        validity = timedelta(days=float(_olds["validity_days"]))
        made = _olds.get("not_after")
        return DiffResult(changes=not made or due(datetime.fromisoformat(made), validity, _now()), replaces=[])

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Make it again."""
        return UpdateResult(outs=self._outs(_news))


class AdminCredential(Resource, module="haven", name="AdminCredential"):
    """The stack's own administrator; renewed in place, which replaces nothing that uses it."""

    cert: pulumi.Output[str]
    """Client certificate, PEM."""
    key: pulumi.Output[str]
    """Its key, PEM; secret."""
    not_after: pulumi.Output[str]
    """When it ends, ISO 8601."""

    def __init__(
        self,
        name: str,
        issuer_cert: pulumi.Input[str],
        issuer_key: pulumi.Input[str],
        validity_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "issuer_cert": issuer_cert,
            "issuer_key": pulumi.Output.secret(issuer_key),
            "validity_days": validity_days,
            **dict.fromkeys(("cert", "key", "not_after")),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["key", "issuer_key"])
        super().__init__(AdminCredentialProvider(), name, props, pulumi.ResourceOptions.merge(opts, secret))

"""Key material and the stack's own credential as Pulumi resources.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.keys.authority import Pair, certificate, expires
from haven_iac.keys.material import make

RENEW_FRACTION = 4
"""A credential is renewed when less than one fourth of its life is left."""

ADMIN = "haven-iac"
ADMIN_GROUP = "system:masters"
_LETTERS = "bcdfghjkmnpqrstvwxz2456789"


def _now() -> datetime:
    return datetime.now(UTC)


class ClusterKeysProvider(ResourceProvider):
    """Makes key material once; only another cluster name replaces it."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the material and the cluster's identity."""
        material = make(str(props["cluster"]), _now())
        suffix = "".join(secrets.choice(_LETTERS) for _ in range(5))
        outs = {
            "cluster": props["cluster"],
            "identity": f"{props['cluster']}-{suffix}",
            "root_cert": material.root.cert,
            "root_key": material.root.key,
            "ca_cert": material.files["ca.crt"],
            "material": material.files,
        }
        return CreateResult(id_=outs["identity"], outs=outs)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether the name changed."""
        changed = _olds.get("cluster") != _news.get("cluster")
        return DiffResult(changes=changed, replaces=["cluster"] if changed else [], stables=["identity"])


class ClusterKeys(Resource):
    """Certificate authorities, tokens and the identity of one cluster; stable over runs."""

    identity: pulumi.Output[str]
    root_cert: pulumi.Output[str]
    ca_cert: pulumi.Output[str]
    material: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, cluster: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("identity", "root_cert", "root_key", "ca_cert", "material"))
        secret = pulumi.ResourceOptions(additional_secret_outputs=["root_key", "material"])
        super().__init__(
            ClusterKeysProvider(), name, {"cluster": cluster, **outputs}, pulumi.ResourceOptions.merge(opts, secret)
        )


class AdminCredentialProvider(ResourceProvider):
    """Makes a client certificate and renews it before it ends."""

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
        keys = ("issuer_cert", "validity_days")
        changed = any(_olds.get(key) != _news.get(key) for key in keys)
        left = datetime.fromisoformat(str(_olds["not_after"])) - _now()
        near = left < timedelta(days=float(_olds["validity_days"])) / RENEW_FRACTION
        return DiffResult(changes=changed or near, replaces=[])

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Make it again."""
        return UpdateResult(outs=self._outs(_news))


class AdminCredential(Resource):
    """The stack's own administrator, renewed in place."""

    cert: pulumi.Output[str]
    key: pulumi.Output[str]
    not_after: pulumi.Output[str]

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

"""Short-lived credentials from a cluster whose keys are not ours: its own API signs a certificate, or gives a token."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from haven_iac.errors import DeployError
from haven_iac.keys.kubeconfig import Minted, with_user
from haven_iac.kube import Kube, KubeError, connect
from haven_iac.platform.common import NS_SYSTEM
from haven_iac.platform.identity import ACCESS, ACCESS_GROUP

SHORTEST = timedelta(minutes=10)
"""Kubernetes gives neither a certificate nor a token for less."""

PATIENCE = 10.0
"""Seconds that a cluster gets to sign; those that sign at all do so within one."""

_GROUP = "certificates.k8s.io/v1"
_SIGNER = "kubernetes.io/kube-apiserver-client"


def mint(kubeconfig: str, cluster: str, user: str, groups: Sequence[str], lifetime: timedelta) -> Minted:
    """Return a kubeconfig that ends by itself.

    A certificate names user and groups; where the cluster signs none (EKS is known for that) a token of the stack's
    own service account takes its place, which cannot name groups.

    Args:
        kubeconfig: the stack's own credential.
        cluster: name of the context.
        user: who the audit log names.
        groups: what bindings name; everything is allowed when empty.
        lifetime: how long it lives, ten minutes at the least.

    Raises:
        DeployError: the cluster gives neither.
    """
    wanted = max(lifetime, SHORTEST)
    with connect(kubeconfig) as kube:
        names = tuple(dict.fromkeys(groups)) or (ACCESS_GROUP,)
        if signed := _certificate(kube, user, names, wanted):
            cert, key, end = signed
            entry = {"client-certificate-data": _b64(cert), "client-key-data": _b64(key)}
            return Minted(with_user(kubeconfig, cluster, f"{user}@{cluster}", entry), cluster, user, names, end)
        if groups:
            raise DeployError(
                "this cluster signs no client certificates, and a token cannot name groups",
                fix="leave --group out for all rights, or log in through the identity provider",
            )
        token, end = _token(kube, wanted)
    account = f"system:serviceaccount:{NS_SYSTEM}:{ACCESS}"
    text = with_user(kubeconfig, cluster, f"{ACCESS}@{cluster}", {"token": token})
    return Minted(text, cluster, account, ("system:serviceaccounts",), end)


def _certificate(kube: Kube, user: str, groups: Sequence[str], lifetime: timedelta) -> tuple[str, str, datetime] | None:
    from haven_iac.keys.authority import expires, request

    asked, key = request(user, groups)
    name = f"haven-iac-{secrets.token_hex(8)}"
    body = {
        "apiVersion": _GROUP,
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": _b64(asked),
            "signerName": _SIGNER,
            "expirationSeconds": int(lifetime.total_seconds()),
            "usages": ["client auth"],
        },
    }
    try:
        made = kube.create(body)
        path = kube.path(body)
        reason = {"type": "Approved", "status": "True", "reason": "HavenIac", "message": "for `haven-iac kubeconfig`"}
        kube.put(f"{path}/approval", {**made, "status": {"conditions": [reason]}})
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = (kube.get(path) or {}).get("status") or {}
            if given := status.get("certificate"):
                cert = base64.b64decode(given).decode()
                return cert, key, expires(cert)
            if any(one.get("type") == "Failed" for one in status.get("conditions") or ()):
                return None
            time.sleep(0.2)
        return None
    except KubeError as error:
        if error.status in (403, 404):
            return None
        raise
    finally:
        kube.delete(body)


def _token(kube: Kube, lifetime: timedelta) -> tuple[str, datetime]:
    path = f"/api/v1/namespaces/{NS_SYSTEM}/serviceaccounts/{ACCESS}/token"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": int(lifetime.total_seconds())},
    }
    try:
        status = kube.post(path, body)["status"]
    except KubeError as error:
        raise DeployError(
            f"this cluster gives neither a certificate nor a token: {error.reason or error.status}",
            fix="`haven-iac up` makes the service account that tokens are for; its credential has to be cluster-admin",
        ) from None
    return str(status["token"]), datetime.fromisoformat(status["expirationTimestamp"]).astimezone(UTC)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

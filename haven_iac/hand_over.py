"""Who owns the platform's releases, as a Pulumi resource: it lets nothing go that would be deleted by going.

A release leaves our state in two runs: the first marks its objects as staying in the cluster, the second forgets them.
This resource remembers which of the two was the last, and refuses to begin with the second.

The module's path is part of every such stack's state: it must stay importable.
"""

from __future__ import annotations

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

from haven_iac.errors import DeployError
from haven_iac.kube import connect
from haven_iac.platform.common import NS_GITOPS
from haven_iac.platform.gitops import LABEL
from haven_iac.spec.gitops import Owner

TYPE = "HandOver"

_RELEASES = f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{NS_GITOPS}/helmreleases"


class HandOverProvider(ResourceProvider):
    """Remembers the owner, and lets Flux rest when the releases come back."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse to forget objects that the last run has not marked as staying."""
        if news.get("owner") == Owner.FLUX and _olds.get("owner") not in (Owner.MOVING, Owner.FLUX):
            why = "apply `gitops.owner: moving` first, or everything that leaves is deleted; `haven-iac up` does both"
            return CheckResult(news, [CheckFailure("owner", why)])
        return CheckResult(news, [])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Remember the owner."""
        return CreateResult(id_=str(props["cluster"]), outs=props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether the owner changed."""
        return DiffResult(changes=_olds.get("owner") != _news.get("owner"))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Remember the owner; let Flux's releases rest when they are ours again."""
        if _news["owner"] == Owner.HAVEN_IAC:
            rest(str(_news["kubeconfig"]), str(_news["cluster"]))
        return UpdateResult(outs=_news)


def rest(kubeconfig: str, cluster: str) -> list[str]:
    """Suspend the HelmReleases of one cluster, so that one that is deleted later uninstalls nothing.

    Returns:
        Their names.

    Raises:
        DeployError: the cluster does not answer, or refuses.
    """
    with connect(kubeconfig) as kube:
        found = kube.items(_RELEASES, labelSelector=f"{LABEL}={cluster}")
        for one in found:
            kube.merge(
                {**one, "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease"}, {"spec": {"suspend": True}}
            )
    return [one["metadata"]["name"] for one in found]


class HandOver(Resource, module="haven", name=TYPE):
    """Who owns the platform's releases."""

    owner: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        cluster: str,
        owner: Owner,
        kubeconfig: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        props = {"cluster": cluster, "owner": owner.value, "kubeconfig": pulumi.Output.secret(kubeconfig)}
        super().__init__(HandOverProvider(), name, props, pulumi.ResourceOptions.merge(opts, secret))


def owner_in(state: dict[str, Any]) -> Owner | None:
    """Return who owns the releases as an exported state has it; None before GitOps was on."""
    for one in (state.get("deployment") or {}).get("resources") or []:
        if str(one["type"]).endswith(f":{TYPE}"):
            try:
                return Owner((one.get("outputs") or {})["owner"])
            except (KeyError, ValueError) as error:
                raise DeployError("the state does not say who owns the releases", fix="refresh it") from error
    return None

"""Who owns the platform's releases, as a Pulumi resource: it lets nothing go that would be deleted by going.

A release leaves our state in two runs: the first marks its objects as staying in the cluster, the second forgets them.
This resource remembers which of the two was the last, and refuses to begin with the second.

The module's path is part of every such stack's state: it must stay importable.
"""

from __future__ import annotations

import time
from collections.abc import Container, Mapping
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
from haven_iac.kube import Kube, KubeError, connect
from haven_iac.platform.common import NS_GITOPS
from haven_iac.platform.gitops import LABEL, PLATFORM
from haven_iac.spec.gitops import Owner

TYPE = "HandOver"

PATIENCE = 60.0
"""Seconds that Flux has to let go of its objects before it counts as not running."""


class HandOverProvider(ResourceProvider):
    """Remembers the owner, and has Flux let go when the releases come back."""

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
        """Remember the owner; have Flux let go of the releases that are ours again."""
        if _news["owner"] == Owner.HAVEN_IAC and _news["kubeconfig"]:
            rest(str(_news["kubeconfig"]), str(_news["cluster"]))
        return UpdateResult(outs=_news)


def rest(kubeconfig: str, cluster: str) -> list[str]:
    """Take Flux's own objects for one cluster away, so that it lets go of the releases; what it installed stays.

    Each is suspended before it goes: Flux uninstalls what a HelmRelease has installed unless that is suspended. Helm's
    records go too, so that the next hand-over begins as the first did.

    Returns:
        The names of the HelmReleases.

    Raises:
        DeployError: the cluster does not answer, or refuses.
    """
    with connect(kubeconfig) as kube:
        releases = _found(kube, "HelmRelease", cluster)
        charts = {(one.get("status") or {}).get("helmChart") for one in releases}
        whole = kube.read(_body("Kustomization", PLATFORM))
        for one in (*([whole] if whole else []), *_every(kube, cluster, charts)):
            _change(kube, one, {"spec": {"suspend": True}})
        for one in releases:
            _forget(kube, one)
        _remove(kube, cluster, charts)
    return [one["metadata"]["name"] for one in releases]


_SOURCE, _KUSTOMIZE, _HELM = (f"{one}.toolkit.fluxcd.io" for one in ("source", "kustomize", "helm"))
_KINDS = {
    "Kustomization": (f"{_KUSTOMIZE}/v1", "kustomizations"),
    "HelmRelease": (f"{_HELM}/v2", "helmreleases"),
    "HelmChart": (f"{_SOURCE}/v1", "helmcharts"),
    "HelmRepository": (f"{_SOURCE}/v1", "helmrepositories"),
}
"""Flux's kinds, each with its version and plural, in the order in which their objects go: what makes others first."""


def _body(kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": _KINDS[kind][0], "kind": kind, "metadata": {"name": name, "namespace": NS_GITOPS}}


def _found(kube: Kube, kind: str, cluster: str) -> list[dict[str, Any]]:
    version, plural = _KINDS[kind]
    path = f"/apis/{version}/namespaces/{NS_GITOPS}/{plural}"
    which = "" if kind == "HelmChart" else f"{LABEL}={cluster}"
    return [{**one, "apiVersion": version, "kind": kind} for one in kube.items(path, labelSelector=which)]


def _every(kube: Kube, cluster: str, charts: Container[Any]) -> list[dict[str, Any]]:
    """Return Flux's objects for one cluster; its HelmCharts have no label of ours, and are known by name."""
    found = [one for kind in _KINDS for one in _found(kube, kind, cluster)]
    return [one for one in found if one["kind"] != "HelmChart" or f"{NS_GITOPS}/{one['metadata']['name']}" in charts]


def _remove(kube: Kube, cluster: str, charts: Container[Any]) -> None:
    """Delete what is suspended and wait until it is gone; what a Flux that does not answer would keep is let go."""
    begun = time.monotonic()
    while left := _every(kube, cluster, charts):
        waited = time.monotonic() - begun
        if waited > 2 * PATIENCE:
            names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in left)
            raise DeployError(f"still in {NS_GITOPS}: {names}", fix="see who makes them anew, then run again")
        for one in left:
            if waited > PATIENCE and one["metadata"].get("finalizers"):
                _change(kube, one, {"metadata": {"finalizers": None}})
            if not one["metadata"].get("deletionTimestamp"):
                kube.delete(one)
        time.sleep(0.2)


def _change(kube: Kube, body: Mapping[str, Any], change: Mapping[str, Any]) -> None:
    """Change an object that may be gone by now."""
    try:
        kube.merge(body, change)
    except KubeError as error:
        if error.status != 404:
            raise


def _forget(kube: Kube, release: Mapping[str, Any]) -> None:
    """Delete Helm's records of a release."""
    spec = release["spec"]
    namespace = spec.get("storageNamespace") or NS_GITOPS
    which = f"owner=helm,name={spec.get('releaseName') or release['metadata']['name']}"
    for one in kube.items(f"/api/v1/namespaces/{namespace}/secrets", bare=True, labelSelector=which):
        about = {"name": one["metadata"]["name"], "namespace": namespace}
        kube.delete({"apiVersion": "v1", "kind": "Secret", "metadata": about})


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

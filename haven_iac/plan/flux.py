"""What a repository in the Haven+ layout holds for the releases of a plan, so that Flux takes over the very same.

`infrastructure/<slot>/base` says which chart, `infrastructure/<slot>/overlays/<cluster>` with which values, and
`clusters/<cluster>/infrastructure` in which order. Secrets stay with us: git never has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.common import NS_GITOPS
from haven_iac.platform.gitops import LABEL, MIRROR_SECRET, SOURCE, folder, handed
from haven_iac.platform.release import Release

NOTE = "# Written by `haven-iac gitops export`; written anew by the next one.\n"
_KUSTOMIZE = "kustomize.config.k8s.io/v1beta1"
_FLUX = "kustomize.toolkit.fluxcd.io/v1"
INTERVAL = "1h"


def files(plan: ClusterPlan) -> dict[str, str]:
    """Return the content of every file, by path from the root of the repository."""
    found: dict[str, Any] = {}
    marked = {"labels": [{"pairs": {LABEL: plan.spec.name}}]}
    trusted = MIRROR_SECRET if plan.spec.mirror.charts and plan.spec.mirror.ca_secret else ""
    given = [one for one in plan.releases if handed(one)]
    slots = {one.slot for one in given}
    for release in given:
        base, overlay = (
            f"infrastructure/{release.slot}/base",
            f"infrastructure/{release.slot}/overlays/{plan.spec.name}",
        )
        found[f"{base}/kustomization.yaml"] = _kustomization(["repository.yaml", "release.yaml"])
        found[f"{base}/repository.yaml"] = _repository(release, trusted)
        found[f"{base}/release.yaml"] = _release(release)
        found[f"{overlay}/kustomization.yaml"] = {
            **_kustomization(["../../base"]),
            **marked,
            "patches": [{"path": "values.yaml"}],
        }
        found[f"{overlay}/values.yaml"] = _values(release)
        found[f"{folder(plan.spec.name)}/{release.slot}.yaml"] = _applied(release, overlay, slots)
    found[f"{folder(plan.spec.name)}/kustomization.yaml"] = {
        **_kustomization([f"{one.slot}.yaml" for one in given]),
        **marked,
    }
    return {path: _text(body) for path, body in sorted(found.items())}


def _kustomization(resources: list[str]) -> dict[str, Any]:
    return {"apiVersion": _KUSTOMIZE, "kind": "Kustomization", "resources": resources}


def _about(release: Release) -> dict[str, str]:
    return {"name": release.name, "namespace": NS_GITOPS}


def _repository(release: Release, trusted: str) -> dict[str, Any]:
    ca = {"certSecretRef": {"name": trusted}} if trusted else {}
    kind = {"type": "oci"} if release.repo.startswith("oci://") else {}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": _about(release),
        "spec": {"interval": INTERVAL, **kind, "url": release.repo, **ca},
    }


def _release(release: Release) -> dict[str, Any]:
    """Return the HelmRelease without its values; helm-controller takes over what is there already by itself."""
    source = {"kind": "HelmRepository", "name": release.name}
    action = {
        "crds": "Skip" if release.skip_crds else "CreateReplace",
        # As we apply it: what charts do in hooks is done by ordinary means, whoever owns the release.
        "disableHooks": True,
        # A first take-over that fails is tried again; the usual remedy is to uninstall, and with it what runs.
        "strategy": {"name": "RetryOnFailure", "retryInterval": "5m"},
    }
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": _about(release),
        "spec": {
            "interval": INTERVAL,
            "releaseName": release.name,
            "targetNamespace": release.namespace,
            "storageNamespace": release.namespace,
            "chart": {"spec": {"chart": release.chart, "version": release.version, "sourceRef": source}},
            "install": action,
            "upgrade": action,
            "uninstall": {"disableHooks": True},
            "driftDetection": {"mode": "enabled"},
        },
    }


def _values(release: Release) -> dict[str, Any]:
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": _about(release),
        "spec": {"values": dict(release.values)},
    }


def _applied(release: Release, path: str, slots: set[str]) -> dict[str, Any]:
    needs = [{"name": need} for need in release.needs if need in slots]
    return {
        "apiVersion": _FLUX,
        "kind": "Kustomization",
        "metadata": {"name": release.slot, "namespace": NS_GITOPS},
        "spec": {
            "interval": INTERVAL,
            "path": f"./{path}",
            # A slot leaves by `haven-iac`, not by a file that is missing: an uninstall takes data with it.
            "prune": False,
            "wait": True,
            "sourceRef": {"kind": "GitRepository", "name": SOURCE},
            **({"dependsOn": needs} if needs else {}),
        },
    }


def _text(body: Mapping[str, Any]) -> str:
    import yaml

    # Through JSON, so that what stands twice is written twice: nobody reads anchors.
    return NOTE + yaml.safe_dump(json.loads(json.dumps(body)), sort_keys=False, allow_unicode=True, width=120)

"""GitOps: Flux, which takes the platform over from a repository in the Haven+ layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import NS_GITOPS, PRIORITY, image, make, resources, scraped, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.GITOPS

CONTROLLERS = {
    "sourceController": "source-controller",
    "kustomizeController": "kustomize-controller",
    "helmController": "helm-controller",
    "notificationController": "notification-controller",
}
"""Key in the chart's values, to name of the controller's image."""
_OFF = ("imageAutomationController", "imageReflectionController")


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Flux's controllers."""
    pods = sizes(spec).flux
    values: dict[str, Any] = {
        key: {
            "create": True,
            "image": image(spec, f"ghcr.io/fluxcd/{name}"),
            "resources": resources(pods),
            "priorityClassName": PRIORITY,
        }
        for key, name in CONTROLLERS.items()
    }
    values |= {key: {"create": False} for key in _OFF}
    values |= {"installCRDs": True, "prometheus": {"podMonitor": {"create": scraped(spec, facts)}}}
    return make(
        spec,
        facts,
        slot=slot,
        chart="flux2",
        namespace=NS_GITOPS,
        pod_security=PodSecurity.RESTRICTED,
        values=values,
        needs=(slots.MONITORING_CRDS,),
        provides=("gitops",),
        workloads=(workload(pods, replicas=len(CONTROLLERS)),),
        flows=(
            flows.policy(
                NS_GITOPS,
                "flux",
                ingress=[flows.scrape(8080)],
                egress=[flows.api(), flows.outside(22, 443)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the source and what is applied from it."""
    given = spec.gitops
    if given is None:
        return ()
    source_name = "flux-system"  # the Haven+ repository refers to its source by this name
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": source_name, "namespace": NS_GITOPS},
        "spec": {"interval": "5m", "url": given.repository, "ref": {"branch": given.branch}},
    }
    applied = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "platform", "namespace": NS_GITOPS},
        "spec": {
            "interval": "10m",
            "path": given.path,
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": source_name},
        },
    }
    return (Manifest(slot, "source", source), Manifest(slot, "kustomization", applied))

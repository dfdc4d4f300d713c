"""GitOps: Flux, which takes the platform's releases over from a repository in the Haven+ layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, late, slots
from haven_iac.platform.common import NS_GITOPS, PRIORITY, image, make, resources, scraped, workload
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.secret_forms import TOKEN, USER
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.gitops import GitopsSpec, Owner
from haven_iac.spec.policy import PodSecurity

slot = slots.GITOPS

CONTROLLERS = {
    "sourceController": "source-controller",
    "kustomizeController": "kustomize-controller",
    "helmController": "helm-controller",
    "notificationController": "notification-controller",
}
"""Key in the chart's values, to name of the controller's image."""
STAYS = (slots.GATEWAY_API, slots.GITOPS)
"""Slots that are never handed over: the kinds that others' objects are of, and Flux itself."""
SOURCE = "flux-system"
"""What repositories in the Haven+ layout call their source."""
PLATFORM = "platform"
"""Name of the Kustomization that applies what the repository holds."""
LABEL = "haven-iac/cluster"
"""Label of Flux's objects that `haven-iac gitops export` writes, with the name of the cluster."""
REPOSITORY_SECRET = "flux-repository"
"""What Flux shows the git server, and trusts of it."""
MIRROR_SECRET = "flux-mirror"
"""The authority of the mirror that charts come from."""
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
    # Were its kinds to go, so would every HelmRelease, and with it what it has installed.
    values["crds"] = {"annotations": {"helm.sh/resource-policy": "keep"}}
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
        secrets=_secrets(spec),
        flows=(
            flows.policy(
                NS_GITOPS,
                "flux",
                ingress=[flows.scrape(8080)],
                egress=[flows.api(), flows.outside(*_ports(spec))],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the source, and what is applied from it: nothing before the releases are Flux's."""
    given = spec.gitops
    if given is None:
        return ()
    private = {"secretRef": {"name": REPOSITORY_SECRET}} if given.secret or given.ca_secret else {}
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": SOURCE, "namespace": NS_GITOPS},
        "spec": {"interval": "5m", "url": given.repository, "ref": {"branch": given.branch}, **private},
    }
    applied = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": PLATFORM, "namespace": NS_GITOPS},
        "spec": {
            "interval": "10m",
            "path": given.path or f"./{folder(spec.name)}",
            "prune": True,
            # When this object goes, what it has applied stays.
            "deletionPolicy": "Orphan",
            "suspend": given.owner is not Owner.FLUX,
            "sourceRef": {"kind": "GitRepository", "name": SOURCE},
        },
    }
    return (Manifest(slot, "source", source), Manifest(slot, "kustomization", applied))


def folder(cluster: str) -> str:
    """Return the folder of a cluster in a repository of the Haven+ layout."""
    return f"clusters/{cluster}/infrastructure"


def handed(release: Release) -> bool:
    """Return whether Flux can keep a release.

    It cannot fetch what comes with a package, nor know what only building tells: of such releases are the cloud's
    own controllers.
    """
    from_here = release.folder or release.manifest or late.found(release.values)
    return release.slot not in STAYS and not from_here


def owner(spec: ClusterSpec, release: Release) -> Owner:
    """Return who keeps a release."""
    return spec.gitops.owner if spec.gitops and handed(release) else Owner.HAVEN_IAC


def _secrets(spec: ClusterSpec) -> tuple[SecretRef, ...]:
    found = []
    if spec.gitops and (spec.gitops.secret or spec.gitops.ca_secret):
        found.append(_credential(spec.gitops))
    if spec.mirror.charts and spec.mirror.ca_secret:
        found.append(SecretRef(MIRROR_SECRET, {"ca.crt": spec.mirror.ca_secret}))
    return tuple(found)


def _credential(given: GitopsSpec) -> SecretRef:
    if given.repository.startswith("https://"):
        forms = {"username": USER, "password": TOKEN} if given.secret else {}
        trusted = {"ca.crt": given.ca_secret} if given.ca_secret else {}
        return SecretRef(REPOSITORY_SECRET, {**dict.fromkeys(forms, str(given.secret)), **trusted}, forms)
    return SecretRef(REPOSITORY_SECRET, {"identity": str(given.secret)}, plain={"known_hosts": str(given.known_hosts)})


def _ports(spec: ClusterSpec) -> list[int]:
    """Return the TCP ports of git servers and chart repositories: the usual ones, and those that the addresses name."""
    named = [spec.gitops.repository if spec.gitops else "", spec.mirror.charts or ""]
    return sorted({22, 443, *(port for one in named if "://" in one and (port := urlsplit(one).port))})

"""The webhook by which cert-manager proves names in a zone of OpenStack's Designate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import NO_ESCALATION, NOT_ROOT, NS_CERTIFICATES, image, make, resources, workload
from haven_iac.platform.dns_providers import SOLVER_GROUP
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.secret_forms import OPENSTACK
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.DNS_SOLVER

NAME = "designate-certmanager-webhook"
SECRET = "designate"
PORT = 8443
IMAGES = {
    "webhook": "docker.io/syseleven/designate-certmanager-webhook:0.4.0",
    "wait": "docker.io/library/alpine:3.22",
    "register": "registry.k8s.io/kubectl:v1.36.0",
}


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the webhook, in cert-manager's own namespace."""
    pods = sizes(spec).dns_solver
    return make(
        spec,
        facts,
        slot=slot,
        chart=NAME,
        namespace=NS_CERTIFICATES,
        pod_security=PodSecurity.RESTRICTED,
        values={
            "replicaCount": pods.replicas,
            "image": _image(spec, "webhook"),
            "alpine": {"image": _image(spec, "wait")},
            "kubectl": {"image": _image(spec, "register")},
            "certManager": {"namespace": NS_CERTIFICATES, "serviceAccountName": "cert-manager"},
            "credentialsSecret": SECRET,
            "podSecurityContext": {**NOT_ROOT, "runAsUser": 1000, "fsGroup": 2000},
            "securityContext": {**NO_ESCALATION, "runAsNonRoot": True, "runAsUser": 1000},
            "resources": resources(pods),
        },
        needs=(slots.CERTIFICATES,),
        provides=("dns-solver",),
        workloads=(workload(pods),),
        secrets=_secrets(spec),
        images=tuple(IMAGES.values()),
        flows=(
            flows.policy(
                NS_CERTIFICATES,
                "dns-solver",
                {"app": NAME},
                ingress=[flows.anywhere(PORT)],
                egress=[flows.api(), flows.outside(443, 5000, 9001)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the APIService and a disruption budget.

    The chart lets a container make the APIService and a hook remove it, and no hook runs; left behind dead, it would
    keep every namespace from being deleted. As an object of ours it goes before the webhook does. Where pods are
    simulated nothing would answer behind it.
    """
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "dns-solver", "namespace": NS_CERTIFICATES},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": NAME}}},
    }
    if facts.simulated:
        return (Manifest(slot, "budget", budget),)
    return (Manifest(slot, "budget", budget), Manifest(slot, "apiservice", _apiservice()))


def _image(spec: ClusterSpec, part: str) -> dict[str, str]:
    repository, _, tag = IMAGES[part].rpartition(":")
    return {"repository": image(spec, repository), "tag": tag}


def _apiservice() -> dict[str, Any]:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {
            "name": f"v1alpha1.{SOLVER_GROUP}",
            "annotations": {"cert-manager.io/inject-ca-from": f"{NS_CERTIFICATES}/{NAME}-webhook-tls"},
        },
        "spec": {
            "group": SOLVER_GROUP,
            "version": "v1alpha1",
            "groupPriorityMinimum": 1000,
            "versionPriority": 15,
            "service": {"name": NAME, "namespace": NS_CERTIFICATES},
        },
    }


def _secrets(spec: ClusterSpec) -> tuple[SecretRef, ...]:
    """Return the credential of the zone as the variables that OpenStack's clients read."""
    if spec.dns.secret is None:
        return ()
    forms = {name: f"{OPENSTACK}{name}" for name in VARIABLES}
    return (SecretRef(SECRET, dict.fromkeys(forms, spec.dns.secret), forms),)


VARIABLES = (
    "OS_AUTH_URL",
    "OS_AUTH_TYPE",
    "OS_REGION_NAME",
    "OS_DOMAIN_NAME",
    "OS_PROJECT_ID",
    "OS_USERNAME",
    "OS_PASSWORD",
    "OS_APPLICATION_CREDENTIAL_ID",
    "OS_APPLICATION_CREDENTIAL_SECRET",
)

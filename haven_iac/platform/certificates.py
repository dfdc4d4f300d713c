"""Certificates: cert-manager and the issuer of everything behind the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    CRITICAL,
    ISSUER,
    NS_CERTIFICATES,
    NS_GATEWAY,
    make,
    resources,
    scraped,
    spread,
    workload,
)
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.policy import PodSecurity

slot = slots.CERTIFICATES

CA_SECRET = "platform-ca"
EAB_SECRET = "acme-eab"
METRICS_PORT = 9402


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return cert-manager with its CRDs."""
    size = sizes(spec)
    parts = (size.cert_manager, size.cert_manager_webhook, size.cert_manager_cainjector)
    eab = spec.ingress.certificates.eab
    return make(
        spec,
        facts,
        slot=slot,
        chart="cert-manager",
        namespace=NS_CERTIFICATES,
        pod_security=PodSecurity.RESTRICTED,
        values=_values(spec, facts),
        needs=(slots.GATEWAY_API, slots.MONITORING_CRDS),
        provides=("cert-manager",),
        workloads=tuple(workload(part) for part in parts),
        secrets=(SecretRef(EAB_SECRET, {"hmac": eab.secret}),) if eab else (),
        flows=_flows(),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the issuer; none where the certificate is supplied."""
    issuer = spec.ingress.certificates.issuer
    if issuer is Issuer.ACME:
        return (Manifest(slot, ISSUER, _issuer(ISSUER, {"acme": _acme(spec)}), beside=True),)
    if issuer is Issuer.PRIVATE_CA:
        authority = {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": CA_SECRET, "namespace": facts.place(slot, NS_CERTIFICATES)},
            "spec": {
                "isCA": True,
                "commonName": f"{spec.name} platform CA",
                "secretName": CA_SECRET,
                "duration": "87600h",
                "privateKey": {"algorithm": "ECDSA", "size": 384},
                "issuerRef": {"kind": "ClusterIssuer", "name": "self-signed"},
            },
        }
        return (
            Manifest(slot, "self-signed", _issuer("self-signed", {"selfSigned": {}}), beside=True),
            Manifest(slot, CA_SECRET, authority, beside=True),
            Manifest(slot, ISSUER, _issuer(ISSUER, {"ca": {"secretName": CA_SECRET}}), beside=True),
        )
    return ()


def _issuer(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name}, "spec": spec}


def _acme(spec: ClusterSpec) -> dict[str, Any]:
    given = spec.ingress.certificates
    parents = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "traefik-gateway"}]
    acme: dict[str, Any] = {
        "server": given.server,
        "email": given.email,
        "privateKeySecretRef": {"name": "acme-account"},
        "solvers": [
            {"http01": {"gatewayHTTPRoute": {"parentRefs": [{**p, "namespace": NS_GATEWAY} for p in parents]}}}
        ],
    }
    if given.eab:
        acme["externalAccountBinding"] = {
            "keyID": given.eab.key_id,
            "keySecretRef": {"name": EAB_SECRET, "key": "hmac"},
        }
    return acme


def _values(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    size = sizes(spec)

    def part(pods: Pods, component: str) -> dict[str, Any]:
        return {
            "replicaCount": pods.replicas,
            "podDisruptionBudget": {"enabled": pods.replicas > 1, "maxUnavailable": 1},
            "resources": resources(pods),
            "topologySpreadConstraints": spread({"app.kubernetes.io/component": component}),
        }

    values: dict[str, Any] = {
        **part(size.cert_manager, "controller"),
        "webhook": part(size.cert_manager_webhook, "webhook"),
        "cainjector": part(size.cert_manager_cainjector, "cainjector"),
        "global": {"priorityClassName": CRITICAL, "leaderElection": {"namespace": NS_CERTIFICATES}},
        "crds": {"enabled": True, "keep": True},
        "startupapicheck": {"enabled": False},
        "config": {
            "apiVersion": "controller.config.cert-manager.io/v1alpha1",
            "kind": "ControllerConfiguration",
            "gatewayAPI": {"enabled": slots.filled(spec, facts, slots.GATEWAY_API)},
        },
        "prometheus": {"enabled": True, "servicemonitor": {"enabled": scraped(spec, facts)}},
    }
    if spec.mirror.images:
        values |= {"imageRegistry": spec.mirror.images.rstrip("/"), "imageNamespace": "jetstack"}
    return values


def _flows() -> tuple[dict[str, Any], ...]:
    return (
        flows.policy(
            NS_CERTIFICATES,
            "cert-manager",
            ingress=[flows.anywhere(10250), flows.scrape(METRICS_PORT)],
            egress=[flows.api(), flows.outside(80, 443), flows.outside(53, protocols=("UDP", "TCP"))],
        ),
    )

"""Certificates: cert-manager and the issuer of everything behind the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import dns_providers, flows, objects, slots
from haven_iac.platform.common import (
    CRITICAL,
    GATEWAY,
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
from haven_iac.platform.secret_forms import chain
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.policy import PodSecurity

slot = slots.CERTIFICATES

CA_SECRET = "platform-ca"
EAB_SECRET = "acme-eab"
METRICS_PORT = 9402
WEBHOOK_PORT = 10250


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return cert-manager with its CRDs."""
    size = sizes(spec)
    parts = (size.cert_manager, size.cert_manager_webhook, size.cert_manager_cainjector)
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
        accepts=(_issuer("haven-iac-asks", {"selfSigned": {}}),),
        workloads=tuple(workload(part) for part in parts),
        secrets=_secrets(spec),
        flows=_flows(spec),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the issuer; none where the certificate is supplied."""
    given = spec.ingress.certificates
    if given.issuer is Issuer.ACME:
        return (Manifest(slot, ISSUER, _issuer(ISSUER, {"acme": _acme(spec)}), beside=True),)
    if given.issuer is Issuer.PRIVATE_CA:
        ours = () if given.secret else _authority(spec, facts)
        issuer = _issuer(ISSUER, {"ca": {"secretName": CA_SECRET}})
        return (*ours, Manifest(slot, ISSUER, issuer, beside=True))
    return ()


def _authority(spec: ClusterSpec, facts: CloudFacts) -> tuple[Manifest, ...]:
    """Return an authority of this cluster's own, for where none is given."""
    body = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": CA_SECRET, "namespace": facts.place(slot, NS_CERTIFICATES)},
        "spec": {
            "isCA": True,
            "commonName": f"{spec.name} platform CA",
            "secretName": CA_SECRET,
            "duration": "87600h",
            "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
            "issuerRef": {"kind": "ClusterIssuer", "name": "self-signed"},
        },
    }
    return (
        Manifest(slot, "self-signed", _issuer("self-signed", {"selfSigned": {}}), beside=True),
        Manifest(slot, CA_SECRET, body, beside=True),
    )


def _secrets(spec: ClusterSpec) -> tuple[SecretRef, ...]:
    """Return the HMAC key of the account, the authority, and what changes the zone, as far as they are needed."""
    given = spec.ingress.certificates
    found: list[SecretRef] = []
    if given.eab:
        found.append(SecretRef(EAB_SECRET, {"hmac": given.eab.secret}))
    if given.issuer is Issuer.PRIVATE_CA and given.secret:
        found.append(chain(CA_SECRET, given.secret))
    held = dns_providers.provider(spec)
    if held and slots.solves_by_dns(spec):
        found += dns_providers.secret(spec, held.proofs)
    return tuple(found)


def _issuer(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name}, "spec": spec}


def _acme(spec: ClusterSpec) -> dict[str, Any]:
    given = spec.ingress.certificates
    acme: dict[str, Any] = {
        "server": given.server,
        "email": given.email,
        "privateKeySecretRef": {"name": "acme-account"},
        "solvers": _solvers(spec),
    }
    if given.eab:
        acme["externalAccountBinding"] = {
            "keyID": given.eab.key_id,
            "keySecretRef": {"name": EAB_SECRET, "key": "hmac"},
        }
    return acme


def _solvers(spec: ClusterSpec) -> list[dict[str, Any]]:
    """Return how names are proven: in their zone, and by an answer on port 80 for those that are not in it."""
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": GATEWAY,
        "namespace": NS_GATEWAY,
        "sectionName": "web",
    }
    answer = {"http01": {"gatewayHTTPRoute": {"parentRefs": [parent]}}}
    held = dns_providers.provider(spec)
    if not (held and slots.solves_by_dns(spec)):
        return [answer]
    return [{"selector": {"dnsZones": [dns_providers.zone(spec)]}, "dns01": held.solver(spec)}, answer]


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


def _flows(spec: ClusterSpec) -> tuple[dict[str, Any], ...]:
    """Return what cert-manager reaches: the issuer, the gateway for its own look at an answer, and name servers."""
    egress = [
        flows.api(),
        flows.outside(80, 443, *_acme_port(spec)),
        flows.namespace_rule("to", NS_GATEWAY),
        flows.outside(53, protocols=("UDP", "TCP")),
    ]
    held = dns_providers.provider(spec)
    if held and slots.solves_by_dns(spec):
        egress += held.egress(spec)
    ingress = [flows.anywhere(WEBHOOK_PORT), flows.scrape(METRICS_PORT)]
    return (flows.policy(NS_CERTIFICATES, "cert-manager", ingress=ingress, egress=egress),)


def _acme_port(spec: ClusterSpec) -> list[int]:
    port = objects.port_of(spec.ingress.certificates.server)
    return [] if port == 443 else [port]

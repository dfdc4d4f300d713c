"""Gateway: Traefik for Gateway API and Ingress, behind a load balancer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import ISSUER, NS_GATEWAY, TLS_SECRET, make, name_label, workload
from haven_iac.platform.gateway_values import FSC_PORT, METRICS_PORT, host_secret, hosts, values, wildcards
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.secret_forms import chain
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.policy import PodSecurity

slot = slots.GATEWAY


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Traefik behind a load balancer."""
    pods = sizes(spec).gateway
    if spec.ingress.replicas:
        pods = Pods(spec.ingress.replicas, pods.cpu_millis, pods.memory_mib, pods.limit_mib)
    supplied = spec.ingress.certificates.issuer is Issuer.SUPPLIED
    return make(
        spec,
        facts,
        slot=slot,
        chart="traefik",
        namespace=NS_GATEWAY,
        pod_security=PodSecurity.RESTRICTED,
        values=values(spec, facts, pods),
        needs=(slots.GATEWAY_API, slots.CERTIFICATES, slots.MONITORING_CRDS),
        provides=("gateway",),
        workloads=(workload(pods),),
        secrets=(chain(TLS_SECRET, str(spec.ingress.certificates.secret)),) if supplied else (),
        flows=_flows(),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the certificate of the platform domain and of each further name, unless it is supplied."""
    if spec.ingress.certificates.issuer is Issuer.SUPPLIED or not slots.filled(spec, facts, slots.CERTIFICATES):
        return ()
    domain = spec.ingress.domain
    names = [domain, f"*.{domain}"] if wildcards(spec) else [domain]
    found = [Manifest(slot, TLS_SECRET, _certificate(TLS_SECRET, names), (slots.CERTIFICATES,))]
    for host in hosts(spec):
        secret = host_secret(host)
        found.append(Manifest(slot, secret, _certificate(secret, [host]), (slots.CERTIFICATES,)))
    return tuple(found)


def _certificate(secret: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": secret, "namespace": NS_GATEWAY},
        "spec": {
            "secretName": secret,
            "dnsNames": list(names),
            "issuerRef": {"kind": "ClusterIssuer", "name": ISSUER},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
    }


def _flows() -> tuple[dict[str, Any], ...]:
    pods = name_label("traefik")
    reach = [flows.anywhere(80, 443, FSC_PORT), flows.scrape(METRICS_PORT)]
    return (flows.policy(NS_GATEWAY, "traefik", pods, ingress=reach, egress=[flows.api(), flows.every_pod("to")]),)

"""Gateway: Traefik for Gateway API and Ingress, with TLS as the NCSC guideline of 2025-05 asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    CRITICAL,
    ISSUER,
    NS_GATEWAY,
    TLS_SECRET,
    make,
    name_label,
    registry,
    resources,
    scraped,
    spread,
    workload,
)
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.secret_forms import CERTIFICATES, PRIVATE_KEY
from haven_iac.platform.sizes import Pods, sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.policy import PodSecurity

slot = slots.GATEWAY

HSTS_SECONDS = 31536000
"""One year, as internet.nl asks."""
FSC_PORT = 8443
"""TLS that is passed through for FSC, which needs its own end to end."""
METRICS_PORT = 9100

_SUITES = [
    f"TLS_ECDHE_{kind}_WITH_{cipher}"
    for cipher in ("AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_GCM_SHA256")
    for kind in ("ECDSA", "RSA")
]


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
        values=_values(spec, facts, pods),
        needs=(slots.GATEWAY_API, slots.CERTIFICATES, slots.MONITORING_CRDS),
        provides=("gateway",),
        workloads=(workload(pods),),
        secrets=(_supplied(str(spec.ingress.certificates.secret)),) if supplied else (),
        flows=_flows(),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the certificate of the platform domain, unless it is supplied."""
    if spec.ingress.certificates.issuer is Issuer.SUPPLIED or not slots.filled(spec, facts, slots.CERTIFICATES):
        return ()
    domain = spec.ingress.domain
    names = [domain] if spec.ingress.certificates.issuer is Issuer.ACME else [domain, f"*.{domain}"]
    body = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": TLS_SECRET, "namespace": NS_GATEWAY},
        "spec": {
            "secretName": TLS_SECRET,
            "dnsNames": names,
            "issuerRef": {"kind": "ClusterIssuer", "name": ISSUER},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
    }
    return (Manifest(slot, TLS_SECRET, body, (slots.CERTIFICATES,)),)


def _supplied(secret: str) -> SecretRef:
    entries = {"tls.crt": secret, "tls.key": secret}
    return SecretRef(TLS_SECRET, entries, {"tls.crt": CERTIFICATES, "tls.key": PRIVATE_KEY})


def _values(spec: ClusterSpec, facts: CloudFacts, pods: Pods) -> dict[str, Any]:
    trusted = {"trustedIPs": [str(spec.network.nodes)]}
    proxied = {"proxyProtocol": trusted} if facts.load_balancer.proxy_protocol else {}
    routes = slots.filled(spec, facts, slots.GATEWAY_API)
    outer = {"from": "All"}
    certificate = [{"kind": "Secret", "group": "", "name": TLS_SECRET}]
    return {
        "image": {"registry": registry(spec, "docker.io")},
        "deployment": {"replicas": pods.replicas, "minReadySeconds": 10},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread(name_label("traefik")),
        "resources": resources(pods),
        "priorityClassName": CRITICAL,
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "providers": {
            "kubernetesGateway": {"enabled": routes},
            "kubernetesIngress": {"enabled": True},
            "kubernetesCRD": {"enabled": True, "defaultTLSResourcesNamespace": NS_GATEWAY},
        },
        "ingressClass": {"enabled": True, "isDefaultClass": True, "name": "traefik"},
        "gatewayClass": {"enabled": routes, "name": "traefik"},
        "gateway": {
            "enabled": routes,
            "listeners": {
                "web": {"port": 80, "protocol": "HTTP", "namespacePolicy": outer},
                "websecure": {
                    "port": 443,
                    "protocol": "HTTPS",
                    "hostname": f"*.{spec.ingress.domain}",
                    "namespacePolicy": outer,
                    "mode": "Terminate",
                    "certificateRefs": certificate,
                },
                "passthrough": {"port": 443, "protocol": "TLS", "mode": "Passthrough", "namespacePolicy": outer},
                "fsc": {"port": FSC_PORT, "protocol": "TLS", "mode": "Passthrough", "namespacePolicy": outer},
            },
        },
        "ports": {
            "web": {
                "port": 80,
                "allowACMEByPass": True,
                "http": {
                    "redirections": {"entryPoint": {"to": "websecure", "scheme": "https", "permanent": True}},
                },
                **proxied,
            },
            "websecure": {"port": 443, "http": {"middlewares": [f"{NS_GATEWAY}-hsts@kubernetescrd"]}, **proxied},
            "fsc": {
                "port": FSC_PORT,
                "exposedPort": FSC_PORT,
                "protocol": "TCP",
                "expose": {"default": True},
                **proxied,
            },
        },
        "service": {
            "annotations": dict(facts.load_balancer.annotations),
            "spec": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Cluster" if facts.load_balancer.proxy_protocol else "Local",
            },
        },
        "tlsOptions": {
            "default": {
                "minVersion": "VersionTLS12",
                "cipherSuites": _SUITES,
                "curvePreferences": ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"],
                "sniStrict": False,
            }
        },
        "tlsStore": {"default": {"defaultCertificate": {"secretName": TLS_SECRET}}},
        "extraObjects": [
            {
                "apiVersion": "traefik.io/v1alpha1",
                "kind": "Middleware",
                "metadata": {"name": "hsts", "namespace": NS_GATEWAY},
                "spec": {"headers": {"stsSeconds": HSTS_SECONDS, "stsIncludeSubdomains": True}},
            }
        ],
        "api": {"dashboard": False},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "metrics": {
            "prometheus": {
                "service": {"enabled": True},
                "disableAPICheck": True,
                "serviceMonitor": {"enabled": scraped(spec, facts)},
            }
        },
        "accessLog": {"enabled": True, "format": "json"},
    }


def _flows() -> tuple[dict[str, Any], ...]:
    pods = name_label("traefik")
    reach = [flows.anywhere(80, 443, FSC_PORT), flows.scrape(METRICS_PORT)]
    return (flows.policy(NS_GATEWAY, "traefik", pods, ingress=reach, egress=[flows.api(), flows.every_pod("to")]),)

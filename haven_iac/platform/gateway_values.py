"""What Traefik is told: listeners, TLS as the NCSC guideline of 2025-05 asks, and the client's address."""

from __future__ import annotations

from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import dns, grafana, slots
from haven_iac.platform.common import (
    CRITICAL,
    NS_GATEWAY,
    TLS_SECRET,
    name_label,
    registry,
    resources,
    scraped,
    spread,
)
from haven_iac.platform.sizes import Pods
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Issuer

HSTS_SECONDS = 31536000
"""One year, as internet.nl asks."""
FSC_PORT = 8443
"""TLS that is passed through for FSC, which needs its own end to end."""
METRICS_PORT = 9100
NODE_PORTS = {"web": 30080, "websecure": 30443, "fsc": 30843}
"""Where every node answers for the gateway, where nothing makes load balancers."""
GRACE = "15s"
"""How long it still takes connections when it is asked to stop, until the load balancer sends none."""

TLS: dict[str, Any] = {
    "minVersion": "VersionTLS12",
    "cipherSuites": [
        f"TLS_ECDHE_{kind}_WITH_{cipher}"
        for cipher in ("AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_GCM_SHA256")
        for kind in ("ECDSA", "RSA")
    ],
    "curvePreferences": ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"],
    "sniStrict": False,
}
"""TLS 1.3, whose suites are fixed, and 1.2 with the suites that the guideline calls good or sufficient: no CBC, no
DHE, no RSA key exchange. A client that names no host gets the platform's certificate."""


def hosts(spec: ClusterSpec) -> tuple[str, ...]:
    """Return the further names: those of the description, and the platform's own where no wildcard covers them."""
    ours = [grafana.host(spec)] if spec.monitoring.login and not wildcards(spec) else []
    return tuple(dict.fromkeys([*spec.ingress.hosts, *ours]))


def wildcards(spec: ClusterSpec) -> bool:
    """Return whether the issuer can make a certificate for every name below the domain at once."""
    return spec.ingress.certificates.issuer is not Issuer.ACME or slots.solves_by_dns(spec)


def host_secret(host: str) -> str:
    """Return the name of the Secret with the certificate of a further name."""
    return f"tls-{host.replace('.', '-')}"


def values(spec: ClusterSpec, facts: CloudFacts, pods: Pods) -> dict[str, Any]:
    """Return the values of the chart."""
    routes = slots.filled(spec, facts, slots.GATEWAY_API)
    return {
        "image": {"registry": registry(spec, "docker.io"), "repository": "library/traefik"},
        "deployment": {"replicas": pods.replicas, "minReadySeconds": 10, "terminationGracePeriodSeconds": 60},
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
            "kubernetesGateway": {"enabled": routes, "experimentalChannel": False},
            "kubernetesIngress": {"enabled": True},
            "kubernetesCRD": {"enabled": True, "defaultTLSResourcesNamespace": NS_GATEWAY},
        },
        "core": {"strictTLSOptions": True},
        "ingressClass": {"enabled": True, "isDefaultClass": True, "name": "traefik"},
        "gatewayClass": {"enabled": routes, "name": "traefik"},
        "gateway": {"enabled": routes, "listeners": listeners(spec)},
        "ports": _ports(spec, facts),
        "service": _service(spec, facts),
        "tlsOptions": {"default": TLS},
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
        "log": {"format": "json"},
        "accessLog": {"enabled": True, "format": "json"},
    }


def listeners(spec: ClusterSpec) -> dict[str, Any]:
    """Return what the Gateway listens to; on 443 a name decides between our TLS and what is passed through."""
    outer = {"namespacePolicy": {"from": "All"}}
    through = {"protocol": "TLS", "mode": "Passthrough", **outer}

    def ours(host: str, secret: str) -> dict[str, Any]:
        certificate = [{"kind": "Secret", "group": "", "name": secret}]
        return {
            "port": 443,
            "protocol": "HTTPS",
            "hostname": host,
            "mode": "Terminate",
            "certificateRefs": certificate,
            **outer,
        }

    supplied = spec.ingress.certificates.issuer is Issuer.SUPPLIED
    further = {
        f"host-{host.replace('.', '-')}": ours(host, TLS_SECRET if supplied else host_secret(host))
        for host in hosts(spec)
    }
    return {
        "web": {"port": 80, "protocol": "HTTP", **outer},
        "websecure": ours(f"*.{spec.ingress.domain}", TLS_SECRET),
        "apex": ours(spec.ingress.domain, TLS_SECRET),
        **further,
        "passthrough": {"port": 443, **through},
        "fsc": {"port": FSC_PORT, **through},
    }


def _ports(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    trusted = {"trustedIPs": [str(spec.network.nodes)]}
    every: dict[str, Any] = {"transport": {"lifeCycle": {"requestAcceptGraceTimeout": GRACE}}}
    if facts.load_balancer.proxy_protocol:
        every["proxyProtocol"] = trusted
    headers = {"underscoreHeadersStrategy": "delete"}
    redirect = {"redirections": {"entryPoint": {"to": "websecure", "scheme": "https", "permanent": True}}}
    found: dict[str, dict[str, Any]] = {
        "web": {"port": 80, "allowACMEByPass": True, "http": {**redirect, **headers}, **every},
        "websecure": {"port": 443, "http": {"middlewares": [f"{NS_GATEWAY}-hsts@kubernetescrd"], **headers}, **every},
        "fsc": {"port": FSC_PORT, "exposedPort": FSC_PORT, "protocol": "TCP", "expose": {"default": True}, **every},
    }
    if not facts.load_balancer.available:
        for name, number in NODE_PORTS.items():
            found[name]["nodePort"] = number
    return found


def _service(spec: ClusterSpec, facts: CloudFacts) -> dict[str, Any]:
    """Return the Service: without PROXY protocol only a node with a gateway pod answers, which keeps the address."""
    notes = dict(facts.load_balancer.annotations)
    if names := dns.gateway_names(spec, facts):
        notes[dns.HOSTNAME] = names
    policy = "Cluster" if facts.load_balancer.proxy_protocol else "Local"
    if not facts.load_balancer.available:
        # Whoever stands before it may not know which nodes have a gateway pod, so every node answers.
        return {"annotations": notes, "spec": {"type": "NodePort", "externalTrafficPolicy": "Cluster"}}
    return {"annotations": notes, "spec": {"type": "LoadBalancer", "externalTrafficPolicy": policy}}

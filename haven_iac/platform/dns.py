"""DNS: external-dns keeps the records of the gateway and of applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, slots
from haven_iac.platform.common import (
    NO_ESCALATION,
    NOT_ROOT,
    NS_DNS,
    PRIORITY,
    image,
    make,
    resources,
    scraped,
    workload,
)
from haven_iac.platform.release import Manifest, Release, SecretRef
from haven_iac.platform.secret_forms import TSIG_ALGORITHM, TSIG_KEY, TSIG_NAME
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.dns import DnsKind
from haven_iac.spec.policy import PodSecurity

slot = slots.DNS

TSIG_SECRET = "tsig"
DESIGNATE_SECRET = "designate"
METRICS_PORT = 7979
_TSIG = {
    "algorithm": (TSIG_ALGORITHM, "EXTERNAL_DNS_RFC2136_TSIG_SECRET_ALG"),
    "name": (TSIG_NAME, "EXTERNAL_DNS_RFC2136_TSIG_KEYNAME"),
    "secret": (TSIG_KEY, "EXTERNAL_DNS_RFC2136_TSIG_SECRET"),
}
"""Key in the Kubernetes Secret, to its form and to the variable that external-dns reads."""
_WEBHOOK = "ghcr.io/inovex/external-dns-openstack-webhook"


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return external-dns for the provider that the spec names."""
    pods = sizes(spec).external_dns
    return make(
        spec,
        facts,
        slot=slot,
        chart="external-dns",
        namespace=NS_DNS,
        pod_security=PodSecurity.RESTRICTED,
        values={
            "image": {"repository": image(spec, "registry.k8s.io/external-dns/external-dns"), "tag": "v0.22.0"},
            "policy": "sync",
            "registry": "txt",
            "txtOwnerId": spec.name,
            "domainFilters": [spec.ingress.domain],
            "sources": ["service", "ingress", "gateway-httproute", "gateway-tlsroute"],
            "resources": resources(pods),
            "priorityClassName": PRIORITY,
            "serviceMonitor": {"enabled": scraped(spec, facts)},
            **_provider(spec),
        },
        needs=(slots.GATEWAY_API, slots.GATEWAY, slots.MONITORING_CRDS),
        provides=("dns",),
        workloads=(workload(pods),),
        secrets=_secrets(spec),
        flows=(
            flows.policy(
                NS_DNS,
                "external-dns",
                ingress=[flows.scrape(METRICS_PORT)],
                egress=[flows.api(), *_egress(spec)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _egress(spec: ClusterSpec) -> list[flows.Rule]:
    if spec.dns.kind is DnsKind.RFC2136:
        return [flows.outside(int(str(spec.dns.server).rpartition(":")[2]), protocols=("UDP", "TCP"))]
    return [flows.outside(443, 5000, 9001)]


def _secrets(spec: ClusterSpec) -> tuple[SecretRef, ...]:
    if spec.dns.secret is None:
        return ()
    if spec.dns.kind is DnsKind.RFC2136:
        entries = dict.fromkeys(_TSIG, spec.dns.secret)
        return (SecretRef(TSIG_SECRET, entries, {key: form for key, (form, _) in _TSIG.items()}),)
    return (SecretRef(DESIGNATE_SECRET, {"clouds.yaml": spec.dns.secret}),)


def _provider(spec: ClusterSpec) -> dict[str, Any]:
    if spec.dns.kind is DnsKind.RFC2136:
        host, _, port = str(spec.dns.server).rpartition(":")
        return {
            "provider": {"name": "rfc2136"},
            "extraArgs": [f"--rfc2136-host={host}", f"--rfc2136-port={port}", f"--rfc2136-zone={spec.ingress.domain}"],
            "env": [
                {"name": variable, "valueFrom": {"secretKeyRef": {"name": TSIG_SECRET, "key": key}}}
                for key, (_, variable) in _TSIG.items()
            ],
        }
    webhook = {
        "image": {"repository": image(spec, _WEBHOOK), "tag": "1.1.0"},
        "securityContext": {**NO_ESCALATION, **NOT_ROOT, "runAsUser": 65532},
        "extraVolumeMounts": [{"name": "clouds", "mountPath": "/etc/openstack", "readOnly": True}],
    }
    return {
        "provider": {"name": "webhook", "webhook": webhook},
        "extraVolumes": [{"name": "clouds", "secret": {"secretName": DESIGNATE_SECRET}}],
    }

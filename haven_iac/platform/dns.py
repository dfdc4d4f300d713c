"""DNS: external-dns, which keeps records for the gateway, for routes and for the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haven_iac.facts import CloudFacts
from haven_iac.platform import dns_providers, flows, slots
from haven_iac.platform.common import NS_DNS, PRIORITY, image, make, resources, scraped, workload
from haven_iac.platform.release import API_HOST, Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.DNS

METRICS_PORT = 7979
IMAGE, TAG = "registry.k8s.io/external-dns/external-dns", "v0.22.0"
HOSTNAME = "external-dns.alpha.kubernetes.io/hostname"
"""Annotation with the names of a Service."""


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return external-dns for the provider that the spec names."""
    held = dns_providers.provider(spec)
    if held is None:
        return None
    pods = sizes(spec).external_dns
    routes = slots.filled(spec, facts, slots.GATEWAY_API)
    return make(
        spec,
        facts,
        slot=slot,
        chart="external-dns",
        namespace=NS_DNS,
        pod_security=PodSecurity.RESTRICTED,
        values={
            # 0.21, which the chart brings, watches a version of TLSRoute that is no longer served.
            "image": {"repository": image(spec, IMAGE), "tag": TAG},
            "policy": "sync",
            "registry": "txt",
            "txtOwnerId": spec.name,
            "txtPrefix": "haven-iac-",
            "domainFilters": [spec.ingress.domain, *_outside(spec)],
            "sources": ["service", "ingress", *(["gateway-httproute", "gateway-tlsroute"] if routes else [])],
            "logFormat": "json",
            "resources": resources(pods),
            "priorityClassName": PRIORITY,
            "serviceMonitor": {"enabled": scraped(spec, facts)},
            **held.values(spec),
        },
        needs=(slots.GATEWAY_API, slots.GATEWAY, slots.MONITORING_CRDS),
        provides=("dns",),
        workloads=(workload(pods),),
        secrets=dns_providers.secret(spec, held.records),
        images=(f"{IMAGE}:{TAG}", *held.images),
        flows=(
            flows.policy(
                NS_DNS,
                "external-dns",
                ingress=[flows.scrape(METRICS_PORT)],
                egress=[flows.api(), *held.egress(spec)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return the record of the Kubernetes API: a Service without pods, which stands for its address."""
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes-api", "namespace": NS_DNS, "annotations": {HOSTNAME: spec.api_name}},
        "spec": {"type": "ExternalName", "externalName": API_HOST},
    }
    return (Manifest(slot, "api-record", body),)


def gateway_names(spec: ClusterSpec, facts: CloudFacts) -> str:
    """Return the names that lead to the gateway, for its Service; empty where nobody keeps records."""
    if not slots.ours(spec, facts, slot):
        return ""
    return ",".join([spec.ingress.domain, f"*.{spec.ingress.domain}", *_outside(spec)])


def _outside(spec: ClusterSpec) -> list[str]:
    """Return the further names of the gateway in the zone that are not below the domain."""
    within = dns_providers.zone(spec)
    return [
        host
        for host in spec.ingress.hosts
        if f".{host}".endswith(f".{within}") and not f".{host}".endswith(f".{spec.ingress.domain}")
    ]

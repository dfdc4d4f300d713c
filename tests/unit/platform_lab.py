"""Descriptions and promises for tests of the platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from haven_iac.facts import CloudFacts, LoadBalancerFacts, NodeFacts, StorageClassFacts, StorageFacts
from haven_iac.platform.common import merged
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import parse

PLAIN: Mapping[str, Any] = {
    "name": "test",
    "cloud": {"kind": "local"},
    "pools": {"general": {}},
    "ingress": {"domain": "apps.example.nl"},
}
"""Nothing but what is required."""

STORE = {"endpoint": "https://s3.example.nl:9000", "secret": "object-storage-key"}
EVERYTHING: Mapping[str, Any] = {
    **PLAIN,
    "compliance": {"schedule": {"image": "registry.example.nl/haven-iac:0.1.0"}},
    "identity": {
        "oidc": {"issuer": "https://id.example.nl", "clientId": "kube"},
        "admins": ["beheer"],
        "viewers": ["servicedesk"],
    },
    "ingress": {
        "domain": "apps.example.nl",
        "hosts": ["www.example.nl"],
        "certificates": {
            "issuer": "acme",
            "email": "a@example.nl",
            "challenge": "dns-01",
            "eab": {"keyId": "k", "secret": "eab-key"},
        },
    },
    "logs": {
        "bucket": "logs-bucket",
        "objectStore": STORE,
        "forward": "https://siem.example.nl:4318",
        "forwardSecret": "siem-token",
    },
    "backup": {
        "bucket": "backup-bucket",
        "objectStore": STORE,
        "schedules": {"monthly": {"schedule": "0 3 1 * *", "retention": "1y", "namespaces": ["app-a"]}},
    },
    "monitoring": {
        "alerts": {
            "email": "a@example.nl",
            "smtpServer": "mail.example.nl:587",
            "smtpUser": "alerts",
            "smtpSecret": "mail-password",
            "webhookSecret": "hook",
        },
        "login": {
            "clientId": "grafana",
            "secret": "grafana-secret",
            "authUrl": "https://id.example.nl/auth",
            "tokenUrl": "https://id.example.nl:8443/token",
            "userUrl": "https://id.example.nl/userinfo",
            "adminGroups": ["beheer"],
            "viewerGroups": ["team-a"],
        },
    },
    "policy": {"mode": "deny", "registries": ["registry.example.nl"]},
    "tenants": {
        "app-a": {"groups": {"edit": ["team-a"], "view": ["audit"]}, "network": {"from": ["app-b"], "internet": True}},
        "app-b": {"podSecurity": "baseline", "network": {"to": [{"cidr": "10.1.0.0/16", "ports": [5432]}]}},
    },
    "dns": {"kind": "designate", "secret": "dns-key", "zone": "example.nl"},
    "gitops": {"repository": "https://git.example.nl/platform/clusters.git"},
}
"""Every slot filled, and every secret named."""
SECRETS = frozenset(
    {"eab-key", "object-storage-key", "hook", "dns-key", "siem-token", "mail-password", "grafana-secret"}
)
"""The secrets that `EVERYTHING` names."""


def spec(base: Mapping[str, Any] = PLAIN, **changes: Any) -> ClusterSpec:
    """Return a checked description with changes put over it."""
    return parse(merged(base, changes))


def facts(**changes: Any) -> CloudFacts:
    """Return what a cloud promises that has everything."""
    classes = (
        StorageClassFacts("block", "cinder.csi.openstack.org", ("ReadWriteOnce",), default=True),
        StorageClassFacts(
            "shared",
            "nfs.manila.csi.openstack.org",
            ("ReadWriteMany",),
            "Immediate",
            parameters={"csi.storage.k8s.io/provisioner-secret-name": "manila-csi"},
        ),
    )
    given: dict[str, Any] = {
        "kind": "test",
        "simulated": False,
        "managed_control_plane": False,
        "zones": ("az1", "az2", "az3"),
        "nodes": NodeFacts("Ubuntu 24.04 LTS", "AppArmor"),
        "storage": StorageFacts(classes, "cinder.csi.openstack.org"),
        "load_balancer": LoadBalancerFacts(available=True, proxy_protocol=True),
        "controllers": {
            "cloud-controller": "openstack-cloud-controller-manager",
            "block-driver": "openstack-cinder-csi",
            "shared-driver": "openstack-manila-csi",
            "nfs-driver": "csi-driver-nfs",
        },
    }
    return CloudFacts(**{**given, **changes})


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)

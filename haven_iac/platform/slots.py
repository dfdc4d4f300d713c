"""Which slots of the platform are filled, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from haven_iac.facts import CloudFacts
from haven_iac.spec import ClusterSpec
from haven_iac.spec.ingress import Challenge, Issuer
from haven_iac.spec.platform import DnsKind

NAMESPACES: Final = "namespaces"
GATEWAY_API: Final = "gateway-api"
MONITORING_CRDS: Final = "monitoring-crds"
CERTIFICATES: Final = "certificates"
GATEWAY: Final = "gateway"
CLOUD_CONTROLLER: Final = "cloud-controller"
BLOCK_DRIVER: Final = "block-driver"
SHARED_DRIVER: Final = "shared-driver"
NFS_DRIVER: Final = "nfs-driver"
DNS_SOLVER: Final = "dns-solver"
SNAPSHOTS: Final = "snapshots"
BLOCK_STORAGE: Final = "block-storage"
SHARED_STORAGE: Final = "shared-storage"
LOGS: Final = "logs"
LOG_COLLECTOR: Final = "log-collector"
METRICS: Final = "metrics"
MONITORING: Final = "monitoring"
BACKUP: Final = "backup"
POLICY: Final = "policy"
DNS: Final = "dns"
GITOPS: Final = "gitops"
VERIFICATION: Final = "verification"

_ASKED: Mapping[str, Callable[[ClusterSpec], bool]] = {
    DNS_SOLVER: lambda spec: solves_by_dns(spec) and spec.dns.kind is DnsKind.DESIGNATE,
    LOGS: lambda spec: spec.logs.enabled and spec.logs.store,
    LOG_COLLECTOR: lambda spec: spec.logs.enabled,
    MONITORING: lambda spec: spec.monitoring.enabled,
    MONITORING_CRDS: lambda spec: spec.monitoring.enabled and not _off(spec, MONITORING),
    BACKUP: lambda spec: spec.backup.enabled,
    DNS: lambda spec: spec.dns.kind is not DnsKind.NONE,
    GITOPS: lambda spec: spec.gitops is not None,
    VERIFICATION: lambda spec: spec.compliance.schedule is not None,
}


_PROMISED = (CLOUD_CONTROLLER, BLOCK_DRIVER, SHARED_DRIVER, NFS_DRIVER)
"""Slots that are filled where the cloud needs it."""


def ours(spec: ClusterSpec, facts: CloudFacts, slot: str) -> bool:
    """Return whether we fill the slot: asked for, not turned off, not filled by the cloud already."""
    needed = slot not in _PROMISED or slot in facts.controllers
    return needed and slot not in facts.bundled and wanted(spec, slot)


def filled(spec: ClusterSpec, facts: CloudFacts, slot: str) -> bool:
    """Return whether anybody fills the slot, so that others may build on it."""
    return slot in facts.bundled or wanted(spec, slot)


def wanted(spec: ClusterSpec, slot: str) -> bool:
    """Return whether the spec asks for the slot."""
    if _off(spec, slot):
        return False
    if slot == LOG_COLLECTOR and not wanted(spec, LOGS) and not spec.logs.forward:
        return False
    if slot == DNS_SOLVER and not wanted(spec, CERTIFICATES):
        return False
    asked = _ASKED.get(slot)
    return asked is None or asked(spec)


def solves_by_dns(spec: ClusterSpec) -> bool:
    """Return whether names are proven to an ACME issuer in their zone, and not by an answer on port 80."""
    given = spec.ingress.certificates
    return given.issuer is Issuer.ACME and given.challenge is Challenge.DNS


def _off(spec: ClusterSpec, slot: str) -> bool:
    add_on = spec.platform.addons.get(slot)
    return add_on is not None and not add_on.enabled

"""Logs: Loki, with retention for ordinary and audit logs."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, objects, slots
from haven_iac.platform.common import NS_LOGGING, NS_MONITORING, make, name_label, workload
from haven_iac.platform.logs_values import AUTHORITY, CREDENTIAL, PORT, bucket_in, one_binary, parts, values
from haven_iac.platform.release import Manifest, Release, SecretRef, Workload
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.LOGS


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Loki on object storage when a bucket is given, else on a volume."""
    store = bucket_in(spec, facts)
    return make(
        spec,
        facts,
        slot=slot,
        chart="loki",
        namespace=NS_LOGGING,
        pod_security=PodSecurity.RESTRICTED,
        values=values(spec, facts),
        needs=(slots.BLOCK_STORAGE, slots.MONITORING_CRDS),
        provides=("log-aggregation",),
        workloads=_workloads(spec),
        secrets=_secrets(store),
        flows=(
            flows.policy(
                NS_LOGGING,
                "loki",
                name_label("loki"),
                ingress=[flows.namespace_rule("from", NS_MONITORING, PORT)],
                egress=[flows.outside(store.port if store else 443), flows.api()],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()


def _secrets(store: objects.Store | None) -> tuple[SecretRef, ...]:
    """Return the credential of the bucket, and the authority behind it where that is a private one."""
    if store is None:
        return ()
    authority = (SecretRef(AUTHORITY, plain={"ca.crt": store.ca}),) if store.ca else ()
    return (objects.key_pair(CREDENTIAL, store), *authority)


def _workloads(spec: ClusterSpec) -> tuple[Workload, ...]:
    if found := parts(spec):
        return tuple(workload(pods) for pods in found.values())
    return (workload(sizes(spec).loki, replicas=one_binary(spec)),)

"""Backup: Velero, on schedules, to a bucket elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import flows, objects, slots
from haven_iac.platform.backup_values import CREDENTIAL, PLUGIN, node_agent, values, volumes
from haven_iac.platform.common import NS_BACKUP, make, workload
from haven_iac.platform.release import Manifest, Release
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.backup import VolumeBackup
from haven_iac.spec.policy import PodSecurity

slot = slots.BACKUP

METRICS_PORT = 8085


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return Velero, with its node agent where it copies the data of volumes."""
    size, store = sizes(spec), objects.store(spec.backup.object_store, facts)
    files = volumes(spec, facts) is VolumeBackup.FILES
    agents = (workload(size.node_agent, per_node=True),) if node_agent(spec, facts) else ()
    return make(
        spec,
        facts,
        slot=slot,
        chart="velero",
        namespace=NS_BACKUP,
        # To read files it looks into every pod's volumes on the node; movers of snapshots need only be root.
        pod_security=PodSecurity.PRIVILEGED if files else PodSecurity.BASELINE,
        values=values(spec, facts),
        needs=(slots.BLOCK_STORAGE, slots.SNAPSHOTS, slots.MONITORING_CRDS),
        provides=("backup",),
        workloads=(workload(size.velero), *agents),
        secrets=(objects.aws_file(CREDENTIAL, "cloud", store), *objects.snapshot_secrets(spec, facts)) if store else (),
        images=(PLUGIN,),
        flows=(
            flows.policy(
                NS_BACKUP,
                "velero",
                ingress=[flows.scrape(METRICS_PORT)],
                egress=[flows.api(), flows.outside(store.port if store else 443)],
            ),
        ),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()

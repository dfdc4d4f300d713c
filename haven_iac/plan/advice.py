"""What a person should know of a platform that is in order: what it cannot do, and where it hardly fits."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.facts import CloudFacts
from haven_iac.plan.model import ClusterPlan, Notice, PoolPlan, Role
from haven_iac.plan.sums import Ask, cores, mebibytes, sums
from haven_iac.platform import objects, slots
from haven_iac.platform.backup_values import volumes
from haven_iac.platform.gateway_values import NODE_PORTS, wildcards
from haven_iac.platform.logs_values import bucket_in
from haven_iac.spec import ClusterSpec
from haven_iac.spec.backup import VolumeBackup
from haven_iac.spec.ingress import Issuer
from haven_iac.spec.storage import SharedKind

FULL = 0.75
"""Part of a node from which on the platform leaves little to applications."""


def advice(spec: ClusterSpec, facts: CloudFacts) -> Iterator[Notice]:
    """Yield what the chosen way of doing something cannot do."""
    if slots.ours(spec, facts, slots.GATEWAY) and not wildcards(spec):
        what = "http-01 gives no wildcard: only the domain itself and the names in ingress.hosts get a certificate"
        yield Notice("ingress.certificates.challenge", what)
    if slots.ours(spec, facts, slots.GATEWAY) and not facts.load_balancer.available:
        web, secure, fsc = NODE_PORTS.values()
        what = (
            f"nothing makes load balancers here: the gateway answers on ports {web} (http), {secure} (https) and {fsc} "
            "(FSC) of every node, without the client's address; put what you have before it"
        )
        yield Notice("ingress", what)
    if slots.ours(spec, facts, slots.BACKUP) and volumes(spec, facts) is VolumeBackup.NONE:
        yield Notice("backup.volumes", "the data of volumes is not in the backups, only what the Kubernetes API holds")
    if slots.ours(spec, facts, slots.LOGS) and not spec.logs.bucket:
        yield Notice("logs.bucket", "logs are kept on one volume in the cluster, and are lost with it")
    yield from _buckets(spec, facts)
    if spec.storage.shared.kind is SharedKind.LONGHORN:
        what = "Longhorn needs open-iscsi and an NFSv4 client on every node, and keeps its copies on the nodes' disks"
        yield Notice("storage.shared.kind", what)
    given = spec.ingress.certificates
    if slots.CERTIFICATES in facts.bundled and given.issuer is Issuer.PRIVATE_CA and given.secret:
        what = "make the Secret platform-ca with the authority yourself, beside the cert-manager that is there"
        yield Notice("ingress.certificates.secret", what)


def _buckets(spec: ClusterSpec, facts: CloudFacts) -> Iterator[Notice]:
    """Yield where logs and backups go, as far as a person should know."""
    logs, backup = bucket_in(spec, facts), objects.store(spec.backup.object_store, facts)
    nowhere = "nothing says where the bucket is, nor with which credential: write it, or the cloud's own object storage"
    if slots.ours(spec, facts, slots.LOGS) and spec.logs.bucket:
        if logs and logs.own:
            what = (
                f"the container {spec.logs.bucket} is made in the cloud's own object storage, and goes with the cluster"
            )
            yield Notice("logs.bucket", what)
        elif not logs and not facts.simulated:
            yield Notice("logs.objectStore", nowhere)
    if slots.ours(spec, facts, slots.BACKUP):
        if backup and backup.own:
            what = (
                f"the container {spec.backup.bucket} is made in the cloud's own object storage; what it holds stays "
                "when the cluster is destroyed, and is lost with the cloud"
            )
            yield Notice("backup.bucket", what)
        elif not backup and not facts.simulated:
            yield Notice("backup.objectStore", nowhere)


def tight(plan: ClusterPlan) -> Iterator[Notice]:
    """Yield the pools whose machines are too small for the platform, as far as their sizes are known."""
    found = sums(plan)
    for pool in plan.pools:
        ask = found.every_node if pool.role is Role.CONTROL_PLANE else found.per_worker
        where = "controlPlane" if pool.role is Role.CONTROL_PLANE else f"pools.{pool.name}"
        if text := _fits(plan, pool, ask):
            yield Notice(f"{where}.flavor", text)


def _fits(plan: ClusterPlan, pool: PoolPlan, ask: Ask) -> str:
    flavor = pool.nodes[0].flavor if pool.nodes else ""
    size = plan.facts.nodes.flavors.get(flavor)
    if size is None:
        return ""
    share = max(ask.cpu_millis / size.cpu_millis, ask.memory_mib / size.memory_mib)
    if share <= FULL:
        return ""
    has = f"{flavor} has {cores(size.cpu_millis)} and {mebibytes(size.memory_mib)}"
    takes = f"the platform asks for {cores(ask.cpu_millis)} and {mebibytes(ask.memory_mib)} of each node"
    if share > 1:
        return f"{has}, and {takes}: it does not fit; take a larger flavor, more nodes or a smaller platform.size"
    return f"{has}, and {takes}: little is left for applications"

"""Which dashboards a cluster gets."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.facts import CloudFacts
from haven_iac.platform import boards_cluster, boards_platform, slots
from haven_iac.platform.dashboards import Board
from haven_iac.spec import ClusterSpec

_OF_SLOTS = (
    (slots.GATEWAY, boards_platform.INGRESS),
    (slots.CERTIFICATES, boards_platform.CERTIFICATES),
    (slots.BACKUP, boards_platform.BACKUPS),
    (slots.LOGS, boards_platform.LOGS),
)


def boards(spec: ClusterSpec, facts: CloudFacts) -> Iterator[Board]:
    """Yield the dashboards for what this cluster has."""
    yield from (boards_cluster.CLUSTER, boards_cluster.NODES, boards_cluster.STORAGE)
    yield from (board for slot, board in _OF_SLOTS if slots.filled(spec, facts, slot))

"""Subjects for the tests of checks: one that is in order, and ways to change it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from haven_iac.compliance.subject import ClassSeen, NodeSeen, Seen, Subject

UBUNTU = "Ubuntu 24.04.3 LTS"


def node(
    name: str, zone: str = "az1", *, server: bool = False, external: bool = False, image: str = UBUNTU
) -> NodeSeen:
    return NodeSeen(name, zone, server, external, image)


def nodes(servers: int = 3, workers: int = 3, **common: Any) -> tuple[NodeSeen, ...]:
    made = [node(f"server-{n}", f"az{n % 3 + 1}", server=True) for n in range(servers)]
    made += [node(f"worker-{n}", f"az{n % 3 + 1}") for n in range(workers)]
    return tuple(replace(one, **common) for one in made)


GOOD = Subject(
    nodes=nodes(),
    workers=3,
    minor="1.36",
    platform="rke2",
    hidden_control_plane=False,
    admin=True,
    rbac=True,
    storage=(
        ClassSeen("block", "cinder.csi.openstack.org", immediate=False),
        ClassSeen("shared", "nfs.manila.csi.openstack.org", immediate=True),
    ),
    certificates=(Seen("Deployment/cert-manager/cert-manager"),),
    certificate_api=True,
    log_store=(Seen("StatefulSet/logging/loki"),),
    log_collector=(Seen("DaemonSet/logging/alloy"),),
    other_logs=(),
    metrics=(Seen("Deployment/kube-system/rke2-metrics-server"),),
)


def like(**changes: Any) -> Subject:
    return replace(GOOD, **changes)

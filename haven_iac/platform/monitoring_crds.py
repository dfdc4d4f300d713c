"""Monitoring's CRDs, apart and first: other charts' ServiceMonitors need them."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.common import NS_MONITORING, make
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.MONITORING_CRDS


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the CRDs of the Prometheus operator."""
    return make(
        spec,
        facts,
        slot=slot,
        chart="prometheus-operator-crds",
        namespace=NS_MONITORING,
        pod_security=PodSecurity.RESTRICTED,
        values={},
        provides=("monitoring-crds",),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing."""
    return ()

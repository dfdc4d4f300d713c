"""Gateway API: its CRDs, before anything that uses them."""

from __future__ import annotations

from collections.abc import Sequence

from haven_iac.facts import CloudFacts
from haven_iac.platform import slots
from haven_iac.platform.common import NS_GATEWAY, make
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.policy import PodSecurity

slot = slots.GATEWAY_API


def release(spec: ClusterSpec, facts: CloudFacts) -> Release | None:
    """Return the CRDs of the standard channel; upstream publishes them as a plain file."""
    return make(
        spec,
        facts,
        slot=slot,
        chart="gateway-api",
        namespace=NS_GATEWAY,
        pod_security=PodSecurity.RESTRICTED,
        values={},
        provides=("gateway-api",),
    )


def manifests(spec: ClusterSpec, facts: CloudFacts) -> Sequence[Manifest]:
    """Return nothing: the CRDs are all."""
    return ()

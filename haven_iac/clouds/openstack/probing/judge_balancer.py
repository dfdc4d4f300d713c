"""What Octavia has, and what its providers cannot do.  Pure.

Source of the limits: Octavia's feature matrix of providers, and the OVN provider's own refusals.
"""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, choose, error, listed, warning
from haven_iac.clouds.openstack.probing.snapshot import called

_PATH = "cloud.settings.loadBalancer"

ALLOWED_CIDRS = (2, 12)
"""First version of Octavia's API that takes `allowed_cidrs`: Train."""
FLAVORS = (2, 6)
"""First version with flavors: Stein."""
ZONES = (2, 14)
"""First version with availability zones: Ussuri."""
TAGS = (2, 5)
"""First version with tags: Stein."""


def octavia(case: Case) -> Iterator[Finding]:
    """Judge whether there is an Octavia with the wanted provider."""
    balancer, seen = case.settings.load_balancer, case.seen
    if not balancer.enabled:
        if "load-balancer" in seen.services:
            yield warning(
                "the cloud has Octavia, and it is off: Services of type LoadBalancer get no address",
                "leave `enabled` out, unless that is meant",
                f"{_PATH}.enabled",
            )
        return
    if "load-balancer" not in seen.services:
        yield error(
            "the cloud has no Octavia, which would make load balancers",
            "write `loadBalancer: {enabled: false}`; the API then gets a floating IP that kube-vip holds",
            f"{_PATH}.enabled",
        )
        return
    if seen.unreadable.get("providers") == "HTTP 403":
        yield error("this user may not use Octavia", "ask for the role load-balancer_member", "cloud.settings.cloud")
        return
    if seen.read("providers") and balancer.provider not in seen.providers:
        yield error(
            f"Octavia has no provider {balancer.provider!r}",
            choose(balancer.provider, seen.providers),
            f"{_PATH}.provider",
        )
    if balancer.flavor and seen.read("balancer_flavors") and not called(balancer.flavor, seen.balancer_flavors):
        names = [one.name for one in seen.balancer_flavors]
        yield error(f"Octavia has no flavor {balancer.flavor!r}", choose(balancer.flavor, names), f"{_PATH}.flavor")
    if balancer.zone and seen.read("balancer_zones") and balancer.zone not in seen.balancer_zones:
        yield error(
            f"Octavia has no zone {balancer.zone!r}",
            choose(balancer.zone, seen.balancer_zones, "leave it out: Octavia has no zones"),
            f"{_PATH}.zone",
        )


def versions(case: Case) -> Iterator[Finding]:
    """Judge what an old Octavia cannot do."""
    balancer, seen = case.settings.load_balancer, case.seen
    if not balancer.enabled or "load-balancer" not in seen.services or not seen.read("balancer_version"):
        return
    text = ".".join(map(str, seen.balancer_version))
    if seen.balancer_version < ALLOWED_CIDRS and case.plan.spec.network.api_allowed_cidrs:
        yield error(
            f"Octavia {text} cannot limit who reaches the API",
            "leave apiAllowedCidrs out and write `api: {exposure: internal}`, or ask for a newer Octavia",
            "network.apiAllowedCidrs",
        )
    if seen.balancer_version < FLAVORS and balancer.flavor:
        yield error(f"Octavia {text} has no flavors", "leave it out", f"{_PATH}.flavor")
    if seen.balancer_version < ZONES and balancer.zone:
        yield error(f"Octavia {text} has no zones", "leave it out", f"{_PATH}.zone")
    if seen.balancer_version < TAGS:
        yield error(
            f"Octavia {text} has no tags, and load balancers are found by them",
            "ask for a newer Octavia, or write `loadBalancer: {enabled: false}`",
            f"{_PATH}.enabled",
        )


def ovn(case: Case) -> Iterator[Finding]:
    """Judge what the OVN provider cannot do."""
    balancer, spec = case.settings.load_balancer, case.plan.spec
    if not balancer.enabled or balancer.provider != "ovn":
        return
    others = case.seen.providers - {"ovn", "octavia"}
    instead = f"take provider {listed(others)}" if others else "there is no other provider"
    if spec.network.api_allowed_cidrs and case.settings.security_group_ids:
        # Security groups of our own do it instead, as the client's address arrives with this provider.
        yield error(
            "the ovn provider cannot limit who reaches the API, and the security groups are not made here",
            f"{instead}, or leave securityGroupIds out",
            "network.apiAllowedCidrs",
        )
    if balancer.flavor:
        yield error("the ovn provider has no flavors", "leave it out", f"{_PATH}.flavor")
    if balancer.zone:
        yield error("the ovn provider has no zones", "leave it out", f"{_PATH}.zone")
    yield warning(
        "the ovn provider has no PROXY protocol and no HTTP monitors: Services keep the client's address with "
        "`externalTrafficPolicy: Local` only",
        f"{instead} where applications need more",
        f"{_PATH}.provider",
    )


RULES: tuple[Rule, ...] = (octavia, versions, ovn)

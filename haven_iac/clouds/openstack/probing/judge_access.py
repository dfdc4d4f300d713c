"""Who we are in the cloud, and whether that is enough.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, choose, error, listed, warning
from haven_iac.clouds.openstack.storage import manila_wanted
from haven_iac.spec.dns import DnsKind

_CLOUD = "cloud.settings.cloud"
_WORKING_ROLES = {"member", "_member_", "admin", "manager", "heat_stack_owner", "project_admin"}
_FEDERATED = {"mapped", "saml2", "openid", "x509"}

_BALANCER = ("providers", "balancer quota", "balancer_flavors", "balancer_zones")
"""Parts that `judge_balancer` speaks about when we may not read them."""

SERVICES = {
    "compute": "Nova, which makes servers",
    "network": "Neutron, which makes networks",
    "image": "Glance, which holds images",
    "block-storage": "Cinder, which makes volumes",
}
"""What no cluster can do without."""


def region(case: Case) -> Iterator[Finding]:
    """Judge whether it is clear which region is meant."""
    regions, wanted = case.seen.regions, case.settings.region
    if wanted and regions and wanted not in regions:
        yield error(f"there is no region {wanted!r}", choose(wanted, regions), "cloud.settings.region")
    elif not wanted and len(regions) > 1 and not case.seen.region:
        yield error(
            "the cloud has more than one region, and nothing says which",
            f"write one of {listed(regions)}",
            "cloud.settings.region",
        )


def services(case: Case) -> Iterator[Finding]:
    """Judge the catalogue."""
    for service, words in SERVICES.items():
        if service not in case.seen.services:
            yield error(
                f"the cloud's catalogue has no {service}: {words}",
                "check region and project; ask the cloud's operator",
                _CLOUD,
            )
    if manila_wanted(case.plan.spec) and "shared-file-system" not in case.seen.services:
        yield error(
            "the cloud has no Manila, which would make shared volumes",
            "write nfs, with a server, or longhorn; with none, Haven's check rwxvolumes fails",
            "storage.shared.kind",
        )
    if case.plan.spec.dns.kind is DnsKind.DESIGNATE and "dns" not in case.seen.services:
        yield error("the cloud has no Designate", "choose rfc2136 or none", "dns.kind")


def roles(case: Case) -> Iterator[Finding]:
    """Judge what we may do."""
    token = case.seen.token
    have = {role.lower() for role in token.roles}
    if have and have <= {"reader", "load-balancer_observer"}:
        yield error(
            f"the roles in project {token.project} allow looking only: {listed(token.roles)}",
            "ask for the role member",
            _CLOUD,
        )
    elif not have & _WORKING_ROLES:
        yield warning(
            f"no usual role in project {token.project}: {listed(token.roles)}",
            "make sure that they allow making servers and networks",
            _CLOUD,
        )
    for name in case.settings.controllers.roles:
        if name not in token.roles:
            yield error(
                f"the role {name!r} cannot be given on, as we have it not",
                choose(name, token.roles),
                "cloud.settings.controllers.roles",
            )


def credentials(case: Case) -> Iterator[Finding]:
    """Judge whether an application credential can be made for the controllers."""
    token = case.seen.token
    if token.restricted:
        yield error(
            "the log-in is an application credential that cannot make another, and the cluster's controllers need one",
            "log in with user and password, or with one made by "
            "`openstack application credential create --unrestricted`",
            _CLOUD,
        )
    elif not case.seen.credentials_listed:
        yield error(
            "Keystone does not let this user have application credentials, and the cluster's controllers need one",
            "ask the cloud's operator, or log in with another user",
            _CLOUD,
        )
    elif token.methods & _FEDERATED:
        yield warning(
            "the log-in is federated; application credentials fail where roles come from a group of the identity "
            "provider",
            "if so, ask for a role of the user itself in the project",
            _CLOUD,
        )


def unreadable(case: Case) -> Iterator[Finding]:
    """Say what could not be read, so that nobody takes silence for consent."""
    for part, why in sorted(case.seen.unreadable.items()):
        if why == "HTTP 403" and case.seen.unreadable.get("providers") == why and part in _BALANCER:
            continue
        if part == "containers" and why in ("HTTP 401", "HTTP 403"):
            continue
        if why == "HTTP 404" and part in ("balancer_flavors", "balancer_zones", "share_networks"):
            continue
        words = part.replace("_", " ")
        yield warning(
            f"{words} could not be read ({why}), so nothing is known of that", "ask for the right to read it", _CLOUD
        )


RULES: tuple[Rule, ...] = (region, services, roles, credentials, unreadable)

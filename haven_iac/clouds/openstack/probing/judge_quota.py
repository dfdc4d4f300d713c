"""What the plan takes against what the project may have.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, error
from haven_iac.clouds.openstack.probing.needs import missing, needs
from haven_iac.clouds.openstack.probing.snapshot import Kind


def quota(case: Case) -> Iterator[Finding]:
    """Judge every quota: what is left, and what has to be made still."""
    wanted = missing(needs(case.plan, case.settings, case.seen.flavors), case.seen.existing)
    for kind, need in wanted.items():
        quota = case.seen.quotas.get(kind)
        if quota is None or quota.left is None or need.amount <= quota.left:
            continue
        short = need.amount - quota.left
        if kind in (Kind.GROUP_MEMBERS, Kind.MEMBERS):
            what = f"{quota.limit} {kind} are allowed, and the cluster needs {need.amount}"
        else:
            more = " more" if case.seen.existing.get(kind) else ""
            what = f"{quota.left} of {quota.limit} {kind} are left, and the cluster needs {need.amount}{more}"
        yield error(what, f"ask the operator for {short} more, or make the cluster smaller", need.path)


RULES: tuple[Rule, ...] = (quota,)

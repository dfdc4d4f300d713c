"""A look at the cloud before anything is made: what would stop the plan, all at once, in a second or two.

Read-only.  Nothing is listed that depends on how much the project holds, unless the quota might not suffice.
"""

from __future__ import annotations

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack import connection as connections
from haven_iac.clouds.openstack.objects import containers
from haven_iac.clouds.openstack.probing import existing, inventory
from haven_iac.clouds.openstack.probing.judge import Case, judge
from haven_iac.clouds.openstack.probing.reader import Reader
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import CloudLoginError
from haven_iac.plan.model import ClusterPlan


def probe(plan: ClusterPlan, settings: OpenStackSettings) -> list[Finding]:
    """Return everything that is wrong with a plan on its cloud; one finding where the cloud does not let us in."""
    try:
        connection = connections.connect(settings)
    except CloudLoginError as error:
        return [Finding("error", one.what, one.fix, one.path) for one in error.problems]
    try:
        seen = inventory.read(connection, settings, [one.name for one in containers(plan)])
        found = judge(Case(plan, settings, seen))
        if any(one.severity == "error" for one in found):
            seen = existing.with_existing(Reader(connection), plan, seen)
            found = judge(Case(plan, settings, seen))
        return found
    finally:
        connection.close()

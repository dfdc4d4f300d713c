"""Octavia's provider drivers; the lab's machines are their data plane.

The API keeps its own rules, quotas, status machine and VIP ports (real Neutron ports); these drivers only report each
accepted change as done.  `amphora` takes everything, `ovn` refuses what ovn-octavia-provider refuses.
"""

import threading

from octavia.db import api as db_apis
from octavia.db import models
from octavia_lib.api.drivers import data_models, exceptions, provider_base

from . import octavia_status as status
from .place import FAULTS

follow_health = threading.Thread(target=status.follow, daemon=True).start


def _list(value):
    return [] if value is None or isinstance(value, data_models.UnsetType) else value


class AmphoraDriver(provider_base.ProviderDriver):
    """Takes everything."""

    name = "amphora"

    def _done(self, kind, one, extra=None):
        """Report an object, and what its change touches, as ACTIVE."""

        def make():
            session = db_apis.get_session()
            with session.begin():
                found = status.touched(kind, one, session) if kind != "loadbalancers" else {}
                found.setdefault(kind, set()).add(one)
                for more, ids in (extra or {}).items():
                    found.setdefault(more, set()).update(ids)
                return {key: status.active(key, ids, session) for key, ids in found.items()}

        status.later(make)

    def _gone(self, kind, one):
        """Report an object as deleted, and what that touches as ACTIVE."""

        def make():
            session = db_apis.get_session()
            with session.begin():
                found = status.touched(kind, one, session) if kind != "loadbalancers" else {}
                found.setdefault(kind, set()).discard(one)
                if kind == "healthmonitors":
                    entries = [{"id": member, "operating_status": "NO_MONITOR"} for member in found.pop("members")]
                    made = {key: status.active(key, ids, session) for key, ids in found.items()} | {"members": entries}
                else:
                    made = {key: status.active(key, ids, session) for key, ids in found.items()}
            made[kind] = made.get(kind, []) + status.gone([one])
            return {key: entries for key, entries in made.items() if entries}

        status.later(make)

    # Checks, for subclasses

    def check_pool(self, pool):
        """Refuse a pool that the provider cannot do."""

    def check_listener(self, listener):
        """Refuse a listener that the provider cannot do."""

    def check_l7(self):
        """Refuse policies of layer 7."""

    # What Octavia calls; create_vip_port stays not implemented, so Octavia makes the port in Neutron

    def loadbalancer_create(self, loadbalancer):
        """Create a load balancer with all that is in it, unless a fault says otherwise."""
        extra = {}
        for listener in _list(loadbalancer.listeners):
            self.check_listener(listener)
            extra.setdefault("listeners", set()).add(listener.listener_id)
            for policy in _list(listener.l7policies):
                self.check_l7()
                extra.setdefault("l7policies", set()).add(policy.l7policy_id)
                extra.setdefault("l7rules", set()).update(rule.l7rule_id for rule in _list(policy.rules))
        for pool in _list(loadbalancer.pools):
            self.check_pool(pool)
            extra.setdefault("pools", set()).add(pool.pool_id)
            extra.setdefault("members", set()).update(member.member_id for member in _list(pool.members))
            monitor = pool.healthmonitor
            if monitor and not isinstance(monitor, data_models.UnsetType):
                extra.setdefault("healthmonitors", set()).add(monitor.healthmonitor_id)
        one = loadbalancer.loadbalancer_id
        name = loadbalancer.name if isinstance(loadbalancer.name, str) else ""
        if fault := FAULTS.strike("balancer", name=name):
            failed = {"id": one, "provisioning_status": "ERROR", "operating_status": "ERROR"}
            status.later(lambda: {"loadbalancers": [failed]}, max(status.DELAY, float(fault.parameters["seconds"])))
            return
        self._done("loadbalancers", one, {kind: ids for kind, ids in extra.items() if ids})

    def loadbalancer_delete(self, loadbalancer, cascade=False):
        """Delete a load balancer."""
        one = loadbalancer.loadbalancer_id
        if cascade:
            status.later(lambda: self._everything(one))
        else:
            self._gone("loadbalancers", one)

    @staticmethod
    def _everything(one):
        session = db_apis.get_session()
        with session.begin():
            row = session.get(models.LoadBalancer, one)
            listeners, pools = list(row.listeners), list(row.pools)
            policies = [policy for listener in listeners for policy in listener.l7policies]
            made = {
                "l7rules": [rule.id for policy in policies for rule in policy.l7rules],
                "l7policies": [policy.id for policy in policies],
                "listeners": [listener.id for listener in listeners],
                "members": [member.id for pool in pools for member in pool.members],
                "healthmonitors": [pool.health_monitor.id for pool in pools if pool.health_monitor],
                "pools": [pool.id for pool in pools],
                "loadbalancers": [one],
            }
            return {kind: status.gone(ids) for kind, ids in made.items() if ids}

    def loadbalancer_failover(self, loadbalancer_id):
        """Do nothing, well."""
        self._done("loadbalancers", loadbalancer_id)

    def loadbalancer_update(self, old_loadbalancer, new_loadbalancer):
        """Change a load balancer."""
        self._done("loadbalancers", new_loadbalancer.loadbalancer_id)

    def listener_create(self, listener):
        """Create a listener."""
        self.check_listener(listener)
        self._done("listeners", listener.listener_id)

    def listener_delete(self, listener):
        """Delete a listener."""
        self._gone("listeners", listener.listener_id)

    def listener_update(self, old_listener, new_listener):
        """Change a listener."""
        self._done("listeners", new_listener.listener_id)

    def pool_create(self, pool):
        """Create a pool."""
        self.check_pool(pool)
        self._done("pools", pool.pool_id)

    def pool_delete(self, pool):
        """Delete a pool."""
        self._gone("pools", pool.pool_id)

    def pool_update(self, old_pool, new_pool):
        """Change a pool."""
        if not isinstance(new_pool.lb_algorithm, data_models.UnsetType):
            self.check_pool(new_pool)
        self._done("pools", new_pool.pool_id)

    def member_create(self, member):
        """Add a member."""
        self._done("members", member.member_id)

    def member_delete(self, member):
        """Remove a member."""
        self._gone("members", member.member_id)

    def member_update(self, old_member, new_member):
        """Change a member."""
        self._done("members", new_member.member_id)

    def member_batch_update(self, pool_id, members):
        """Make these the members of a pool."""
        want = {member.member_id for member in members}

        def make():
            session = db_apis.get_session()
            with session.begin():
                have = {member.id for member in session.get(models.Pool, pool_id).members}
                if not want <= have:
                    raise status.NotYetError
                found = status.touched("pools", pool_id, session)
                made = {key: status.active(key, ids, session) for key, ids in found.items()}
                made["members"] = status.active("members", want, session) + status.gone(have - want)
            return {key: entries for key, entries in made.items() if entries}

        status.later(make)

    def health_monitor_create(self, healthmonitor):
        """Create a monitor; members are OFFLINE until its checks pass."""
        self._done("healthmonitors", healthmonitor.healthmonitor_id)

    def health_monitor_delete(self, healthmonitor):
        """Delete a monitor."""
        self._gone("healthmonitors", healthmonitor.healthmonitor_id)

    def health_monitor_update(self, old_healthmonitor, new_healthmonitor):
        """Change a monitor."""
        self._done("healthmonitors", new_healthmonitor.healthmonitor_id)

    def l7policy_create(self, l7policy):
        """Create a policy."""
        self.check_l7()
        self._done("l7policies", l7policy.l7policy_id)

    def l7policy_delete(self, l7policy):
        """Delete a policy."""
        self._gone("l7policies", l7policy.l7policy_id)

    def l7policy_update(self, old_l7policy, new_l7policy):
        """Change a policy."""
        self._done("l7policies", new_l7policy.l7policy_id)

    def l7rule_create(self, l7rule):
        """Create a rule."""
        self.check_l7()
        self._done("l7rules", l7rule.l7rule_id)

    def l7rule_delete(self, l7rule):
        """Delete a rule."""
        self._gone("l7rules", l7rule.l7rule_id)

    def l7rule_update(self, old_l7rule, new_l7rule):
        """Change a rule."""
        self._done("l7rules", new_l7rule.l7rule_id)

    def get_supported_flavor_metadata(self):
        """Return what flavors may say."""
        return {"loadbalancer_topology": "SINGLE or ACTIVE_STANDBY"}

    def validate_flavor(self, flavor_dict):
        """Take every flavor."""

    def get_supported_availability_zone_metadata(self):
        """Return what availability zones may say."""
        return {"compute_zone": "The compute availability zone."}

    def validate_availability_zone(self, availability_zone_dict):
        """Take every availability zone."""


class OvnDriver(AmphoraDriver):
    """Refuses what OVN's own provider refuses; Octavia answers 501 then."""

    name = "ovn"

    def _no(self, what):
        text = f"OVN provider does not support {what}"
        raise exceptions.UnsupportedOptionError(user_fault_string=text, operator_fault_string=text)

    def check_pool(self, pool):
        """Only SOURCE_IP_PORT, nothing of layer 7."""
        if pool.lb_algorithm != "SOURCE_IP_PORT":
            self._no(f"{pool.lb_algorithm} algorithm")
        protocol = getattr(pool, "protocol", None)
        if protocol in ("HTTP", "HTTPS", "PROXY", "TERMINATED_HTTPS"):
            self._no(f"{protocol} protocol")

    def check_listener(self, listener):
        """Only TCP, UDP and SCTP."""
        if listener.protocol not in ("TCP", "UDP", "SCTP"):
            self._no(f"{listener.protocol} protocol")

    def check_l7(self):
        """Nothing of layer 7."""
        self._no("L7")

    def health_monitor_create(self, healthmonitor):
        """Only monitors that open a connection."""
        if healthmonitor.type not in ("TCP", "UDP-CONNECT", "SCTP"):
            self._no(f"health monitor type {healthmonitor.type}")
        super().health_monitor_create(healthmonitor)

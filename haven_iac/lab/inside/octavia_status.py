"""What the lab's load balancer providers report to Octavia, as amphorae and their health manager would."""

import json
import os
import threading
import time

from octavia.api.drivers.driver_agent import driver_updater
from octavia.db import api as db_apis
from octavia.db import models
from oslo_log import log as logging

from . import place

LOG = logging.getLogger(__name__)

DELAY = 0.2
"""Seconds that a change takes."""

HEALTH = os.path.join(place.RUN, "health.json")
"""Operating status of members, by id, as the lab's machines see it; of those in pools with a monitor only."""


class NotYetError(Exception):
    """The rows of a change are not committed yet."""


def later(make_status, delay=DELAY):
    """Report after the request of the API has committed its rows; `make_status` says what."""

    def work():
        time.sleep(delay - DELAY)
        for _ in range(40):
            time.sleep(DELAY)
            try:
                status = make_status()
            except (NotYetError, AttributeError):
                continue
            except Exception:
                LOG.exception("status")
                continue
            if send(status):
                place.mark("octavia")
                return

    threading.Thread(target=work, daemon=True).start()


def send(status):
    """Report; return whether Octavia took it."""
    result = driver_updater.DriverUpdater().update_loadbalancer_status(status)
    if result.get("status_code") != 200:
        LOG.warning("status update: %s", result)
    return result.get("status_code") == 200


_ROWS = {
    "loadbalancers": models.LoadBalancer,
    "listeners": models.Listener,
    "pools": models.Pool,
    "members": models.Member,
    "healthmonitors": models.HealthMonitor,
    "l7policies": models.L7Policy,
    "l7rules": models.L7Rule,
}


def active(kind, ids, session):
    """Return the entries that say that these objects are as they were asked to be."""
    entries = []
    for one in ids:
        row = session.get(_ROWS[kind], one)
        if row is None:
            raise NotYetError
        entry = {"id": one, "provisioning_status": "ACTIVE"}
        if kind == "members":
            entry |= _of_new_member(row)
        elif row.operating_status == "OFFLINE":  # new; later it is the monitors' to say
            entry["operating_status"] = "ONLINE"
        entries.append(entry)
    return entries


def gone(ids):
    """Return the entries that say that these objects are no more."""
    return [{"id": one, "provisioning_status": "DELETED", "operating_status": "OFFLINE"} for one in ids]


def _of_new_member(member):
    """A member with a monitor is OFFLINE until its checks have passed; what is known of it already stays."""
    monitored = member.pool.health_monitor is not None and member.pool.health_monitor.enabled
    if not monitored:
        return {"operating_status": "NO_MONITOR"}
    return {} if member.operating_status in ("ONLINE", "ERROR") else {"operating_status": "OFFLINE"}


def touched(kind, one, session):
    """Return the objects that a change to one touches, walking up to its load balancer: kind, to ids."""
    found = {}

    def pool(row):
        if row is None:
            raise NotYetError
        found.setdefault("pools", set()).add(row.id)
        for each in row.listeners or []:
            found.setdefault("listeners", set()).add(each.id)
        found.setdefault("loadbalancers", set()).add(row.load_balancer_id)

    def listener(row):
        if row is None:
            raise NotYetError
        found.setdefault("listeners", set()).add(row.id)
        found.setdefault("loadbalancers", set()).add(row.load_balancer_id)
        if row.default_pool_id:
            found.setdefault("pools", set()).add(row.default_pool_id)

    if kind == "members":
        pool(session.get(models.Member, one).pool)
    elif kind == "healthmonitors":
        monitored = session.get(models.HealthMonitor, one).pool
        pool(monitored)
        found["members"] = {member.id for member in monitored.members}
    elif kind == "pools":
        pool(session.get(models.Pool, one))
    elif kind == "listeners":
        listener(session.get(models.Listener, one))
    elif kind == "l7policies":
        listener(session.get(models.L7Policy, one).listener)
    elif kind == "l7rules":
        policy = session.get(models.L7Rule, one).l7policy
        found.setdefault("l7policies", set()).add(policy.id)
        listener(policy.listener)
    return found


# Health


def follow():
    """Report what the monitors see, for as long as the process runs."""
    seen = None
    while True:
        time.sleep(0.5)
        try:
            stamp = os.stat(HEALTH).st_mtime_ns, place.marked("octavia")
            if stamp == seen:
                continue
            with open(HEALTH, encoding="utf-8") as file:
                members = json.load(file)
            if _report(members):
                seen = stamp
        except FileNotFoundError:
            continue
        except Exception:
            LOG.exception("health")


def _report(members):
    """Send every operating status that is another one now, from members up to load balancers."""
    session = db_apis.get_session()
    status = {"members": [], "pools": [], "loadbalancers": []}
    balancers = {}
    with session.begin():
        for pool in session.query(models.Pool).all():
            if pool.load_balancer is None:
                continue
            states = []
            monitored = pool.health_monitor is not None and pool.health_monitor.enabled
            for member in pool.members:
                now = members.get(member.id, "OFFLINE") if monitored else "NO_MONITOR"
                states.append(now)
                if member.operating_status != now:
                    status["members"].append({"id": member.id, "operating_status": now})
            summary = _summary(states if monitored else [])
            if pool.operating_status != summary:
                status["pools"].append({"id": pool.id, "operating_status": summary})
            balancers.setdefault(pool.load_balancer.id, (pool.load_balancer.operating_status, []))[1].append(summary)
        for one, (before, pools) in balancers.items():
            now = next((state for state in ("ERROR", "DEGRADED") if state in pools), "ONLINE")
            if before != now:
                status["loadbalancers"].append({"id": one, "operating_status": now})
    status = {kind: entries for kind, entries in status.items() if entries}
    return send(status) if status else True


def _summary(states):
    """Return a pool's operating status from its members'."""
    if not states or all(state == "ONLINE" for state in states):
        return "ONLINE"
    return "DEGRADED" if "ONLINE" in states else "ERROR"

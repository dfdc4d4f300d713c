"""Designate: API, central, worker, producer and its small DNS server (127.0.0.1:15354) in one process."""

from . import web
from .place import ETC


def designate():
    """Serve Designate."""
    import designate.cmd
    import designate.conf
    import eventlet
    from designate import heartbeat_emitter, rpc, utils  # noqa: F401  (register their options)
    from oslo_log import log as logging
    from oslo_service import service as oslo_service

    conf = designate.conf.CONF
    conf.import_group("keystone_authtoken", "keystonemiddleware.auth_token")
    utils.read_config("designate", ["designate", "--config-file", ETC + "/designate.conf"])
    logging.setup(conf, "designate")
    from designate.api import service as api
    from designate.central import service as central
    from designate.mdns import service as mdns
    from designate.producer import service as producer
    from designate.worker import service as worker
    from designate.worker.tasks import zone as tasks

    # No name server is behind the pool: each change is taken as published.
    tasks.SendNotify.__call__ = lambda self: True
    tasks.ZonePoller._do_poll = _poll
    web.through_paste("designate")
    launcher = oslo_service.ServiceLauncher(conf)
    for module in (central, worker, mdns, producer, api):
        launcher.launch_service(module.Service())
    eventlet.spawn_after(0.5, _pools)
    launcher.wait()


def _poll(self):
    from designate import context
    from designate.worker.tasks import zone as tasks

    serial = self.zone.serial
    if self.zone.action != "DELETE":
        # The serial may have moved on since this task was made.
        everyone = context.DesignateContext.get_admin_context(all_tenants=True)
        serial = self.central_api.get_zone(everyone, self.zone.id).serial
    return tasks.DNSQueryResult(1, int(self.zone.action == "DELETE"), serial, [serial])


def _pools():
    """Do what `designate-manage pool update` does; it asks central over RPC, which exists inside this process only."""
    import logging

    from designate.manage import pool

    try:
        pool.PoolCommands().update(ETC + "/pools.yaml", False, skip_verify_drivers=True)
    except BaseException:
        logging.getLogger("haven_lab").exception("pool update")

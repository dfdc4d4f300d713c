"""Cinder and Manila: API, scheduler and every backend in one process each."""

import sys
import threading

from . import web
from .place import ETC


def cinder():
    """Serve Cinder."""
    import eventlet

    eventlet.monkey_patch()
    import __original_module_threading as original

    original.current_thread.__globals__["_active"] = threading._active
    sys.argv = ["cinder-all", "--config-file", ETC + "/cinder.conf"]
    from cinder import i18n

    i18n.enable_lazy()
    import os_brick
    from cinder import coordination, objects, rpc, service, version
    from cinder.common import config, constants
    from oslo_config import cfg
    from oslo_log import log as logging
    from oslo_service import service as oslo_service

    conf = cfg.CONF
    conf.register_cli_opt(cfg.StrOpt("backend_host"))
    conf.register_opt(cfg.StrOpt("cluster"))
    objects.register_all()
    conf(sys.argv[1:], project="cinder", version=version.version_string())
    config.set_middleware_defaults()
    logging.setup(conf, "cinder")
    os_brick.setup(conf)
    coordination.COORDINATOR.start()
    rpc.init(conf)
    web.through_paste("cinder")
    launcher = oslo_service.ServiceLauncher(conf)
    # Cinder keeps "my row" in an attribute of the class, for one service a process; here several share one.
    beat = service.Service.report_state

    def report_state(self):
        service.Service.service_id = self.origin_service_id
        beat(self)

    service.Service.report_state = report_state
    launcher.launch_service(service.Service.create(binary="cinder-scheduler"))
    for backend in conf.enabled_backends:
        conf.register_opt(cfg.StrOpt("backend_host"), group=backend)
        made = service.Service.create(
            host=f"{conf.host}@{backend}", service_name=backend, binary=constants.VOLUME_BINARY, coordination=False
        )
        launcher.launch_service(made)
    launcher.launch_service(service.WSGIService("osapi_volume"))
    launcher.wait()


def manila():
    """Serve Manila."""
    import eventlet

    eventlet.monkey_patch()
    sys.argv = ["manila-all", "--config-file", ETC + "/manila.conf"]
    from manila import rpc, service, version
    from manila.common import config
    from oslo_config import cfg
    from oslo_log import log
    from oslo_service import service as oslo_service

    conf = cfg.CONF
    log.register_options(conf)
    conf(sys.argv[1:], project="manila", version=version.version_string())
    config.verify_share_protocols()
    config.set_lib_defaults()
    log.setup(conf, "manila")
    rpc.init(conf)
    web.through_paste("manila")
    launcher = oslo_service.ServiceLauncher(conf)
    launcher.launch_service(service.Service.create(binary="manila-scheduler", coordination=False))
    for backend in conf.enabled_share_backends:
        made = service.Service.create(
            host=f"{conf.host}@{backend}", service_name=backend, binary="manila-share", coordination=True
        )
        launcher.launch_service(made)
    launcher.launch_service(service.Service.create(binary="manila-data"))
    launcher.launch_service(service.WSGIService("osapi_share"))
    launcher.wait()

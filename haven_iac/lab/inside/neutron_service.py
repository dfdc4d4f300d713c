"""Neutron's server in one process."""

import sys

from . import web
from .place import ETC


def neutron():
    """Serve Neutron."""
    sys.argv = [
        "neutron-server",
        "--config-file",
        ETC + "/neutron.conf",
        "--config-file",
        ETC + "/ml2_conf.ini",
    ]
    import neutron.cmd.eventlet  # noqa: F401  (patches, so it has to be first)
    from neutron import server, service
    from neutron.services.l3_router import l3_router_plugin

    from . import neutron_l3

    l3_router_plugin.L3RouterPlugin = neutron_l3.LabL3Plugin
    web.through_paste("neutron")

    def run():
        service._get_api_workers = lambda: 0  # in this process, no fork
        service.serve_wsgi(service.NeutronApiService).wait()

    server.boot_server(run)

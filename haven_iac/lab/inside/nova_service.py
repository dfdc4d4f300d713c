"""Nova: API, scheduler, conductor and every compute host in one process."""

import os
import socket
import sys
import time

from . import web
from .place import ETC, HOST, RUN


def nova():
    """Serve Nova."""
    # isort: off
    import nova.monkey_patch  # has to be first
    import nova.cmd
    import nova.conf

    # isort: on
    import os_brick
    import os_vif
    from nova import config, objects, service
    from nova.compute import manager
    from nova.compute import rpcapi as compute_rpcapi
    from nova.conductor import rpcapi as conductor_rpcapi
    from nova.scheduler import rpcapi as scheduler_rpcapi
    from oslo_log import log as logging
    from oslo_service import service as oslo_service

    conf = nova.conf.CONF
    config.parse_args(["nova", "--config-file", ETC + "/nova.conf"])
    logging.setup(conf, "nova")
    objects.register_all()
    os_brick.setup(conf)
    os_vif.initialize()
    web.through_paste("nova")
    # Nova only loads drivers below nova.virt.
    from . import nova_driver

    sys.modules["nova.virt.haven_driver"] = nova_driver
    # Several compute services live in this process; the file with the identity of a machine is for one, and the
    # lab's driver has identities of its own.
    manager.ComputeManager._ensure_existing_node_identity = lambda self, *args, **kwargs: None
    _wait_for(5000, 8778)
    launcher = oslo_service.ServiceLauncher(conf)
    for binary, topic in (
        ("nova-conductor", conductor_rpcapi.RPC_TOPIC),
        ("nova-scheduler", scheduler_rpcapi.RPC_TOPIC),
    ):
        launcher.launch_service(service.Service.create(binary=binary, topic=topic))
    for host in os.environ["HAVEN_LAB_HOSTS"].split(","):
        made = service.Service.create(host=host, binary="nova-compute", topic=compute_rpcapi.RPC_TOPIC)
        launcher.launch_service(made)
    launcher.launch_service(service.WSGIService("osapi_compute"))
    launcher.wait()


def _wait_for(*ports):
    """Wait until these ports answer and identities are made."""
    end, todo = time.time() + 120, list(ports)
    while time.time() < end and (todo or not os.path.exists(os.path.join(RUN, "identity-ready"))):
        for port in list(todo):
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    todo.remove(port)
        time.sleep(0.1)

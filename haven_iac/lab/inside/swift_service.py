"""Swift: proxy, account, container and object server in one process, with a ring of one device."""

import logging
import os
from array import array

from . import web
from .place import ETC, HOST, STATE

BACKENDS = {"account": 6202, "container": 6201, "object": 6200}
DEVICE = "disk"
PORT = 8080
_PART_POWER = 2


def swift():
    """Serve Swift."""
    import eventlet

    eventlet.monkey_patch()
    from swift.common import utils

    # There is no memcached, and Swift says so at every request.
    utils.cache_from_env = lambda env, allow_none=False: None
    _rings()
    utils.set_swift_dir(ETC)
    from eventlet import wsgi
    from swift.account.server import AccountController
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.wsgi import loadapp
    from swift.container.server import ContainerController
    from swift.obj.server import ObjectController

    folder = os.path.join(STATE, "swift")
    os.makedirs(os.path.join(folder, DEVICE), exist_ok=True)
    conf = {
        "devices": folder,
        "swift_dir": ETC,
        "mount_check": "false",
        "fallocate_reserve": "0",
        "log_custom_handlers": __name__ + ".to_file",
    }
    served = [
        (BACKENDS["account"], AccountController(dict(conf))),
        (BACKENDS["container"], ContainerController(dict(conf))),
        (BACKENDS["object"], ObjectController(dict(conf))),
        (PORT, web.Faulty(loadapp(ETC + "/swift-proxy.conf"), "swift")),
    ]
    silent = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process lives)
    threads = [
        eventlet.spawn(wsgi.server, eventlet.listen((HOST, port)), app, silent, protocol=SwiftHttpProtocol)
        for port, app in served
    ]
    for thread in threads:
        thread.wait()


def to_file(conf, name, log_to_console, log_route, fmt, logger, adapted_logger):
    """Let a logger of Swift's, which knows syslog only, write what is wrong to a file of its own."""
    handler = logging.FileHandler(os.path.join(STATE, "logs", "swift.log"))
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logger.addHandler(handler)


def _rings():
    """Write the rings: every partition is on the one device."""
    from swift.common.ring import RingData

    for name, port in BACKENDS.items():
        place = {"ip": HOST, "port": port, "replication_ip": HOST, "replication_port": port}
        device = {"id": 0, "region": 1, "zone": 1, "device": DEVICE, "weight": 1, **place}
        ring = RingData([array("H", [0] * 2**_PART_POWER)], [device], 32 - _PART_POWER)
        ring.save(os.path.join(ETC, name + ".ring.gz"))

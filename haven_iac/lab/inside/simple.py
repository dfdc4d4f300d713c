"""Services that are one WSGI application each."""

import os
import sys

from . import web
from .place import ETC, FAULTS


def keystone():
    """Serve Keystone; tokens of users end soon while a fault says so."""
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = ETC + "/keystone.conf"
    sys.argv = ["keystone-wsgi-public"]
    import datetime

    from keystone.server import wsgi
    from keystone.token import provider
    from oslo_utils import timeutils

    usual = provider.default_expire_time

    def expires():
        if getattr(web.current, "user", None) not in (None, "svc", "admin"):
            fault = FAULTS.strike("token")
            if fault:
                return timeutils.utcnow() + datetime.timedelta(seconds=float(fault.parameters["seconds"]))
        return usual()

    provider.default_expire_time = expires
    web.serve(wsgi.initialize_public_application(), "keystone", 5000)


def placement():
    """Serve Placement."""
    os.environ["OS_PLACEMENT_CONFIG_DIR"] = ETC
    sys.argv = ["placement-api"]
    from placement import wsgi

    web.serve(wsgi.init_application(), "placement", 8778)


def glance():
    """Serve Glance."""
    os.environ["OS_GLANCE_CONFIG_DIR"] = ETC
    os.environ["OS_GLANCE_CONFIG_FILES"] = "glance-api.conf"
    sys.argv = ["glance-api"]
    from glance.common import wsgi_app

    web.serve(wsgi_app.init_app(), "glance", 9292)


def barbican():
    """Serve Barbican."""
    os.environ["BARBICAN_SETTINGS"] = ETC + "/barbican.conf"
    sys.argv = ["barbican-api", "--config-file", ETC + "/barbican.conf"]
    from barbican.common import config

    config.CONF(sys.argv[1:], project="barbican")
    from paste import deploy

    app = deploy.loadapp("config:" + ETC + "/barbican-api-paste.ini", name="main")
    web.serve(app, "barbican", 9311)


def octavia():
    """Serve Octavia; the provider `amphora` is the lab's."""
    argv = ["octavia-api", "--config-file", ETC + "/octavia.conf"]
    sys.argv = argv
    from octavia.api import app
    from octavia.api.drivers.amphora_driver.v2 import driver

    from . import octavia_driver

    # Two plugins of one name would be refused; so the one of the package is replaced where it is defined.
    driver.AmphoraProviderDriver = octavia_driver.AmphoraDriver
    application = app.setup_app(argv=argv)
    octavia_driver.follow_health()
    web.serve(application, "octavia", 9876, threads=8)

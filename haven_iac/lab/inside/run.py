"""python -m haven_lab.run <service>: one process for each OpenStack project.

Inside a process the project's API and its workers talk over oslo.messaging's in-process `fake://` transport, the way
the projects' functional tests do, so no message broker is needed.  State is in MariaDB.
"""

import importlib
import sys

MODULES = {
    "keystone": "simple",
    "placement": "simple",
    "glance": "simple",
    "barbican": "simple",
    "octavia": "simple",
    "nova": "nova_service",
    "neutron": "neutron_service",
    "cinder": "storage_services",
    "manila": "storage_services",
    "designate": "designate_service",
    "swift": "swift_service",
}

if __name__ == "__main__":
    service = sys.argv[1]
    getattr(importlib.import_module("haven_lab." + MODULES[service]), service)()

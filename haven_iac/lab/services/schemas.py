"""Tables of every service's database, made once; after that a snapshot has them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from haven_iac.errors import LabError
from haven_iac.lab.services.environment import environment
from haven_iac.lab.services.settings import KEYSTONE, PASSWORD, REGION, Settings

Say = Callable[[str], None]


def commands(lab: Settings) -> dict[str, list[list[str]]]:
    """Return the commands for each service that the lab has, longest first; pure."""
    etc = str(lab.etc)

    def tool(name: str, file: str, *arguments: str) -> list[str]:
        return [f"{lab.venv}/bin/{name}", "--config-file", f"{etc}/{file}", *arguments]

    keystone = ("keystone-manage", "keystone.conf")
    owner = ("--keystone-user", "root", "--keystone-group", "root") if os.geteuid() == 0 else ()
    nova = ("nova-manage", "nova.conf")
    every = {
        "neutron": [
            tool("neutron-db-manage", "neutron.conf", "--config-file", f"{etc}/ml2_conf.ini", "upgrade", "heads")
        ],
        "nova": [
            tool(*nova, "api_db", "sync"),
            tool(*nova, "cell_v2", "map_cell0", "--database_connection", lab.connection("nova_cell0")),
            tool(
                *nova,
                *("cell_v2", "create_cell", "--name", "cell1", "--transport-url", "fake:///"),
                *("--database_connection", lab.connection("nova")),
            ),
            tool(*nova, "db", "sync"),
        ],
        "keystone": [
            tool(*keystone, "db_sync"),
            tool(*keystone, "fernet_setup", *owner),
            tool(*keystone, "credential_setup", *owner),
            tool(
                *keystone,
                *("bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION),
                *(word for kind in ("admin", "internal", "public") for word in (f"--bootstrap-{kind}-url", KEYSTONE)),
            ),
        ],
        "cinder": [tool("cinder-manage", "cinder.conf", "db", "sync")],
        "octavia": [tool("octavia-db-manage", "octavia.conf", "upgrade", "head")],
        "glance": [tool("glance-manage", "glance-api.conf", "db_sync")],
        "placement": [tool("placement-manage", "placement.conf", "db", "sync")],
        "designate": [tool("designate-manage", "designate.conf", "database", "sync")],
        "manila": [tool("manila-manage", "manila.conf", "db", "sync")],
        # Swift keeps its own files.
        "swift": [],
        "barbican": [[f"{lab.venv}/bin/barbican-manage", "db", "upgrade", "--db-url", lab.connection("barbican")]],
    }
    return {service: made for service, made in every.items() if service in lab.services}


def make(lab: Settings, say: Say) -> None:
    """Make every table; services side by side.

    Raises:
        LabError: a command failed.
    """

    def one(item: tuple[str, list[list[str]]]) -> None:
        service, work = item
        began = time.monotonic()
        for argv in work:
            _run(lab, service, argv)
        say(f"tables of {service} made in {time.monotonic() - began:.0f} s")

    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        list(pool.map(one, commands(lab).items()))


def _run(lab: Settings, service: str, argv: list[str]) -> None:
    log = lab.logs / f"{service}-tables.log"
    with log.open("ab") as output:
        done = subprocess.run(
            argv,
            env=environment(lab),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=lab.state,
            check=False,
        )
    if done.returncode:
        raise LabError(f"making the tables of {service} failed", fix=f"its log is {log}")

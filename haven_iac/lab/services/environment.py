"""The environment in which OpenStack's own programs run, and the package that they find us by."""

from __future__ import annotations

import json
import os
from pathlib import Path

from haven_iac.lab.packages import INSIDE
from haven_iac.lab.services.settings import HOSTS, PASSWORD, REGION, Settings

_PLUGINS = """[neutron.ml2.mechanism_drivers]
haven = haven_lab.neutron_mech:LabMechanismDriver

[octavia.api.drivers]
ovn = haven_lab.octavia_driver:OvnDriver
"""
"""Drivers that services find by name; the load balancer provider `amphora` is put in by `simple.octavia`."""


def write(lab: Settings) -> None:
    """Make our part findable for OpenStack's interpreter, without putting anything of ours or yours before its own."""
    folder = lab.state / "python"
    package, description = folder / "haven_lab", folder / "haven_lab-1.0.dist-info"
    description.mkdir(parents=True, exist_ok=True)
    (description / "METADATA").write_text("Metadata-Version: 2.1\nName: haven_lab\nVersion: 1.0\n")
    (description / "entry_points.txt").write_text(_PLUGINS)
    if package.is_symlink() and package.readlink() != INSIDE:
        package.unlink()
    if not package.is_symlink():
        package.symlink_to(INSIDE)


def environment(lab: Settings) -> dict[str, str]:
    """Return the environment of a service: nothing of the user's, who may be logged in at another cloud."""
    kept = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
    state = str(lab.state)
    return {
        **kept,
        "HAVEN_LAB_PLACE": state,
        "HAVEN_LAB_HOSTS": ",".join(HOSTS),
        "HOME": state,
        "TMPDIR": str(lab.state / "tmp"),
        "XDG_CACHE_HOME": f"{state}/cache",
        "PATH": f"{lab.venv}/bin:{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{state}/python",
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "no_proxy": "*",
    }


def for_content(lab: Settings, clouds: Path) -> dict[str, str]:
    """Return the environment of the program that fills the cloud."""
    plan = {
        "password": PASSWORD,
        "region": REGION,
        "services": list(lab.services),
        "hosts": {host: host.split("-")[1] if host.count("-") == 2 else "" for host in HOSTS},
    }
    return {**environment(lab), "OS_CLIENT_CONFIG_FILE": str(clouds), "HAVEN_LAB_CONTENT": json.dumps(plan)}

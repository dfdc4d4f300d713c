"""Writes the configuration files of a lab's services."""

from __future__ import annotations

import shutil
from pathlib import Path

from haven_iac.lab.services import compute, identity, network, objects, storage
from haven_iac.lab.services.settings import KEYSTONE, PASSWORD, REGION, Sections, Settings, ini

_FROM_PACKAGES = {
    "glance/glance-api-paste.ini": "glance-api-paste.ini",
    "nova/api-paste.ini": "nova-api-paste.ini",
    "neutron/api-paste.ini": "neutron-api-paste.ini",
    "cinder/api-paste.ini": "cinder-api-paste.ini",
    "cinder/resource_filters.json": "resource_filters.json",
    "barbican/barbican-api-paste.ini": "barbican-api-paste.ini",
    "designate/api-paste.ini": "designate-api-paste.ini",
    "manila/api-paste.ini": "manila-api-paste.ini",
}
"""Files that the packages bring, to their names in the configuration."""

_FOLDERS = (
    "etc",
    "run",
    "logs",
    "images",
    "locks",
    "nova",
    "cinder",
    "tmp",
    "keystone",
    "machines",
    "clusters",
    "swift",
)

ADMIN, USER = "lab-admin", "haven-demo"
"""Entries of clouds.yaml: the cloud's administrator, and an ordinary user of one project."""


def files(lab: Settings) -> dict[str, Sections]:
    """Return every configuration file by name; pure."""
    modules = (identity, compute, network, storage, objects)
    return {name: sections for module in modules for name, sections in module.files(lab).items()}


def clouds() -> str:
    """Return the clouds.yaml for users of the lab; pure."""
    lines = ["clouds:"]
    for entry, user, project in ((ADMIN, "admin", "admin"), (USER, "haven", "haven-demo")):
        lines += [
            f"  {entry}:",
            "    auth:",
            f'      auth_url: "{KEYSTONE}"',
            f'      username: "{user}"',
            f'      password: "{PASSWORD}"',
            f'      project_name: "{project}"',
            "      user_domain_name: Default",
            "      project_domain_name: Default",
            f"    region_name: {REGION}",
            "    identity_api_version: 3",
        ]
    return "\n".join(lines) + "\n"


def write(lab: Settings) -> None:
    """Write everything that the services read, in a folder for this user alone."""
    lab.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lab.state.chmod(0o700)
    names = {
        str(sections["DEFAULT"].get("state_path", "")) for sections in files(lab).values() if "DEFAULT" in sections
    }
    for folder in (*(lab.state / name for name in _FOLDERS), *(Path(name) for name in names if name)):
        folder.mkdir(mode=0o700, exist_ok=True)
    for name, sections in files(lab).items():
        _private(lab.etc / name, ini(sections))
    _private(lab.etc / "pools.yaml", network.POOLS)
    for source, name in _FROM_PACKAGES.items():
        shutil.copyfile(lab.venv / "etc" / source, lab.etc / name)
    _private(lab.state / "clouds.yaml", clouds())


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)

"""What every service of a lab is configured with; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Value = str | int | bool | Sequence[str]
Sections = Mapping[str, Mapping[str, Value]]
"""Section, to option, to value; a list becomes the option several times."""

PASSWORD = "haven-lab"
"""Of every user and of the database; the services listen on loopback in a namespace of their own."""

DATABASE_PORT = 13306
REGION = "RegionOne"
KEYSTONE = "http://127.0.0.1:5000/v3"
ZONES = ("az1", "az2", "az3")

PORTS = {
    "keystone": 5000,
    "nova": 8774,
    "neutron": 9696,
    "cinder": 8776,
    "glance": 9292,
    "placement": 8778,
    "octavia": 9876,
    "barbican": 9311,
    "designate": 9001,
    "manila": 8786,
    "swift": 8080,
}
"""Every service, and its usual port; in the order in which they are started."""

OPTIONAL = ("octavia", "barbican", "designate", "manila", "swift")
"""Services that a lab may do without, as real clouds do."""

HOSTS = ("cmp-nova", *(f"cmp-{zone}-{number}" for zone in ZONES for number in (1, 2)))
"""Compute hosts: two in each zone, and one in the zone that is nobody's."""

_QUIET: Mapping[str, Value] = {"driver": "noop"}


@dataclass(frozen=True)
class Settings:
    """Where the services of one lab keep what, and how they find each other."""

    state: Path
    venv: Path
    services: tuple[str, ...] = tuple(PORTS)

    @property
    def etc(self) -> Path:
        """Return the folder of the configuration."""
        return self.state / "etc"

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.state / "logs"

    def connection(self, name: str) -> str:
        """Return the URL of a database."""
        return f"mysql+pymysql://haven:{PASSWORD}@127.0.0.1:{DATABASE_PORT}/{name}?charset=utf8"

    def database(self, name: str) -> dict[str, Value]:
        """Return the section about a service's database."""
        return {"connection": self.connection(name), "max_pool_size": 20, "max_overflow": 40}

    def common(self, name: str, **more: Value) -> dict[str, Value]:
        """Return the DEFAULT section that most services share."""
        return {
            "log_file": f"{self.logs}/{name}.log",
            "debug": False,
            "transport_url": "fake://",
            "state_path": f"{self.state}/{name}",
            "use_stderr": False,
            **more,
        }

    def shared(self) -> dict[str, Mapping[str, Value]]:
        """Return the sections that every service has the same."""
        return {
            "keystone_authtoken": self.token_check(),
            "oslo_concurrency": {"lock_path": f"{self.state}/locks"},
            "oslo_messaging_notifications": _QUIET,
        }

    def auth(self, **more: Value) -> dict[str, Value]:
        """Return how a service logs in at Keystone."""
        return {
            "auth_type": "password",
            "auth_url": KEYSTONE,
            "username": "svc",
            "password": PASSWORD,
            "project_name": "service",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            "region_name": REGION,
            **more,
        }

    def token_check(self) -> dict[str, Value]:
        """Return how a service checks its callers' tokens; without memcached they are cached per process."""
        return self.auth(
            www_authenticate_uri=KEYSTONE,
            service_token_roles="service",  # noqa: S106  (the name of a role)
            service_token_roles_required=True,
            token_cache_time=300,
        )


def ini(sections: Sections) -> str:
    """Return the text of a configuration file."""
    lines: list[str] = []
    for section, options in sections.items():
        lines.append(f"[{section}]")
        for key, value in options.items():
            values = [value] if isinstance(value, (str, int)) else value
            lines += [f"{key} = {_text(one)}" for one in values]
        lines.append("")
    return "\n".join(lines) + "\n"


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""What a machine is told to be: RKE2 or k3s, server or agent, and its keys; read from its disk when the unit starts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.units import Unit

STRICT = os.environ.get("HAVEN_LAB_UNKNOWN_KEYS", "stop") == "stop"
"""Whether an unknown key stops the unit; else there is a warning, as the distributions themselves do."""

_KEYS = Path(__file__).parent / "known_keys.yaml"
_LISTS = {"tls-san", "node-label", "node-taint", "disable", "cluster-cidr", "service-cidr", "cni", "node-ip"}

_PROTECTED = {
    "vm.panic_on_oom": "0",
    "vm.overcommit_memory": "1",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
}
"""Kernel settings that `protect-kernel-defaults` and `profile: cis` want to find."""


class PlanError(Exception):
    """The unit does not start with this configuration."""


@lru_cache(maxsize=1)
def known_keys() -> dict[str, frozenset[str]]:
    """Return the keys that each unit knows."""
    return {unit: frozenset(keys) for unit, keys in yaml.safe_load(_KEYS.read_text()).items()}


@dataclass
class Plan:
    """One unit's configuration."""

    distribution: str
    """rke2 or k3s."""
    role: str
    """server or agent."""
    config: dict[str, Any]
    version: str = ""
    """The release that is installed."""
    notes: list[str] = field(default_factory=list)

    @property
    def unit(self) -> str:
        """Return the unit's name."""
        return "k3s" if (self.distribution, self.role) == ("k3s", "server") else f"{self.distribution}-{self.role}"

    @property
    def data_dir(self) -> str:
        """Return the folder of its data on the machine."""
        return str(self.config.get("data-dir") or f"/var/lib/rancher/{self.distribution}").rstrip("/")

    @property
    def supervisor_port(self) -> int:
        """Return the port that joining machines dial."""
        return 9345 if self.distribution == "rke2" else 6443

    @property
    def external_cloud(self) -> bool:
        """Return whether a cloud controller is to initialise the node."""
        return (
            self.one("cloud-provider-name") == "external"
            or self.arguments("kubelet-arg").get("cloud-provider") == "external"
        )

    @property
    def starts_cluster(self) -> bool:
        """Return whether it begins a cluster of its own."""
        return self.role == "server" and not self.one("server")

    def many(self, key: str) -> list[str]:
        """Return a key's values."""
        value = self.config.get(key)
        values = [] if value is None else value if isinstance(value, list) else [value]
        if key in _LISTS:
            values = [part for one in values for part in str(one).split(",")]
        return [str(one).strip() for one in values if str(one).strip()]

    def one(self, key: str, default: str = "") -> str:
        """Return a key's last value."""
        values = self.many(key)
        return values[-1] if values else default

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a key as a truth."""
        value = self.one(key)
        return value.lower() in ("true", "1") if value else default

    def arguments(self, key: str) -> dict[str, str]:
        """Return a list of `name=value` as a mapping."""
        pairs = (item.partition("=") for item in self.many(key))
        return {name.lstrip("-").rstrip("+-"): value for name, _, value in pairs}

    def check(self, users: set[str], kernel: Mapping[str, str]) -> None:
        """Look for what stops the unit before it does anything.

        Args:
            users: that the machine knows.
            kernel: settings that are loaded.

        Raises:
            PlanError: something does.
        """
        have = known_keys()[f"{self.distribution}-{self.role}"]
        for key in sorted(set(self.config) - have):
            if STRICT or self.unit == "k3s-agent":
                raise PlanError(f"Incorrect Usage: flag provided but not defined: -{key}")
            self.notes.append(f"Unknown flag --{key} found in config.yaml, skipping")
            del self.config[key]
        if self.role == "agent" and not self.one("server"):
            raise PlanError("--server is required")
        if self.one("server") and not self.one("token"):
            raise PlanError("--token is required")
        hardened = self.one("profile").startswith("cis")
        if self.one("profile") and self.one("profile") not in ("cis", "etcd"):
            raise PlanError(f"invalid value provided for --profile flag: {self.one('profile')}")
        if hardened and self.role == "server" and "etcd" not in users:
            raise PlanError("missing required: user: unknown user etcd")
        if hardened or self.flag("protect-kernel-defaults"):
            for name, value in _PROTECTED.items():
                if kernel.get(name) != value:
                    raise PlanError(f"invalid kernel parameter value {name}={kernel.get(name)} - expected {value}")


def read(root: Root, unit: Unit, env: Mapping[str, str], version: str) -> Plan:
    """Return what a unit finds when it starts.

    Args:
        root: disk of the machine.
        unit: that starts, with its command line.
        env: its environment.
        version: the release that is installed.

    Raises:
        PlanError: a file of configuration cannot be used.
    """
    distribution = unit.kubernetes or ""
    words = list(unit.start[0].words[1:])
    role = words.pop(0) if words and words[0] in ("server", "agent") else "server"
    config = _files(root, distribution)
    prefix = distribution.upper()
    for name, key in (("URL", "server"), ("TOKEN", "token"), ("TOKEN_FILE", "token-file")):
        if value := env.get(f"{prefix}_{name}"):
            config.setdefault(key, value)
    _flags(config, words)
    plan = Plan(distribution, role, config, version)
    for key in ("token", "agent-token"):
        if key not in config and plan.one(f"{key}-file"):
            config[key] = root.text(plan.one(f"{key}-file")).strip()
    return plan


def _files(root: Root, distribution: str) -> dict[str, Any]:
    """Read config.yaml, then config.yaml.d/*.yaml; later wins, `key+` appends."""
    base = f"/etc/rancher/{distribution}/config.yaml"
    config: dict[str, Any] = {}
    for path in [base, *root.files(f"{base}.d", (".yaml", ".yml"))]:
        try:
            data = yaml.safe_load(root.text(path)) or {}
        except yaml.YAMLError as error:
            raise PlanError(f"failed to load config {path}: yaml: {' '.join(str(error).split())}") from error
        if not isinstance(data, dict):
            raise PlanError(f"failed to load config {path}: yaml: cannot unmarshal into yaml.MapSlice")
        for key, value in data.items():
            name = str(key)
            if name.endswith("+"):
                name = name[:-1]
                value = [*_list(config.get(name)), *_list(value)]
            config[name] = value
    return config


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _flags(config: dict[str, Any], words: Sequence[str]) -> None:
    """Add what the command line says; it comes after the files."""
    todo, given = list(words), dict[str, Any]()
    while todo:
        word = todo.pop(0)
        if not word.startswith("-"):
            continue
        key, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = todo.pop(0) if todo and not todo[0].startswith("-") else "true"
        given[key] = value if key not in given else [*_list(given[key]), value]
    config.update(given)

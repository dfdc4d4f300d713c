"""The tools that are needed, as data: versions, releases, recipes."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.errors import ToolchainError

RECIPES = Path(__file__).parent / "recipes"
"""Folders with a go.mod and go.sum, from which a tool is built."""

_ARCH = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Tool:
    """One binary that we run."""

    name: str
    version: str
    group: str
    """engine, local, openstack, lab, lab-backup or gitops."""
    recipe: str
    package: str
    seconds: int
    """About how long a build takes on two cores, in the order of the list."""
    megabytes: int
    """Size on disk."""
    work: int
    """Gigabytes of disk that a build takes while it runs, beside what tools before it have fetched."""
    ldflags: str = ""
    tags: str = ""
    plugin: str = ""
    """Name of the resource plugin that it is; empty for an ordinary tool."""
    url: str = ""
    """Official release."""
    checksum: str = ""
    """Where the release's SHA-256 stands."""
    member: str = ""
    """Path inside the archive; empty when the release is the binary itself."""
    more: tuple[str, ...] = ()
    """Other files of the archive that belong beside it."""
    module: str = ""
    """Go module that `copies` come from."""
    module_recipe: str = ""
    """Recipe that pins that module; the tool's own when empty."""
    copies: dict[str, str] = field(default_factory=dict)
    """File beside the binary, to its path in the module."""
    comes_with: str = ""
    """Tool whose official release holds this one too."""
    version_args: tuple[str, ...] = ()
    """Arguments that make it print its version; empty when it cannot."""

    @property
    def folder(self) -> str:
        """Return the name of its folder in the cache."""
        return f"{self.name}-{self.version}"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the name of every file that makes it up, its own first."""
        return (self.name, *self.copies)

    def filled(self, text: str) -> str:
        """Return a template with version, system and architecture filled in."""
        arch = architecture()
        if "-x64" in text and arch == "arm64":
            text = text.replace("-x64", "-arm64")
        return text.format(version=self.version, os=platform.system().lower(), arch=arch)


def architecture() -> str:
    """Return this machine's architecture as Go names it.

    Raises:
        ToolchainError: there are no tools for it.
    """
    machine = platform.machine().lower()
    if machine not in _ARCH:
        raise ToolchainError(f"there are no tools for {machine} machines", fix="use an amd64 or arm64 machine")
    return _ARCH[machine]


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    import yaml

    text = (Path(__file__).parent / "tools.yaml").read_text()
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def build_flags() -> list[str]:
    """Return the flags of every `go build`."""
    return list(_data()["flags"])


def go_version() -> str:
    """Return the oldest Go that builds everything."""
    return str(_data()["go"])


@lru_cache(maxsize=1)
def known() -> dict[str, Tool]:
    """Return every tool by name."""
    tools = {}
    for name, entry in _data()["tools"].items():
        given = dict(entry)
        given["comes_with"] = given.pop("with", "")
        for key in ("more", "version_args"):
            given[key] = tuple(given.get(key, ()))
        tools[name] = Tool(name=name, **given)
    return tools


def groups() -> list[str]:
    """Return the names of the groups of tools."""
    return list(dict.fromkeys(tool.group for tool in known().values()))


def wanted(names: Iterable[str]) -> list[Tool]:
    """Return the tools of these groups, in the order in which they are had.

    Raises:
        ToolchainError: a group is not known.
    """
    asked = list(names)
    for name in asked:
        if name not in groups():
            raise ToolchainError(f"no group of tools is called {name!r}", fix=f"groups are {', '.join(groups())}")
    return [tool for tool in known().values() if tool.group in asked]

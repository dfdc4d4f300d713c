"""Finds each tool: PATH, cache, mirror folder, official release, else a build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from haven_iac.toolchain import cache, mirror, release
from haven_iac.toolchain.tools import Tool, known, wanted


@dataclass(frozen=True)
class Found:
    """Where a tool is, or would come from."""

    tool: Tool
    source: str
    """path, cache, mirror, release or build."""
    location: Path | None
    """None when it has to be had first."""
    origin: str = ""
    """Where one in the cache came from: mirror, release or build."""

    @property
    def action(self) -> str:
        """Return what `ensure` would do about it."""
        return {
            "path": "use it",
            "cache": "use it",
            "mirror": "copy it from the mirror folder",
            "release": "download the official release",
            "build": "build it from its Go module",
        }[self.source]

    @property
    def seconds(self) -> int:
        """Return about how long having it takes, on two cores and an ordinary line."""
        quick = 1 + self.tool.megabytes // {"mirror": 80, "release": 8}.get(self.source, 80)
        return 0 if self.location else self.tool.seconds if self.source == "build" else quick


def pulumi_home() -> Path:
    """Return where the engine keeps its plugins: PULUMI_HOME, else ~/.pulumi."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def plugin_folder(tool: Tool) -> Path:
    """Return the folder in which the engine looks for a plugin."""
    return pulumi_home() / "plugins" / f"resource-{tool.plugin}-v{tool.version}"


def survey(groups: Iterable[str]) -> list[Found]:
    """Return, for each tool, where it is or where it would come from.

    Raises:
        ToolchainError: a group is not known, or the mirror is no folder.
    """
    tools = wanted(groups)
    here = [_here(tool) for tool in tools]
    absent = [tool for tool, found in zip(tools, here, strict=True) if found is None]
    if not absent:
        return [found for found in here if found]
    with ThreadPoolExecutor(len(absent)) as pool:  # release hosts are asked all at once
        sources = iter(list(pool.map(_source, absent)))
    return [found or next(sources) for found in here]


def missing(groups: Iterable[str]) -> list[Tool]:
    """Return the tools that are not here; asks no network.

    Raises:
        ToolchainError: a group is not known.
    """
    return [tool for tool in wanted(groups) if _here(tool) is None]


def locate(tool: Tool) -> Found:
    """Return where one tool is, or where it would come from."""
    return _here(tool) or _source(tool)


def _here(tool: Tool) -> Found | None:
    path = _plugin(tool) if tool.plugin else _on_path(tool)
    if path and not cache.same(cache.cache_folder() / tool.folder / tool.name, path):
        return Found(tool, "path", path)
    cached = cache.lookup(tool)
    return Found(tool, "cache", cached.binary, cached.source) if cached else None


def _source(tool: Tool) -> Found:
    folder = mirror.mirror_folder()
    if folder and mirror.offers(folder, tool.name):
        return Found(tool, "mirror", None)
    if release.reachable(tool) or (tool.comes_with and _release_of_host(tool)):
        return Found(tool, "release", None)
    return Found(tool, "build", None)


def _release_of_host(tool: Tool) -> bool:
    """Return whether the release that this tool comes with is in the cache, or would be had."""
    host = known()[tool.comes_with]
    if cached := cache.lookup(host):
        return (cached.binary.parent / tool.name).is_file()
    return locate(host).source == "release"


def _plugin(tool: Tool) -> Path | None:
    """Return a plugin that the engine has already, whoever put it there."""
    folder = plugin_folder(tool)
    unfinished = folder.with_name(f"{folder.name}.partial")  # the engine's own mark
    binary = folder / tool.name
    return binary if os.access(binary, os.X_OK) and binary.stat().st_size and not unfinished.exists() else None


def _on_path(tool: Tool) -> Path | None:
    """Return the first of the wanted version on PATH; our own links in the cache do not count."""
    own = cache.cache_folder().resolve()
    for folder in os.get_exec_path():
        given = shutil.which(tool.name, path=folder)
        if given is None or Path(given).resolve().is_relative_to(own):
            continue
        if not tool.version_args:
            # It cannot tell its version; it is good if it lies beside a good one that it is released with.
            beside, host = Path(given).resolve().with_name(tool.comes_with), known()[tool.comes_with]
            if beside.is_file() and version_fits(beside, host):
                return Path(given)
        elif version_fits(Path(given), tool):
            return Path(given)
    return None


def version_fits(path: Path, tool: Tool) -> bool:
    """Return whether a binary runs and says that it is the wanted version; a newer engine will do."""
    try:
        done = subprocess.run([path, *tool.version_args], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    if not match:
        return False
    found = tuple(int(part) for part in match.groups())
    needed = tuple(int(part) for part in tool.version.split("."))
    if tool.group == "engine":
        return found[0] == needed[0] and found >= needed
    return found == needed

"""Finds each tool, or gets it: PATH, cache, mirror folder, official release, build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from haven_iac.errors import ToolchainError
from haven_iac.toolchain import build, cache, mirror, release
from haven_iac.toolchain.tools import Tool, wanted


class Progress(Protocol):
    """Is told what happens; every method may be called often."""

    def start(self, tool: Tool, source: str) -> None:
        """Say that a tool is being had from `mirror`, `release` or `build`."""

    def step(self, tool: Tool, done: int, total: int, what: str) -> None:
        """Say how far it is; `total` is 0 when unknown."""

    def end(self, tool: Tool, source: str) -> None:
        """Say that it is there."""

    def note(self, text: str) -> None:
        """Say something to the user."""


class Silent:
    """Says nothing."""

    def start(self, tool: Tool, source: str) -> None:
        """Ignore."""

    def step(self, tool: Tool, done: int, total: int, what: str) -> None:
        """Ignore."""

    def end(self, tool: Tool, source: str) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""


@dataclass(frozen=True)
class Found:
    """Where a tool is, or would come from."""

    tool: Tool
    source: str
    """path, cache, mirror, release, build, or `with pulumi`."""
    location: Path | None
    """None when it has to be had first."""

    @property
    def action(self) -> str:
        """Return what `ensure` would do about it."""
        return {
            "path": "use it",
            "cache": "use it",
            "mirror": "copy it from the mirror folder",
            "release": "download the official release",
            "build": f"build it from its Go module, about {self.tool.minutes} min",
        }[self.source]


@dataclass(frozen=True)
class Tools:
    """Every tool that was asked for, ready to run."""

    locations: dict[str, Path]

    def path(self, name: str) -> Path:
        """Return where a tool is.

        Raises:
            ToolchainError: it was not asked for.
        """
        if name not in self.locations:
            raise ToolchainError(f"no tool {name!r} among {', '.join(self.locations)}")
        return self.locations[name]

    @property
    def bin(self) -> Path:
        """Return the folder of the engine."""
        return self.path("pulumi").parent

    def env(self) -> dict[str, str]:
        """Return the environment that the engine needs to run without asking the outside for anything."""
        plugins = pulumi_home() / "plugins"
        ordinary = [path.parent for path in self.locations.values() if not path.is_relative_to(plugins)]
        folders = list(dict.fromkeys(str(folder) for folder in ordinary))
        return {
            "PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")]),
            "PULUMI_HOME": str(pulumi_home()),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
        }


def pulumi_home() -> Path:
    """Return where the engine keeps its plugins: PULUMI_HOME, else ~/.pulumi."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def survey(groups: Iterable[str]) -> list[Found]:
    """Return, for each tool, where it is or where it would come from."""
    return [locate(tool) for tool in wanted(groups)]


def locate(tool: Tool) -> Found:
    """Return where one tool is, or where it would come from."""
    if path := _on_path(tool):
        return Found(tool, "path", path)
    if cached := cache.lookup(tool):
        return Found(tool, "cache", cached.binary)
    folder = mirror.mirror_folder()
    if folder and mirror.offers(folder, tool.name):
        return Found(tool, "mirror", None)
    if release.reachable(tool) or (tool.comes_with and _release_holds(tool)):
        return Found(tool, "release", None)
    return Found(tool, "build", None)


def _release_holds(tool: Tool) -> bool:
    host = wanted(["engine"])[0]
    return host.name == tool.comes_with and release.reachable(host)


def _on_path(tool: Tool) -> Path | None:
    """Return the tool on PATH if it is of the wanted version; our own links in the cache do not count."""
    if tool.plugin:
        path = pulumi_home() / "plugins" / _plugin_folder(tool) / tool.name
        if path.is_file() and not path.resolve().is_relative_to(cache.cache_folder().resolve()):
            return path
        return None
    given = shutil.which(tool.name)
    if given is None or Path(given).resolve().is_relative_to(cache.cache_folder().resolve()):
        return None
    if not tool.version_args:
        # It cannot tell its version; it is good if it lies beside a good one that it is released with.
        beside = shutil.which(tool.comes_with)
        same = beside and Path(beside).resolve().parent == Path(given).resolve().parent
        return Path(given) if same and _version_fits(Path(str(beside)), wanted(["engine"])[0]) else None
    return Path(given) if _version_fits(Path(given), tool) else None


def _version_fits(path: Path, tool: Tool) -> bool:
    try:
        done = subprocess.run([path, *tool.version_args], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout + done.stderr)
    if not match:
        return False
    found = tuple(int(part) for part in match.groups())
    needed = tuple(int(part) for part in tool.version.split("."))
    if tool.group == "engine":
        return found[0] == needed[0] and found >= needed
    return found == needed


def _plugin_folder(tool: Tool) -> str:
    return f"resource-{tool.plugin}-v{tool.version}"


def ensure(groups: Sequence[str], progress: Progress | None = None) -> Tools:
    """Return the tools of these groups, getting what is not there.

    Args:
        groups: engine, local, openstack.
        progress: is told what happens; nothing is said when left out.

    Raises:
        ToolchainError: a tool cannot be had; nothing half-made is left.
    """
    say = progress or Silent()
    found = survey(groups)
    if any(one.location is None for one in found):
        with cache.locked(lambda: say.note("another process is getting tools; waiting for it")):
            _get([one for one in survey(groups) if one.location is None], say)
        found = survey(groups)
    locations = {one.tool.name: _place(one) for one in found if one.location}
    missing = [one.tool.name for one in found if one.location is None]
    if missing:
        raise ToolchainError(f"could not get {', '.join(missing)}", fix="run `haven-iac toolchain install` and read on")
    return Tools(locations)


def _get(missing: list[Found], say: Progress) -> None:
    building = [one for one in missing if one.source == "build"]
    if building:
        build.check()
        minutes = sum(one.tool.minutes for one in building)
        say.note(
            f"{len(building)} tools have to be built from their published Go modules; "
            f"that takes about {minutes} minutes on two cores, once"
        )
    for one in missing:
        _get_one(one, say)
    if building:
        build.forget()


def _get_one(one: Found, say: Progress) -> None:
    tool = one.tool
    fill: Callable[[Path], None]
    if one.source == "mirror":
        folder = mirror.mirror_folder()
        assert folder is not None
        fill = lambda into: mirror.fetch(tool, folder, into)  # noqa: E731
    elif one.source == "release":
        try:
            say.start(tool, "release")
            cache.store(tool, "release", lambda into: _from_release(tool, into, say))
            say.end(tool, "release")
        except release.OutOfReachError as error:
            say.note(f"{tool.name}: {error}; building it instead")
            build.check()
            _get_one(Found(tool, "build", None), say)
        return
    else:
        fill = lambda into: build.build(tool, into, lambda d, t, w: say.step(tool, d, t, w))  # noqa: E731
    say.start(tool, one.source)
    cache.store(tool, one.source, fill)
    say.end(tool, one.source)


def _from_release(tool: Tool, into: Path, say: Progress) -> None:
    if tool.comes_with:
        host = cache.lookup(wanted(["engine"])[0])
        if host is None or not (host.binary.parent / tool.name).is_file():
            raise release.OutOfReachError(f"the release of {tool.comes_with} is not here")
        for name in (tool.name, *tool.copies):
            shutil.copy2(host.binary.parent / name, into / name)
        return
    release.fetch(tool, into, lambda done, total: say.step(tool, done, total, "bytes"))


def _place(one: Found) -> Path:
    """Put a tool where it is looked for, and return that place.

    The engine and its language host have to lie in one folder; a plugin has to lie below PULUMI_HOME.
    """
    assert one.location is not None
    if one.source == "path":
        return one.location
    if one.tool.plugin:
        target = pulumi_home() / "plugins" / _plugin_folder(one.tool)
        for path in one.location.parent.iterdir():
            if path.name != cache.RECORD:
                cache.link(path, target / path.name)
        return target / one.tool.name
    target = cache.cache_folder() / "bin"
    for path in one.location.parent.iterdir():
        if path.name != cache.RECORD:
            cache.link(path, target / path.name)
    return target / one.tool.name

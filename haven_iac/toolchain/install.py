"""Gets the tools that are not there, and puts each where it is looked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from haven_iac.errors import ToolchainError
from haven_iac.toolchain import build, cache, mirror, release
from haven_iac.toolchain.find import Found, plugin_folder, pulumi_home, survey, version_fits
from haven_iac.toolchain.progress import Progress, Silent
from haven_iac.toolchain.tools import Tool, known


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

    @property
    def folders(self) -> list[str]:
        """Return the folders that have to be on PATH; plugins are found elsewhere."""
        plugins = pulumi_home() / "plugins"
        ordinary = [path.parent for path in self.locations.values() if not path.is_relative_to(plugins)]
        return list(dict.fromkeys(str(folder) for folder in ordinary))

    def env(self) -> dict[str, str]:
        """Return the environment that the engine needs to run without asking the outside for anything."""
        return {
            "PATH": os.pathsep.join([*self.folders, os.environ.get("PATH", "")]),
            "PULUMI_HOME": str(pulumi_home()),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
        }


def ensure(groups: Sequence[str], progress: Progress | None = None) -> Tools:
    """Return the tools of these groups, getting what is not there.

    Args:
        groups: engine, local, openstack, lab, lab-backup, gitops.
        progress: is told what happens; nothing is said when left out.

    Raises:
        ToolchainError: a tool cannot be had; nothing half-made is left.
    """
    say = progress or Silent()
    found = survey(groups)
    if any(one.location is None for one in found):
        with cache.locked(lambda: say.note("another process is getting tools; waiting for it")):
            missing = [one for one in survey(groups) if one.location is None]
            if missing:
                check(missing)
                say.plan(missing)
                _get(missing, say)
        found = survey(groups)
    return Tools({one.tool.name: _place(one) for one in found})


def check(missing: Sequence[Found]) -> None:
    """Say, before anything starts, what getting these tools would lack.

    Raises:
        ToolchainError: no Go, one that is too old, or too little disk.
    """
    if any(one.source == "build" for one in missing):
        build.check_go()
    root = next(folder for folder in (cache.cache_folder(), *cache.cache_folder().parents) if folder.is_dir())
    free, needed = shutil.disk_usage(root).free, disk_needed(missing)
    if free < needed:
        raise ToolchainError(
            f"{root} has {free / 1e9:.1f} GB free and getting {len(missing)} tools needs {needed / 1e9:.1f} GB",
            fix="free some space, or set HAVEN_TOOLCHAIN_CACHE to a folder on a larger disk",
        )


def disk_needed(missing: Sequence[Found]) -> int:
    """Return the bytes of disk that getting these tools takes at most; most goes when the last is built."""
    return sum(one.tool.megabytes * 2 * 10**6 + one.tool.work * (one.source == "build") * 10**9 for one in missing)


def _get(missing: Sequence[Found], say: Progress) -> None:
    for one in missing:
        source = one.source
        if source == "release":
            try:
                _get_one(one.tool, source, say)
                continue
            except release.OutOfReachError as error:
                say.note(f"{one.tool.name}: {error}; building it instead")
                source = "build"
                check([Found(one.tool, source, None)])
        _get_one(one.tool, source, say)
    build.forget()


def _get_one(tool: Tool, source: str, say: Progress) -> None:
    fill: Callable[[Path], None]
    if source == "mirror":
        folder = mirror.mirror_folder()
        assert folder is not None
        fill = lambda into: mirror.fetch(tool, folder, into)  # noqa: E731
    elif source == "release":
        fill = lambda into: _from_release(tool, into, say)  # noqa: E731
    else:
        fill = lambda into: build.build(tool, into, lambda d, t, w: say.step(tool, d, t, w))  # noqa: E731

    def whole(into: Path) -> None:
        fill(into)
        _prove(tool, into / tool.name, source)

    say.start(tool, source)
    cache.store(tool, source, whole)
    say.end(tool, source)


def _prove(tool: Tool, binary: Path, source: str) -> None:
    """Run a new binary once: another version, or one for another machine, never gets into the cache."""
    binary.chmod(0o755)
    if tool.version_args and not version_fits(binary, tool):
        raise ToolchainError(
            f"{tool.name} from the {source} does not run here as version {tool.version}",
            fix=f"refresh the folder that {mirror.VARIABLE} names" if source == "mirror" else "report this",
        )


def _from_release(tool: Tool, into: Path, say: Progress) -> None:
    if not tool.comes_with:
        release.fetch(tool, into, lambda done, total: say.step(tool, done, total, "downloading"))
        return
    host = cache.lookup(known()[tool.comes_with])
    if host is None or not (host.binary.parent / tool.name).is_file():
        raise release.OutOfReachError(f"the release of {tool.comes_with} is not here")
    for name in tool.files:
        shutil.copy2(host.binary.parent / name, into / name)


def _place(one: Found) -> Path:
    """Put a tool where it is looked for, and return that place.

    The engine and its language host have to lie in one folder; a plugin has to lie below PULUMI_HOME.
    """
    assert one.location is not None
    if one.source == "path":
        return one.location
    target = plugin_folder(one.tool) if one.tool.plugin else cache.bin_folder()
    # The binary comes last: whoever sees it finds the rest beside it.
    for name in reversed([one.location.name, *_others(one.location)]):
        cache.link(one.location.with_name(name), target / name)
    return target / one.tool.name


def _others(binary: Path) -> list[str]:
    return sorted(path.name for path in binary.parent.iterdir() if path.name not in (binary.name, cache.RECORD))


def clean() -> int:
    """Remove the cache, and the plugins that were put into the engine's folder from it; return the bytes freed.

    Raises:
        ToolchainError: the cache cannot be written.
    """
    with cache.locked(lambda: None):
        for tool in known().values():
            folder = plugin_folder(tool)
            cached = cache.cache_folder() / tool.folder / tool.name
            if tool.plugin and cache.same(cached, folder / tool.name):
                shutil.rmtree(folder)
        return cache.clean()

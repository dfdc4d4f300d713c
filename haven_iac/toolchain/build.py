"""Tools built from their published Go modules, for networks where only package registries can be reached."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

from haven_iac.errors import ToolchainError
from haven_iac.toolchain.cache import go_caches
from haven_iac.toolchain.tools import RECIPES, Tool, build_flags, go_version

Step = Callable[[int, int, str], None]
"""Called with packages done, packages in all (0 when unknown) and what is being done."""

_FIX = "check that your Go module proxy (go env GOPROXY) can be reached, and run again: what was fetched is kept"
_KILLED = "the system stopped the compiler, most likely for want of memory: 4 GB has to be free; then run again"


def check_go() -> str:
    """Return what `go version` says; said before anything starts.

    Raises:
        ToolchainError: no Go, or one that is too old.
    """
    go = shutil.which("go")
    if go is None:
        raise ToolchainError(
            "tools have to be built and there is no Go on PATH",
            fix=f"install Go {go_version()} or newer, set HAVEN_TOOLCHAIN_MIRROR, or open the way to official releases",
        )
    done = subprocess.run([go, "version"], capture_output=True, text=True, check=False, env=_environment())
    match = re.search(r"go(\d+)\.(\d+)", done.stdout)
    needed = tuple(int(part) for part in go_version().split("."))
    if not match or (int(match[1]), int(match[2])) < needed:
        raise ToolchainError(
            f"tools have to be built and {go} is {done.stdout.strip() or 'not usable'}",
            fix=f"install Go {go_version()} or newer",
        )
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    """Return the environment of Go: caches of our own, so that nothing large is left in the user's."""
    folder = go_caches()
    own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-modcacherw"}
    own["GOTMPDIR"] = str(folder / "tmp")  # the system's own is often small and in memory
    if not os.environ.get("HAVEN_KEEP_GO_CACHE"):
        own |= {"GOMODCACHE": str(folder / "mod"), "GOCACHE": str(folder / "build")}
    return {**os.environ, **own}


def forget() -> None:
    """Remove the module and build caches that our builds made."""
    shutil.rmtree(go_caches(), ignore_errors=True)


def build(tool: Tool, into: Path, step: Step, recipes: Path = RECIPES) -> None:
    """Build one tool and copy what belongs beside it.

    Args:
        tool: which one.
        into: folder for the binary and what belongs beside it.
        step: is told how far it is.
        recipes: folder that holds the recipe.

    Raises:
        ToolchainError: Go failed; its last lines are in the message.
    """
    recipe = recipes / tool.recipe
    (go_caches() / "tmp").mkdir(parents=True, exist_ok=True)
    flags = [*build_flags(), f"-ldflags={' '.join(tool.filled(tool.ldflags).split())}", f"-tags={tool.tags}"]
    fetched = done = 0

    def fetching(line: str) -> bool:
        nonlocal fetched
        if line.startswith("go: downloading "):
            fetched += 1
            step(0, 0, f"fetching modules ({fetched} so far)")
            return True
        return False

    step(0, 0, "fetching modules")
    # What other tools have compiled already is not stale, and `go build -v` does not name it.
    stale = ["list", "-deps", *flags, "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", tool.package]
    packages = set(_go(stale, recipe, fetching).split())

    def compiling(line: str) -> bool:
        nonlocal done
        if line in packages:
            done += 1
            step(done, len(packages), "compiling" if done < len(packages) else "linking")
            return True
        return False

    step(0, len(packages), "compiling")
    _go(["build", "-v", *flags, "-o", str(into / tool.name), tool.package], recipe, compiling)
    if tool.copies:
        _copy(tool, into, recipes)


def _copy(tool: Tool, into: Path, recipes: Path) -> None:
    recipe = recipes / (tool.module_recipe or tool.recipe)
    _go(["mod", "download", tool.module], recipe)
    folder = Path(_go(["list", "-m", "-f", "{{.Dir}}", tool.module], recipe).strip())
    for name, path in tool.copies.items():
        shutil.copyfile(folder / path, into / name)


def _go(arguments: list[str], folder: Path, known: Callable[[str], bool] = lambda line: False) -> str:
    """Run Go and return what it prints.

    Args:
        arguments: of Go.
        folder: the recipe.
        known: is given each line of what it says on the way; lines that it does not know are shown on failure.
    """
    last: deque[str] = deque(maxlen=6)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        with subprocess.Popen(
            ["go", *arguments],
            cwd=folder,
            env=_environment(),
            stdout=out,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stderr is not None
            try:
                for line in map(str.strip, process.stderr):
                    if not known(line):
                        last.append(line)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            killed = process.returncode < 0 or any("signal: killed" in line for line in last)
            raise ToolchainError(
                f"go {arguments[0]} {arguments[-1]} failed: {' | '.join(last) or f'exit status {process.returncode}'}",
                fix=_KILLED if killed else _FIX,
            )
        out.seek(0)
        return out.read()

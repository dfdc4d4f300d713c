"""Tools built from their published Go modules, for networks where only package registries can be reached."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from haven_iac.errors import ToolchainError
from haven_iac.toolchain.cache import cache_folder
from haven_iac.toolchain.tools import RECIPES, Tool, build_flags, go_version

DISK_BYTES = 20 * 10**9
"""Free space that building everything from empty caches needs; module and build caches go afterwards."""

Step = Callable[[int, int, str], None]
"""Called with packages done, packages in all (0 when unknown) and what is being done."""


def check() -> None:
    """Say, before anything starts, what a build would miss.

    Raises:
        ToolchainError: no Go, one that is too old, or too little disk.
    """
    go = shutil.which("go")
    if go is None:
        raise ToolchainError(
            "tools have to be built and there is no Go on PATH",
            fix=f"install Go {go_version()} or newer, set HAVEN_TOOLCHAIN_MIRROR, or open the way to official releases",
        )
    text = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"go(\d+)\.(\d+)", text)
    needed = tuple(int(part) for part in go_version().split("."))
    if not match or (int(match[1]), int(match[2])) < needed:
        raise ToolchainError(
            f"tools have to be built and {go} is {text.strip() or 'not usable'}",
            fix=f"install Go {go_version()} or newer",
        )
    root = cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if free < DISK_BYTES:
        raise ToolchainError(
            f"{root} has {free / 1e9:.1f} GB free and building needs {DISK_BYTES / 1e9:.0f} GB for a while",
            fix="free some space, or set HAVEN_TOOLCHAIN_CACHE to a larger disk",
        )


def _environment() -> dict[str, str]:
    """Return the environment of Go: caches of our own, so that nothing large is left in the user's."""
    go = cache_folder() / "go"
    own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    if not os.environ.get("HAVEN_KEEP_GO_CACHE"):
        own |= {"GOMODCACHE": str(go / "mod"), "GOCACHE": str(go / "build")}
    return {**os.environ, **own}


def forget() -> None:
    """Remove the module and build caches that our builds made."""
    go = cache_folder() / "go"
    if go.exists():
        # Go writes its modules read-only.
        for path in go.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(go, ignore_errors=True)


def build(tool: Tool, into: Path, step: Step) -> None:
    """Build one tool and copy what belongs beside it.

    Raises:
        ToolchainError: Go failed; its last lines are in the message.
    """
    recipe = RECIPES / tool.recipe
    step(0, 0, "fetching modules")
    packages = _go(["list", "-deps", tool.package], recipe).split()
    arguments = ["build", "-v", *build_flags(), f"-ldflags={' '.join(tool.filled(tool.ldflags).split())}"]
    if tool.tags:
        arguments.append(f"-tags={tool.tags}")
    arguments += ["-o", str(into / tool.name), tool.package]
    known, done, tail = set(packages), 0, list[str]()
    with subprocess.Popen(
        ["go", *arguments],
        cwd=recipe,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=False,
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if line.strip() in known:
                    done += 1
                    step(done, len(packages), line.strip())
                else:
                    tail = [*tail[-19:], line.rstrip()]
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise ToolchainError(
            f"building {tool.name} failed: " + " | ".join(tail[-6:]),
            fix="check that your Go module proxy (go env GOPROXY) can be reached, and run again",
        )
    step(len(packages), len(packages), "built")
    if tool.copies:
        _copy(tool, into)


def _copy(tool: Tool, into: Path) -> None:
    recipe = RECIPES / (tool.module_recipe or tool.recipe)
    _go(["mod", "download", tool.module], recipe)
    folder = Path(_go(["list", "-m", "-f", "{{.Dir}}", tool.module], recipe).strip())
    for name, path in tool.copies.items():
        shutil.copyfile(folder / path, into / name)


def _go(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolchainError(
            f"go {' '.join(arguments[:2])} failed: " + " | ".join(done.stderr.strip().splitlines()[-6:]),
            fix="check that your Go module proxy (go env GOPROXY) can be reached, and run again",
        )
    return done.stdout

"""Tools from a mirror folder: `<name>` or `<name>.xz`, and their hashes in SHA256SUMS."""

from __future__ import annotations

import lzma
import os
import shutil
from pathlib import Path

from haven_iac.errors import ToolchainError
from haven_iac.toolchain.cache import digest
from haven_iac.toolchain.tools import Tool

VARIABLE = "HAVEN_TOOLCHAIN_MIRROR"


def mirror_folder() -> Path | None:
    """Return the mirror folder, or None when HAVEN_TOOLCHAIN_MIRROR is not set.

    Raises:
        ToolchainError: it is set and is no folder.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise ToolchainError(f"{VARIABLE} is {given}, which is no folder", fix="correct it, or unset it")
    return folder


def offers(folder: Path, name: str) -> Path | None:
    """Return the mirror's file for a name, or None."""
    return next((p for p in (folder / name, folder / f"{name}.xz") if p.is_file()), None)


def fetch(tool: Tool, folder: Path, into: Path) -> None:
    """Copy a tool and what belongs beside it out of the mirror.

    Raises:
        ToolchainError: the mirror has no hash for a file, or another one.
    """
    sums = _sums(folder)
    for name in (tool.name, *tool.copies):
        source = offers(folder, name)
        if source is None:
            continue
        if sums.get(source.name) != digest(source):
            raise ToolchainError(
                f"{source} does not have the hash that SHA256SUMS gives it",
                fix="copy the mirror again; it is damaged or incomplete",
            )
        if source.suffix == ".xz":
            with lzma.open(source) as packed, (into / name).open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        else:
            shutil.copyfile(source, into / name)


def _sums(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / "SHA256SUMS").read_text().splitlines()
    except OSError as error:
        raise ToolchainError(f"{folder} has no readable SHA256SUMS", fix="make one with sha256sum *") from error
    return {name.lstrip("*"): value for value, _, name in (line.partition("  ") for line in lines) if name}

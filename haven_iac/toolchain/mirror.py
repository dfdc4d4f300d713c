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

_DAMAGED = "copy the mirror again; it is damaged or incomplete"


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
        ToolchainError: a file is missing, damaged, or has another hash than SHA256SUMS gives it.
    """
    sums = _sums(folder)
    for name in tool.files:
        source = offers(folder, name)
        if source is None:
            if name.endswith(".json"):
                continue  # only `pulumi import` reads a schema
            raise ToolchainError(f"{folder} holds {tool.name} and not {name}, which belongs to it", fix=_DAMAGED)
        if sums.get(source.name) != digest(source):
            raise ToolchainError(f"{source} does not have the hash that SHA256SUMS gives it", fix=_DAMAGED)
        if source.suffix == ".xz":
            _unpack(source, into / name)
        else:
            shutil.copyfile(source, into / name)


def _unpack(source: Path, target: Path) -> None:
    try:
        with lzma.open(source) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except (lzma.LZMAError, EOFError) as error:
        raise ToolchainError(f"{source} cannot be unpacked: {error}", fix=_DAMAGED) from error


def _sums(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / "SHA256SUMS").read_text().splitlines()
    except (OSError, ValueError) as error:
        raise ToolchainError(f"{folder} has no readable SHA256SUMS", fix="make one with sha256sum *") from error
    return {name.strip().lstrip("*"): value for value, _, name in (line.partition(" ") for line in lines) if name}

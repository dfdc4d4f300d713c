"""Kubeconfigs in files: whole, owner-only, and never in the way of somebody else's entries."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from haven_iac.keys.kubeconfig import contexts, merge

MODE = 0o600
"""The owner may read and write, nobody else."""


def default_file() -> Path:
    """Return the file that kubectl merges into: the first in KUBECONFIG, else ~/.kube/config."""
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return Path(named[0] if named else "~/.kube/config").expanduser()


def write(file: Path, text: str) -> None:
    """Write a kubeconfig of its own.

    Raises:
        ValueError: the file holds something that is not a kubeconfig, or other clusters too.
        OSError: it cannot be written.
    """
    if file.exists():
        mine = set(contexts(text))
        if others := sorted(set(contexts(file.read_text(errors="replace"))) - mine):
            raise ValueError(f"it has other contexts too: {', '.join(others)}")
    _replace(file, text)


def add(file: Path, text: str) -> None:
    """Add a kubeconfig to one that exists, or renew its entries there; everything else stays.

    Raises:
        ValueError: the file is no kubeconfig, or has another cluster under the same name.
        OSError: it cannot be written.
    """
    before = file.read_text(errors="replace") if file.exists() else ""
    merged = merge(before, text)
    if name := other_cluster(before, text):
        raise ValueError(f"it has another cluster under the name {name}")
    _replace(file, merged)


def other_cluster(before: str, text: str) -> str:
    """Return the name under which a kubeconfig has another cluster than the one of `text`; empty when it has not.

    A cluster that was built again has another authority or another address, not both.
    """
    new = yaml.safe_load(text)["clusters"][0]
    for entry in (yaml.safe_load(before) or {}).get("clusters") or ():
        fields = ("server", "certificate-authority-data")
        if entry["name"] == new["name"] and not any(entry["cluster"].get(f) == new["cluster"][f] for f in fields):
            return str(new["name"])
    return ""


def _replace(file: Path, text: str) -> None:
    """Write a file at once; a link stays a link."""
    target = file.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "w") as out:
            out.write(text)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)

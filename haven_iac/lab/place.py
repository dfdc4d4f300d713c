"""Where a lab is on this machine: its state, which goes with it, and the cache that all labs share."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from haven_iac.errors import LabError

DEFAULT = "lab"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")

_LONGEST = 60
"""Characters of a state folder; sockets lie below it, and the kernel takes 107 for a whole path."""


@dataclass(frozen=True)
class Place:
    """The folders of one lab."""

    name: str
    state: Path
    """Everything that `down --wipe` removes."""
    cache: Path
    """Packages and snapshots, for every lab of this user."""

    @property
    def etc(self) -> Path:
        """Return the folder of the services' configuration."""
        return self.state / "etc"

    @property
    def run(self) -> Path:
        """Return the folder of what is only true while the lab runs."""
        return self.state / "run"

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.state / "logs"

    @property
    def machines(self) -> Path:
        """Return the folder with one file for each server, and its console log."""
        return self.state / "machines"

    @property
    def clusters(self) -> Path:
        """Return the folder with one folder for each Kubernetes cluster."""
        return self.state / "clusters"

    @property
    def clouds_file(self) -> Path:
        """Return the clouds.yaml for users of the lab."""
        return self.state / "clouds.yaml"

    @property
    def settings_file(self) -> Path:
        """Return the file with what the lab was started with."""
        return self.state / "lab.json"

    @property
    def faults_file(self) -> Path:
        """Return the file that says what goes wrong on purpose."""
        return self.state / "faults.json"


def find(name: str = DEFAULT) -> Place:
    """Return the place of the lab of that name, whether there is one or not.

    Args:
        name: of the lab; several may run side by side.

    State is below HAVEN_LAB_STATE, else the user's state folder; the cache is HAVEN_LAB_CACHE, else below the user's
    cache folder.

    Raises:
        LabError: the name cannot be one, or the folder's path is too long for sockets.
    """
    if not _NAME.fullmatch(name):
        raise LabError(
            f"{name!r} cannot be the name of a lab", fix="use up to 20 lower-case letters, digits and dashes"
        )
    state = _folder("HAVEN_LAB_STATE", "XDG_STATE_HOME", ".local/state") / name
    if len(str(state)) > _LONGEST:
        raise LabError(
            f"{state} has {len(str(state))} characters, too many for the sockets below it",
            fix=f"set HAVEN_LAB_STATE to a folder whose path has at most {_LONGEST - len(name) - 1}",
        )
    return Place(name, state, _folder("HAVEN_LAB_CACHE", "XDG_CACHE_HOME", ".cache"))


def _folder(variable: str, base: str, otherwise: str) -> Path:
    if given := os.environ.get(variable):
        return Path(given).expanduser().absolute()
    root = os.environ.get(base)
    return (Path(root) if root else Path.home() / otherwise) / "haven-iac" / "lab"

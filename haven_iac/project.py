"""Where things are in a project: the folder with Pulumi.yaml, its stacks, and its state.

A basic: no Pulumi, no network.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from haven_iac.errors import SpecError

STATE_FOLDER = ".haven-iac"
"""Folder, beside Pulumi.yaml, for everything that is made on this machine; never committed."""


@dataclass(frozen=True)
class Project:
    """One folder with a Pulumi.yaml."""

    root: Path

    @property
    def stacks(self) -> Path:
        """Return the folder that holds `Pulumi.<stack>.yaml` and the profiles."""
        return self.root / "stacks"

    def stack_file(self, stack: str) -> Path:
        """Return the file that describes one stack."""
        return self.stacks / f"Pulumi.{stack}.yaml"

    def stack_names(self) -> list[str]:
        """Return the name of every stack that has a file, sorted."""
        return sorted(path.name.split(".", 1)[1].rsplit(".", 1)[0] for path in self.stacks.glob("Pulumi.*.yaml"))

    @property
    def state(self) -> Path:
        """Return the folder for local state."""
        return self.root / STATE_FOLDER

    def found_file(self, stack: str) -> Path:
        """Return the file with what was found of a cluster that exists; `haven-iac detect` writes it."""
        return self.stacks / "found" / f"{stack}.yaml"

    def evidence(self, stack: str) -> Path:
        """Return the folder with results of the standard's checker about one stack; to be committed."""
        return self.stacks / "evidence" / stack

    def verdicts(self, stack: str) -> Path:
        """Return the folder with what each verify of one stack saw."""
        return self.state / "verdicts" / stack

    def local_cluster(self, stack: str) -> Path:
        """Return the folder of the simulated cluster of one stack."""
        return self.state / "local" / stack


def find_project(start: Path | None = None) -> Project:
    """Return the project around `start`.

    Args:
        start: where to begin; `HAVEN_PROJECT`, else the current folder, when left out.

    Raises:
        SpecError: no Pulumi.yaml in that folder or any above it.
    """
    begin = (start or Path(os.environ.get("HAVEN_PROJECT") or Path.cwd())).resolve()
    for folder in (begin, *begin.parents):
        if (folder / "Pulumi.yaml").is_file():
            return Project(folder)
    raise SpecError(
        f"no Pulumi.yaml in {begin} or above it",
        fix="go to your project's folder, or make one with `haven-iac new`",
    )

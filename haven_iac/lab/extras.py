"""What a lab runs for real only when it is asked to, as the programs for it are dear to build."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from haven_iac.errors import LabError

EXTRAS = {"backup": "lab-backup"}
"""What, and the group of tools that it needs.  backup: Velero with its node agents, and snapshots of volumes."""


def check(names: Sequence[str]) -> None:
    """Refuse what nobody knows.

    Raises:
        LabError: there is no such extra.
    """
    unknown = [name for name in names if name not in EXTRAS]
    if unknown:
        raise LabError(f"a lab has no {', '.join(unknown)} to run for real", fix=f"it has {', '.join(EXTRAS)}")


def chosen(settings: Path) -> tuple[str, ...]:
    """Return what the lab with these settings was asked to run for real.

    Args:
        settings: the lab's own file; one that is not there asks for nothing.
    """
    try:
        found = json.loads(settings.read_text()).get("with", ())
    except (OSError, ValueError, AttributeError):
        return ()
    return tuple(name for name in found if name in EXTRAS)


def remember(settings: Path, names: Sequence[str]) -> bool:
    """Write down what the lab is asked to run for real; return whether that is something else than before."""
    if set(names) == set(chosen(settings)):
        return False
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "with": sorted(set(names))}, indent=1))
    return True

"""What `haven-iac gitops export` writes, readable in review: one release of a closed network, and the order of all."""

from __future__ import annotations

import os
from pathlib import Path

from haven_iac.plan.flux import NOTE, files
from tests.unit.platform_lab import EVERYTHING
from tests.unit.test_platform_namespaces import planned

FILE = Path(__file__).parents[1] / "golden" / "gitops.yaml"
MIRROR = {"charts": "oci://registry.example.nl/charts", "images": "registry.example.nl", "caSecret": "mirror-ca"}


def document() -> str:
    """Return the files of one slot, and that which lists all slots, each below its path."""
    found = files(planned(EVERYTHING, mirror=MIRROR))
    shown = [path for path in found if "/metrics" in path or path.endswith("infrastructure/kustomization.yaml")]
    return "".join(f"--- # {path}\n{found[path].removeprefix(NOTE)}" for path in shown)


def test_the_repository_is_as_it_was_reviewed() -> None:
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        FILE.write_text(document())
    assert FILE.read_text() == document(), "see the difference; HAVEN_UPDATE_GOLDEN=1 takes it"

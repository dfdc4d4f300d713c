"""Which release of a distribution a node gets, and where it is fetched; dated data, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from haven_iac.errors import SpecError
from haven_iac.spec import ClusterSpec

_FILE = Path(__file__).parent / "data" / "releases.yaml"


@dataclass(frozen=True)
class Release:
    """An exact release, and where its files are."""

    name: str
    """As the vendor tags it: v1.36.5+rke2r1."""
    folder: str
    """URL of the folder that holds its files."""
    checksums: Mapping[str, str]
    """SHA-256 by processor, where known beforehand; the list in the folder is believed for others."""


@lru_cache(maxsize=1)
def data() -> Mapping[str, Any]:
    """Return what `data/releases.yaml` holds."""
    import yaml

    found: Mapping[str, Any] = yaml.safe_load(_FILE.read_text())
    return found


def of(spec: ClusterSpec) -> Release:
    """Return the release for a cluster: the one it asks for, else the one pinned for its version.

    Raises:
        SpecError: none is pinned for that version.
    """
    asked = spec.kubernetes
    distribution = asked.distribution.value
    pinned = data()["releases"][distribution]
    if asked.release is None and asked.version not in pinned:
        raise SpecError(
            f"no release of {distribution} is pinned for version {asked.version}",
            fix=f"write kubernetes.release, or one of the versions {', '.join(pinned)}",
            at="kubernetes.version",
        )
    name = asked.release or pinned[asked.version]["release"]
    base = (spec.mirror.releases or data()["vendors"][distribution]).rstrip("/")
    # A plus sign is a space to some servers, so the vendor's own links write it as %2B.
    return Release(name, f"{base}/{quote(name, safe='')}", {k.value: v for k, v in sorted(asked.checksums.items())})

"""The checker's own list of releases: which binary is whose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from haven_iac.compliance.evidence.parse import clean, load
from haven_iac.compliance.evidence.store import given
from haven_iac.errors import EvidenceError

_HASH = re.compile(r"[0-9a-fA-F]{64}")


def listed(file: Path, sha256: str) -> str:
    """Return which entry of a list of releases has this hash, as `12.8.0 linux-amd64`.

    Hashes are looked for wherever they stand below an entry with a version: how they are grouped has changed before.

    Raises:
        EvidenceError: the list cannot be used, or does not have it.
    """
    fix = "give docs/public/releases.json of the checker's repository"
    raw = given(file)
    try:
        hashes = dict(_hashes(load(raw, str(file)), ()))
    except EvidenceError as error:
        raise EvidenceError(error.what, fix=fix) from None
    if not hashes:
        raise EvidenceError(f"{file} is no list of releases: there is no hash in it", fix=fix)
    found = hashes.get(sha256)
    if not found:
        raise EvidenceError(
            f"the checker has the hash {sha256}, which is not in {file}; it was not run",
            fix="get the checker again from where its makers publish it, or a newer list",
        )
    return found


def _hashes(value: Any, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        version = next((one for key, one in value.items() if key.lower() == "version" and isinstance(one, str)), "")
        inside = (clean(version, 40),) if version else place
        for key, inner in value.items():
            if isinstance(inner, str) and _HASH.fullmatch(inner):
                names = [part for part in (*inside, clean(key, 40)) if part.lower() not in ("sha256", "hashes", "hash")]
                yield inner.lower(), " ".join(names)
            else:
                yield from _hashes(
                    inner, inside if key.lower() in ("hashes", "releases") else (*inside, clean(key, 40))
                )
    elif isinstance(value, list):
        for inner in value:
            yield from _hashes(inner, place)

"""What every chart is told, written out for a reader; `HAVEN_UPDATE_GOLDEN=1` writes the files anew.

One file a slot: first everything for one cluster, then what is different for other sizes and other clouds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven_iac.clouds.local import LocalCloud
from haven_iac.facts import CloudFacts, LoadBalancerFacts, StorageFacts
from haven_iac.platform import catalogue, slots
from haven_iac.platform.release import Release
from haven_iac.spec.known import SLOTS
from tests.unit.platform_lab import EVERYTHING, PLAIN, facts, spec

FOLDER = Path(__file__).parents[1] / "golden" / "values"
POOR = facts(load_balancer=LoadBalancerFacts(available=True), storage=StorageFacts(facts().storage.classes))
"""A cloud without PROXY protocol and without snapshots."""


def local(described: Any) -> CloudFacts:
    return LocalCloud().promise(described)


NFS = {"kind": "nfs", "server": "nfs.example.nl", "path": "/export"}
REFERENCE = "openstack, small, everything asked for"
CASES: Mapping[str, tuple[Mapping[str, Any], str, CloudFacts | None]] = {
    REFERENCE: (EVERYTHING, "small", facts()),
    "openstack, medium": (EVERYTHING, "medium", facts()),
    "openstack, large": (EVERYTHING, "large", facts()),
    "no PROXY protocol and no snapshots": (EVERYTHING, "small", POOR),
    "local, nothing asked for": (PLAIN, "small", None),
    "an existing NFS server": ({**EVERYTHING, "storage": {"shared": NFS}}, "small", facts()),
    "Longhorn": ({**EVERYTHING, "storage": {"shared": {"kind": "longhorn"}}}, "small", facts()),
}


def release(case: str, slot: str) -> Release | None:
    """Return what is in a slot in one case."""
    base, size, promised = CASES[case]
    described = spec(base, platform={"size": size})
    made = catalogue.releases(described, promised or local(described))
    return next((one for one in made if one.slot == slot), None)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is no map, with its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def different(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `other` has in place of `base`; what it does not have is said."""
    old, new = dict(leaves(base)), dict(leaves(other))
    changed = {path: new.get(path, "(not there)") for path in [*old, *new] if old.get(path) != new.get(path)}
    return dict(sorted(changed.items()))


def document(slot: str) -> str:
    """Return the whole file of a slot."""
    made = {case: release(case, slot) for case in CASES}
    if not any(made.values()):
        return ""
    head, told = "", {}
    whole: dict[str, tuple[str, Any]] = {}
    for case, one in made.items():
        if one is None:
            told[case] = "not installed"
            continue
        values = json.loads(json.dumps(dict(one.values)))
        if one.chart not in whole:
            head += f"# What the chart {one.chart} {one.version} is told; the namespace is {one.namespace}.\n"
            whole[one.chart], told[case] = (case, values), values
            continue
        base, first = whole[one.chart]
        same = "the same" if base == REFERENCE else f"the same as: {base}"
        told[case] = different(first, values) or same
    return head + yaml.dump(told, Dumper=Blocks, sort_keys=False, allow_unicode=True, width=110)


class Blocks(yaml.SafeDumper):
    """Writes text of many lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Blocks.add_representer(str, _text)


@pytest.mark.parametrize("slot", SLOTS)
def test_the_values_are_those_that_were_reviewed(slot: str) -> None:
    text, golden = document(slot), FOLDER / f"{slot}.yaml"
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        golden.write_text(text) if text else golden.unlink(missing_ok=True)
    assert (golden.read_text() if golden.is_file() else "") == text, (
        "see the difference; HAVEN_UPDATE_GOLDEN=1 takes it"
    )


def test_no_file_is_left_of_a_slot_that_is_gone() -> None:
    assert {file.stem for file in FOLDER.glob("*.yaml")} == {slot for slot in SLOTS if document(slot)}
    assert slots.GATEWAY in {file.stem for file in FOLDER.glob("*.yaml")}

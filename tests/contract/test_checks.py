"""Every check of the catalogue is whole, and every add-on keeps to its seam."""

from __future__ import annotations

from typing import Any

import pytest

from haven_iac.clouds.local import CLOUD
from haven_iac.compliance import catalogue
from haven_iac.platform import catalogue as platform
from haven_iac.platform import slots
from haven_iac.spec.known import CHECKS
from haven_iac.spec.load import parse

DOCUMENT: dict[str, Any] = {
    "name": "test",
    "cloud": {"kind": "local"},
    "pools": {"general": {}},
    "ingress": {"domain": "test.nl"},
    "dns": {"kind": "rfc2136", "server": "ns.test.nl:53", "secret": "tsig"},
    "gitops": {"repository": "https://git.test.nl/clusters.git"},
}


def test_there_are_fifteen_mandatory_checks_and_two_suggested() -> None:
    found = catalogue.checks()
    assert [sum(c.mandatory for c in found), sum(not c.mandatory for c in found)] == [15, 2]
    assert tuple(check.id for check in found) == CHECKS


@pytest.mark.parametrize("check", catalogue.checks(), ids=lambda check: check.id)
def test_a_check_says_what_it_is_and_where_that_is_known_from(check: Any) -> None:
    assert all((check.label, check.category, check.rationale, check.reads, check.source))
    assert check.confidence in ("high", "medium", "low")


@pytest.mark.parametrize("slot", list(platform.addons()))
def test_an_add_on_is_pure_and_needs_what_exists(slot: str) -> None:
    spec = parse(DOCUMENT)
    facts = CLOUD.promise(spec)
    addon = platform.addons()[slot]
    assert addon.slot == slot
    release = addon.release(spec, facts)
    assert release == addon.release(spec, facts)
    assert list(addon.manifests(spec, facts)) == list(addon.manifests(spec, facts))
    if release:
        known = {slots.NAMESPACES, *platform.addons()}
        assert set(release.needs) <= known
        assert release.slot == slot
        assert (platform.chart_folder(release.chart) / "Chart.yaml").is_file()

"""What every adapter and add-on has to keep to; a stranger's package runs these in its own tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from haven_iac.clouds import registry
from haven_iac.clouds.base import API, Cloud, Finding
from haven_iac.facts import Capability, CloudFacts
from haven_iac.plan.build import plan
from haven_iac.platform import catalogue, slots
from haven_iac.platform.release import AddOn, Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import parse
from haven_iac.spec.model import SpecModel

HEAVY = ("pulumi", "pulumi_kubernetes", "kubernetes", "cryptography")
"""What a cloud's promise must not import."""


class CloudContract:
    """Subclass it in a test module, with `cloud`, `spec` and `entry` set; pytest does the rest."""

    cloud: Cloud
    spec: ClusterSpec
    """A description for that cloud."""
    entry: str
    """Where the adapter is: `package.module:OBJECT`."""

    def test_it_is_an_adapter_of_this_version(self) -> None:
        """Members are there, and the seam's version is this one."""
        assert isinstance(self.cloud, Cloud)
        assert self.cloud.api == API
        assert self.cloud.kind == self.spec.cloud.kind
        assert issubclass(self.cloud.settings_model, SpecModel)
        assert all(isinstance(one, Capability) for one in self.cloud.capabilities)
        assert all(isinstance(one, str) for one in self.cloud.tools)

    def test_its_promise_is_pure_and_always_the_same(self) -> None:
        """Two calls give equal facts, and they say what the capabilities say."""
        facts = self.cloud.promise(self.spec)
        assert isinstance(facts, CloudFacts)
        assert facts == self.cloud.promise(self.spec)
        assert facts.kind == self.cloud.kind
        able = self.cloud.capabilities
        assert bool(facts.zones) == (Capability.ZONES in able)
        assert facts.load_balancer.available == (Capability.LOAD_BALANCER in able)
        assert any(one.default for one in facts.storage.classes) == (Capability.BLOCK_STORAGE in able)

    def test_a_plan_can_be_made_of_its_promise(self) -> None:
        """Every planned node stands in a zone that was promised."""
        facts = self.cloud.promise(self.spec)
        made = plan(self.spec, facts)
        assert made.nodes
        assert set(made.zones) <= set(facts.zones)

    def test_a_probe_changes_nothing_and_returns_findings(self) -> None:
        """What it found has a severity that is known, and says what to do about an error."""
        for finding in self.cloud.probe(plan(self.spec, self.cloud.promise(self.spec))):
            assert isinstance(finding, Finding)
            assert finding.severity in ("error", "warning")
            assert finding.fix or finding.severity == "warning"

    def test_promising_imports_nothing_heavy(self) -> None:
        """Validation has to start at once."""
        module, name = self.entry.split(":")
        code = f"import sys, {module} as m; m.{name}.capabilities; print([n for n in {HEAVY!r} if n in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


class AddOnContract:
    """Subclass it in a test module, with `addon` set; pytest does the rest."""

    addon: AddOn
    document: Mapping[str, Any] = {
        "name": "test",
        "cloud": {"kind": "local"},
        "pools": {"general": {}},
        "ingress": {"domain": "apps.test.nl"},
    }
    """A description in which the slot is filled."""

    def _made(self) -> tuple[ClusterSpec, CloudFacts, Release | None, Sequence[Manifest]]:
        spec = parse(self.document)
        facts = registry.find(spec.cloud.kind).promise(spec)
        return spec, facts, self.addon.release(spec, facts), self.addon.manifests(spec, facts)

    def test_it_is_an_add_on_for_one_slot(self) -> None:
        """Its parts are there, and its slot is a name."""
        assert isinstance(self.addon.slot, str)
        assert re.fullmatch(r"[a-z][-a-z0-9]*", self.addon.slot)
        assert self.addon.slot != slots.NAMESPACES

    def test_it_is_pure(self) -> None:
        """Two calls give equal data, which JSON can hold."""
        _, _, release, manifests = self._made()
        assert (release, tuple(manifests)) == (self._made()[2], tuple(self._made()[3]))
        json.dumps([release.values if release else {}, *(one.body for one in manifests)])

    def test_its_release_says_what_the_plan_needs(self) -> None:
        """Chart, version, source, namespace, and what its pods ask of the nodes."""
        _, _, release, manifests = self._made()
        assert release or manifests, "the slot is not filled by the description of this test"
        if release is None:
            return
        assert release.slot == self.addon.slot
        assert all((release.name, release.chart, release.version, release.namespace))
        assert release.repo.startswith(("https://", "oci://")) or release.folder or release.manifest
        assert all(workload.cpu_millis > 0 and workload.memory_mib > 0 for workload in release.workloads)
        assert all(flow["kind"] == "NetworkPolicy" for flow in release.flows)

    def test_its_objects_belong_to_the_slot_and_have_names_of_their_own(self) -> None:
        """Names are unique, and every object is whole."""
        _, _, _, manifests = self._made()
        assert {one.slot for one in manifests} <= {self.addon.slot}
        assert len({one.name for one in manifests}) == len(manifests)
        assert all({"apiVersion", "kind", "metadata"} <= set(one.body) for one in manifests)

    def test_what_it_needs_is_a_slot_that_somebody_fills(self) -> None:
        """A slot that nobody fills would be refused in every plan."""
        _, _, release, manifests = self._made()
        needs = {need for one in manifests for need in one.needs} | set(release.needs if release else ())
        assert needs <= {slots.NAMESPACES, *catalogue.addons()}

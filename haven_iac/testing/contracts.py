"""What every adapter has to keep to; a stranger's package runs these in its own tests."""

from __future__ import annotations

import subprocess
import sys

from haven_iac.clouds.base import API, Cloud, Finding
from haven_iac.facts import Capability, CloudFacts
from haven_iac.plan.build import plan
from haven_iac.spec import ClusterSpec
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

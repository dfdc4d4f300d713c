"""What the measures look at, and how they say what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.compliance.model import Fact, Look, Status
from haven_iac.compliance.rules.outcome import Outcome
from haven_iac.compliance.words import said
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import slots
from haven_iac.spec import ClusterSpec


@dataclass(frozen=True)
class Subject:
    """One cluster, planned, and as far as somebody looked live too."""

    plan: ClusterPlan
    security: Mapping[str, Fact]
    live: bool
    """Somebody looked at the live cluster."""

    @property
    def spec(self) -> ClusterSpec:
        """Return the description."""
        return self.plan.spec

    @property
    def own_servers(self) -> bool:
        """Return whether the control plane is started by us, so that its settings are known."""
        return not self.plan.facts.managed_control_plane and self.plan.facts.found_nodes is None

    def fact(self, name: str) -> Fact | None:
        """Return what was seen of a subject of security; None where nobody could tell."""
        found = self.security.get(name)
        return found if found and found.look is not Look.UNKNOWN else None

    def ships_logs(self) -> bool:
        """Return whether a collector takes logs off the nodes."""
        return slots.filled(self.spec, self.plan.facts, slots.LOG_COLLECTOR)

    def audited(self) -> bool | None:
        """Return whether the API writes an audit log; None where that is not known."""
        if seen := self.fact("audit"):
            return seen.look is Look.OK
        return True if self.own_servers else None


Rule = Callable[[Subject], Outcome]


def shown(key: str, *objects: str, **values: Any) -> Outcome:
    """Return that the cluster shows a measure."""
    return Outcome(Status.PASS, said(f"bio2.rule.{key}", **values), objects=objects)


def missing(key: str, *objects: str, **values: Any) -> Outcome:
    """Return that the cluster shows the opposite, and what to change."""
    return Outcome(Status.FAIL, said(f"bio2.rule.{key}", **values), said(f"bio2.rule.{key}_fix"), objects)


def ask(key: str, *objects: str, **values: Any) -> Outcome:
    """Return that the cluster alone cannot show it, and what would."""
    return Outcome(Status.NEEDS_EVIDENCE, said(f"bio2.rule.{key}", **values), said(f"bio2.rule.{key}_fix"), objects)

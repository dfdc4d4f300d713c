"""Dossiers for tests: of a cluster that is in order, of one that is broken, with and without evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from haven_iac.compliance.dossier import About, Dossier, assemble, spec_hash
from haven_iac.compliance.evidence import store
from haven_iac.compliance.evidence.model import Evidence, Source
from haven_iac.compliance.model import Fact, Look, Verdict
from haven_iac.compliance.observe import observe
from haven_iac.compliance.predict import predict
from haven_iac.compliance.subject import Seen, of_plan
from haven_iac.compliance.suggest import suggested
from haven_iac.compliance.words import said
from haven_iac.plan.model import ClusterPlan
from haven_iac.prepare import replan
from tests.checker_fixtures import NOW, raw
from tests.mutations import TODAY, plan

RUNNING = {"certificates": "cert-manager", "log_store": "loki", "log_collector": "alloy", "metrics": "metrics-server"}
FACTS = (
    Fact("audit", Look.OK, said("security.audit.on", events=1038), objects=("/metrics",)),
    Fact("encryption", Look.UNKNOWN, said("security.encryption.unseen"), said("security.encryption.fix")),
    Fact(
        "administrators",
        Look.ATTENTION,
        said("security.administrators.some", n=1, names=("Group/beheer",)),
        said("security.administrators.fix"),
        ("ClusterRoleBinding/beheer",),
    ),
)


def real(made: ClusterPlan) -> ClusterPlan:
    """Return a plan for a cluster that is not simulated."""
    return replace(made, facts=replace(made.facts, simulated=False))


def seen(made: ClusterPlan, **changes: Any) -> Verdict:
    parts = {part: (Seen(f"Deployment/x/{name}"),) for part, name in RUNNING.items()}
    return observe(replace(of_plan(made), **{**parts, **changes}), made, TODAY)


def broken(made: ClusterPlan) -> Verdict:
    """Return what is seen when a zone label, the shared class and the log collector are gone."""
    nodes = of_plan(made).nodes
    return seen(
        made, nodes=(replace(nodes[0], zone=""), *nodes[1:]), storage=of_plan(made).storage[:1], log_collector=()
    )


def evidence(*, cluster: str = "uid-1", **changes: Any) -> Evidence:
    output = raw(**changes)
    return store.take(output, name="result.json", source=Source.FILE, now=NOW, cluster=cluster)


def about(made: ClusterPlan, **changes: Any) -> About:
    found = About("proef", "local", NOW, "0.1.0", spec_hash(made.spec), "local", "1.36", "uid-1")
    return replace(found, **changes)


def dossier(*found: Evidence, made: ClusterPlan | None = None, today: date = TODAY, **more: Any) -> Dossier:
    """Return a dossier of a real cluster that is in order, unless told otherwise."""
    made = made or real(plan())
    observed = more.pop("observed") if "observed" in more else seen(made)
    predicted = suggested(predict(made, today), made, replan)
    description = about(made, **more.pop("about", {}))
    return assemble(description, made, predicted, observed, evidence=found, today=today, **more)

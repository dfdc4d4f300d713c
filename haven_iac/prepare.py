"""From a stack's file, or a document, to a plan: everything that happens before Pulumi is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from haven_iac import held
from haven_iac.clouds import registry
from haven_iac.clouds.base import Checking, Cloud
from haven_iac.errors import CloudNotFoundError, Problem, SpecError
from haven_iac.facts import CloudFacts
from haven_iac.plan.build import plan as make_plan
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import catalogue
from haven_iac.platform.keys import Strange
from haven_iac.project import Project
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import Loaded, check_settings, load_stack, parse
from haven_iac.spec.problems import ordered, problem
from haven_iac.spec.rules.issue import Issue
from haven_iac.spec.source import Source


@dataclass(frozen=True)
class Prepared:
    """A stack, read, checked and planned; nothing created."""

    spec: ClusterSpec
    cloud: Cloud
    facts: CloudFacts
    plan: ClusterPlan
    project: Project | None = None
    stack: str = ""
    loaded: Loaded | None = None


def prepare(project: Project, stack: str) -> Prepared:
    """Return the plan of one stack file.

    Raises:
        SpecError: the file has problems; all of them are listed.
        CloudError: no adapter for its cloud, or the cloud cannot give what is asked.
    """
    loaded = load_stack(project, stack, registry.nodes_there)
    ready = _prepare(loaded.spec, loaded.source)
    if unset := held.missing(ready.plan, loaded.secrets, loaded.source):
        raise SpecError.of(unset)
    return Prepared(ready.spec, ready.cloud, ready.facts, ready.plan, project, stack, loaded)


def described(project: Project, stack: str) -> tuple[Loaded, Cloud]:
    """Return what is written about one stack, and its cloud; nothing is planned.

    Raises:
        SpecError: the file has problems; all of them are listed.
        CloudError: no adapter for its cloud.
    """
    loaded = load_stack(project, stack, registry.nodes_there)
    return loaded, _cloud(loaded.spec, loaded.source)


def from_document(document: Mapping[str, Any]) -> Prepared:
    """Return the plan of a description that is already in memory, as in somebody's own Pulumi program.

    Raises:
        SpecError: it has problems; all of them are listed.
        CloudError: no adapter for its cloud, or the cloud cannot give what is asked.
    """
    return _from_json(json.dumps(document, sort_keys=True, default=str))


def replan(document: Mapping[str, Any]) -> ClusterPlan:
    """Return the plan of a description that nobody wrote: one that is tried out.

    Raises:
        HavenError: it has problems.
    """
    return _prepare(parse(document), None).plan


@lru_cache(maxsize=8)
def _from_json(text: str) -> Prepared:
    return _prepare(parse(json.loads(text), None, registry.nodes_there), None)


def _cloud(spec: ClusterSpec, source: Source | None) -> Cloud:
    try:
        cloud = registry.find(spec.cloud.kind)
    except CloudNotFoundError as error:
        file, line = source.locate(("cloud", "kind")) if source else ("", 0)
        where = Problem(error.what, error.fix, error.code, file, line, "cloud.kind")
        raise CloudNotFoundError(error.what, problems=[where]) from error
    if problems := check_settings(cloud.settings_model, spec.cloud.settings, source):
        raise SpecError.of(problems)
    return cloud


def _prepare(spec: ClusterSpec, source: Source | None) -> Prepared:
    cloud = _cloud(spec, source)
    issues = cloud.problems(spec) if isinstance(cloud, Checking) else ()
    if issues:
        raise SpecError.of([problem(one.code, one.path, one.what, one.fix, source) for one in issues])
    facts = cloud.promise(spec)
    problems = [_strange(slot, one, source) for slot, one in catalogue.strange_values(spec, facts)]
    problems += [_issue(one, source) for one in catalogue.problems(spec, facts)]
    if problems:
        raise SpecError.of(ordered(problems))
    return Prepared(spec, cloud, facts, make_plan(spec, facts))


def _issue(one: Issue, source: Source | None) -> Problem:
    return problem(one.code, one.path, one.what, one.fix, source)


def _strange(slot: str, one: Strange, source: Source | None) -> Problem:
    return problem(one.code, ("platform", "addons", slot, "values", *one.path), one.what, one.fix, source)

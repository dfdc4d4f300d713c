"""From the file of a stack, with its profiles, to a checked description of a cluster."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from haven_iac.errors import Problem, SpecError
from haven_iac.project import Project
from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.explain import explain
from haven_iac.spec.files import Files
from haven_iac.spec.model import SpecModel
from haven_iac.spec.problems import Code, Located, Path, kind, ordered, problem
from haven_iac.spec.rules import broken
from haven_iac.spec.source import Source

DEEPEST = 60
"""Levels of nesting in a document."""

M = TypeVar("M", bound=SpecModel)
_ROUNDS = 6
_STAND_IN: dict[Path, Any] = {
    ("name",): "name",
    ("cloud",): {"kind": "local"},
    ("ingress",): {"domain": "example.nl"},
}
"""What is required, for judging the rest when it is missing or wrong; no message ever shows these."""


@dataclass(frozen=True)
class Loaded:
    """A stack's file with its profiles, read and checked."""

    spec: ClusterSpec
    source: Source
    """Where every value was written."""
    document: Mapping[str, Any]
    """What is below `haven:cluster` once the profiles are merged in."""
    secrets: frozenset[str]
    """Names of the secrets that Pulumi holds for this stack."""
    profiles: tuple[str, ...] = ()
    """As `haven:extends` names them."""


def _makes_nodes(kind: str) -> bool:
    return False


def load_stack(project: Project, stack: str, nodes_there: Callable[[str], bool] = _makes_nodes) -> Loaded:
    """Return the description of one stack.

    Args:
        project: the folder with Pulumi.yaml.
        stack: its name, as in `stacks/Pulumi.<stack>.yaml`.
        nodes_there: tells of a kind of cloud whether its nodes are there already, so that no pool is needed.

    Raises:
        SpecError: the file or its content has problems; all of them are listed.
    """
    files = Files(project)
    root = files.read(stack)
    if root is None:
        raise SpecError.of(ordered(files.problems))
    source = Source(root)
    document = root.plain()
    spec, problems = check(document, source, nodes_there)
    if files.problems or problems or spec is None:
        raise SpecError.of(ordered([*files.problems, *problems]))
    return Loaded(spec, source, document, files.secrets, files.profiles)


def parse(
    document: Mapping[str, Any], source: Located | None = None, nodes_there: Callable[[str], bool] = _makes_nodes
) -> ClusterSpec:
    """Return the checked description in a document that is already in memory.

    Keys are camelCase, as in YAML. Whole numbers may arrive as `3.0`, as Pulumi hands them over.

    Raises:
        SpecError: it has problems; all of them are listed.
    """
    clean, strange = _as_json(document, source)
    spec, problems = check(clean, source, nodes_there)
    if strange or problems or spec is None:
        raise SpecError.of(ordered([*strange, *problems]))
    return spec


def check(
    document: Any, source: Located | None, nodes_there: Callable[[str], bool] = _makes_nodes
) -> tuple[ClusterSpec | None, list[Problem]]:
    """Return the description, and everything that is wrong with it; None when a value is wrong by itself."""
    there = nodes_there(_kind_of_cloud(document))
    try:
        spec = validate(ClusterSpec, document)
    except ValidationError as error:
        found = explain(error, ClusterSpec, source)
        partial, dropped = _partial(document, [path for path, _ in found])
        late = broken(partial, source, dropped, nodes_there=there) if partial else []
        return None, [*(one for _, one in found), *late]
    return spec, broken(spec, source, nodes_there=there)


def _kind_of_cloud(document: Any) -> str:
    """Return `cloud.kind` of a document that nobody has checked."""
    cloud = document.get("cloud") if isinstance(document, Mapping) else None
    kind_ = cloud.get("kind") if isinstance(cloud, Mapping) else None
    return kind_ if isinstance(kind_, str) else ""


def check_settings(
    model: type[SpecModel], settings: Mapping[str, Any], source: Located | None, prefix: Path = ("cloud", "settings")
) -> list[Problem]:
    """Return what is wrong with the settings that only one cloud understands."""
    try:
        validate(model, settings)
    except ValidationError as error:
        return [one for _, one in explain(error, model, source, prefix)]
    return []


def validate(model: type[M], document: Any) -> M:
    """Return a document as a model: keys as in YAML, and nothing turned silently into another type.

    Raises:
        ValidationError: pydantic's own; `explain` makes it readable.
    """
    return model.model_validate_json(json.dumps(document, default=str), strict=True, by_alias=True, by_name=False)


def _partial(document: Any, problems: list[Path]) -> tuple[ClusterSpec | None, list[Path]]:
    """Return the description without what is wrong in it, so that rules across fields can still speak."""
    clean = copy.deepcopy(document)
    dropped = list(problems)
    for _ in range(_ROUNDS):
        for path in problems:
            _drop(clean, path)
        try:
            return validate(ClusterSpec, clean), dropped
        except ValidationError as error:
            problems = [path for path, _ in explain(error, ClusterSpec)]
            missing = [path[:-1] if len(path) > 1 else path for path in problems]
            for path in missing:
                if path in _STAND_IN:
                    clean = {**clean, path[0]: _STAND_IN[path]}
            problems = [path for path in missing if path not in _STAND_IN]
            dropped += missing
    return None, dropped


def _drop(document: Any, path: Path) -> None:
    """Take the value at a path out of a document; where there is none, do nothing."""
    for part in path[:-1]:
        if not isinstance(document, dict | list) or (isinstance(document, dict) and part not in document):
            return
        document = document[part]  # type: ignore[index]
    if isinstance(document, dict):
        document.pop(path[-1], None)


def _as_json(value: Any, source: Located | None, path: Path = ()) -> tuple[Any, list[Problem]]:
    """Return a document with plain keys and whole numbers as such, and what cannot be had."""
    if len(path) > DEEPEST:
        return None, [problem(Code.VALUE, path[:3], "is nested too deep", "no description needs that", source)]
    if isinstance(value, Mapping):
        pairs = {}
        problems = []
        for key, inner in value.items():
            if not isinstance(key, str):
                what = f"the key {key!r} is {kind(key)}, and keys are text"
                problems.append(problem(Code.TYPE, path, what, "write it in quotes", source))
                continue
            pairs[key], more = _as_json(inner, source, (*path, key))
            problems += more
        return pairs, problems
    if isinstance(value, list | tuple):
        parts = [_as_json(inner, source, (*path, i)) for i, inner in enumerate(value)]
        return [part for part, _ in parts], [one for _, more in parts for one in more]
    if isinstance(value, float) and value.is_integer():
        return int(value), []
    return value, []

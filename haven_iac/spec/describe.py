"""What may be written where, from the models themselves: known keys, their meaning, and where a key belongs."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from haven_iac.spec.model import Form, SpecModel
from haven_iac.spec.problems import Path, dotted

Model = type[SpecModel]


def bare(annotation: Any) -> Any:
    """Return an annotation without `Annotated` and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation


def keys(model: Model) -> dict[str, str]:
    """Return the keys of a model as they are written, with the name of the field behind each."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def below(annotation: Any, part: str | int) -> Any:
    """Return the annotation one step down, or None when nothing is known about it."""
    found = bare(annotation)
    if isinstance(found, type) and issubclass(found, SpecModel):
        name = keys(found).get(str(part))
        return found.model_fields[name].annotation if name else None
    if get_origin(found) is dict:
        return get_args(found)[1]
    if get_origin(found) is tuple:
        return get_args(found)[0]
    return None


def at(root: Model, path: Path) -> Any:
    """Return the annotation at a path, or None when the path is not known."""
    found: Any = root
    for part in path:
        found = below(found, part)
        if found is None:
            return None
    return bare(found)


def model_at(root: Model, path: Path) -> Model | None:
    """Return the model at a path, or None when something else is there."""
    found = at(root, path)
    return found if isinstance(found, type) and issubclass(found, SpecModel) else None


def meaning(root: Model, path: Path) -> str:
    """Return what the key at a path is for, in one line; empty when not known."""
    parent = model_at(root, path[:-1]) if path else None
    name = keys(parent).get(str(path[-1])) if parent else None
    return descriptions(parent)[name] if parent and name else ""


def example(root: Model, path: Path) -> str:
    """Return a text that the key at a path could hold, or an empty text."""
    parent = model_at(root, path[:-1]) if path else None
    name = keys(parent).get(str(path[-1])) if parent else None
    if not parent or not name:
        return ""
    field = parent.model_fields[name]
    forms = [found for found in (*field.metadata, *get_args(field.annotation)) if isinstance(found, Form)]
    return forms[0].example if forms else ""


def nearest(key: str, known: Iterator[str] | list[str]) -> str:
    """Return the known key that was probably meant, or an empty text."""
    simple = {_simple(name): name for name in known}
    if _simple(key) in simple:
        return simple[_simple(key)]
    close = get_close_matches(_simple(key), simple, n=1, cutoff=0.7)
    return simple[close[0]] if close else ""


def elsewhere(root: Model, key: str) -> str:
    """Return the place where a key exists, as `ingress` for `domain`, or an empty text."""
    places = [path[:-1] for path in known_paths(root) if _simple(str(path[-1])) == _simple(key)]
    best = min(places, key=len, default=None)
    if best is None:
        return ""
    return dotted(best) or "the top level"


@lru_cache(maxsize=8)
def known_paths(root: Model) -> tuple[Path, ...]:
    """Return the path of every key below a model; `NAME` stands for a name of the user's own."""
    found: list[Path] = []
    queue: list[tuple[Path, Model]] = [((), root)]
    while queue:
        path, model = queue.pop(0)
        for key, name in keys(model).items():
            found.append((*path, key))
            inner = bare(model.model_fields[name].annotation)
            step: Path = (*path, key)
            if get_origin(inner) is dict:
                inner, step = bare(get_args(inner)[1]), (*step, "NAME")
            if isinstance(inner, type) and issubclass(inner, SpecModel):
                queue.append((step, inner))
    return tuple(found)


@lru_cache(maxsize=64)
def descriptions(model: Model) -> dict[str, str]:
    """Return the docstring of every field of a model, by the field's name."""
    found = dict.fromkeys(model.model_fields, "")
    for parent in reversed(model.__mro__):
        if issubclass(parent, SpecModel) and parent is not SpecModel:
            found |= _docstrings(parent.__module__).get(parent.__qualname__, {})
    return found


@lru_cache(maxsize=64)
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, KeyError, TypeError, SyntaxError):
        return {}
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            fields = found.setdefault(node.name, {})
            for first, second in zip(node.body, node.body[1:], strict=False):
                if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name) and _is_text(second):
                    fields[first.target.id] = " ".join(inspect.cleandoc(second.value.value).split())  # type: ignore[attr-defined]
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _simple(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()

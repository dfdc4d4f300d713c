"""Turns what pydantic says into problems that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from haven_iac.errors import Problem
from haven_iac.spec import describe
from haven_iac.spec.describe import Model
from haven_iac.spec.problems import Code, Located, Path, kind, named_like_a_secret, problem, shown

_NEEDS = {
    "string": "text",
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "dict": "keys with values",
    "model": "keys with values",
    "tuple": "a list",
    "list": "a list",
    "date": "a date",
    "mapping": "keys with values",
}
_LIMITS = {
    "greater_than_equal": ("ge", "or more"),
    "less_than_equal": ("le", "or less"),
    "greater_than": ("gt", "or more, itself excluded"),
    "less_than": ("lt", "or less, itself excluded"),
}
SECRETS_ARE_NAMED = "secrets are named here, not written"


def explain(
    error: ValidationError, model: Model, source: Located | None = None, prefix: Path = ()
) -> list[tuple[Path, Problem]]:
    """Return a problem for everything that pydantic found, each with its path below `prefix`."""
    found = []
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"])
        code, what, fix = _one(detail, path, model, source, prefix)
        found.append((path, problem(code, (*prefix, *path), what, fix, source)))
    return found


def _path(loc: tuple[Any, ...]) -> Path:
    return tuple(part for part in loc if part != "[key]")


def _one(
    detail: Mapping[str, Any], path: Path, model: Model, source: Located | None, prefix: Path
) -> tuple[Code, str, str]:
    type_, value, ctx = str(detail["type"]), detail.get("input"), detail.get("ctx", {})
    full = (*prefix, *path)
    if type_ == "missing":
        return Code.MISSING, "is missing", _add(model, path)
    if type_ == "extra_forbidden":
        return _unknown(path, model, prefix)
    if detail["loc"] and detail["loc"][-1] == "[key]":
        return Code.VALUE, f"the name {shown(path[-1])} {_reason(detail)}", f"as in {ctx.get('example', 'general')}"
    if type_ == "form":
        return _form(value, full, ctx)
    if type_ == "enum":
        return Code.VALUE, *_choice(value, str(ctx["expected"]), full)
    if type_ in _LIMITS:
        limit, words = _LIMITS[type_]
        return Code.VALUE, f"needs {ctx[limit]} {words}, got {shown(value, full)}", f"write {ctx[limit]}"
    if type_ == "too_short":
        return Code.VALUE, f"needs {ctx['min_length']} at least, and is empty", _add(model, path)
    if type_.startswith("date"):
        return Code.VALUE, f"needs a date, got {shown(value, full)}", "write year, month and day, as in 2027-06-30"
    for start, needs in _NEEDS.items():
        if type_.startswith(start):
            return Code.TYPE, f"needs {needs}, got {_got(value, full)}", _retype(needs, value, full, source)
    return Code.VALUE, f"{shown(value, full)} cannot be used: {_reason(detail)}", "see `haven-iac schema`"


def _reason(detail: Mapping[str, Any]) -> str:
    message = str(detail["msg"])
    return message[:1].lower() + message[1:]


def _form(value: Any, path: Path, ctx: Mapping[str, Any]) -> tuple[Code, str, str]:
    reason = str(ctx["reason"])
    if path and str(path[-1]).lower().endswith("secret"):
        name = str(path[-2]).lower() if len(path) > 1 and str(path[-1]) == "secret" else "my-secret"
        return Code.CLEAR_SECRET, f"{reason}; {SECRETS_ARE_NAMED}", f"pulumi config set --secret haven:{name}"
    return Code.VALUE, f"{shown(value, path)} {reason}", f"as in {ctx['example']}"


def _choice(value: Any, expected: str, path: Path) -> tuple[str, str]:
    known = [part.strip(" '") for part in expected.replace(" or ", ", ").split(",")]
    close = describe.nearest(value, known) if isinstance(value, str) else ""
    what = f"{shown(value, path)} is not one of {', '.join(known)}"
    return what, f"did you mean {close}?" if close else f"write one of them, as in {known[0]}"


def _got(value: Any, path: Path) -> str:
    if isinstance(value, bool | int | float) or (isinstance(value, str) and value):
        text = shown(value, path)
        return text if text == kind(value) else f"{kind(value)} ({text})" if not isinstance(value, bool) else text
    return "empty text" if value == "" else kind(value)


def _retype(needs: str, value: Any, path: Path, source: Located | None) -> str:
    raw = (source.raw(path) if source else "") or (str(value).lower() if isinstance(value, bool) else str(value))
    plain = shown(value, path) != kind(value)
    if value is None:
        return "fill it in, or take the line out"
    if needs == "text" and isinstance(value, bool | int | float):
        return f'write it in quotes: "{raw}"' if plain or isinstance(value, bool) else "write it in quotes"
    if needs == "a list" and not isinstance(value, dict):
        return f"write it as a list: [{raw}]" if plain else "write it as a list, in [ ]"
    if needs == "a whole number" and isinstance(value, float):
        return f"write {round(value)}"
    if needs == "a whole number" and isinstance(value, str) and value.strip().isdecimal() and plain:
        return f"write {int(value)}, without quotes"
    if needs == "true or false":
        return "write true or false, without quotes"
    return f"write {needs}"


def _add(model: Model, path: Path) -> str:
    text = describe.meaning(model, path)
    example = describe.example(model, path)
    line = f"add `{path[-1]}: {example}`" if example else f"add `{path[-1]}:`"
    return f"{line} ({text[:1].lower()}{text[1:].rstrip('.')})" if text else line


def _unknown(path: Path, model: Model, prefix: Path) -> tuple[Code, str, str]:
    key = str(path[-1])
    parent = describe.model_at(model, path[:-1])
    known = list(describe.keys(parent)) if parent else []
    if close := describe.nearest(key, known):
        return Code.UNKNOWN, "this key is not known", f"did you mean {close}?"
    if named_like_a_secret(key):
        return Code.CLEAR_SECRET, f"this key is not known, and {SECRETS_ARE_NAMED}", "take it out"
    if place := describe.elsewhere(model, key):
        return Code.UNKNOWN, "this key is not known here", f"{key} belongs to {place}" if not prefix else "move it"
    listed = ", ".join(known) if known else "none"
    return Code.UNKNOWN, "this key is not known", f"known here: {listed}"

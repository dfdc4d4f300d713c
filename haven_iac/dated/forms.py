"""What each topic has to look like, and what is wrong with one that does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from haven_iac.dated import day

Check = Callable[[str, Any], Iterator[str]]
"""Takes where a value stands and the value; yields what is wrong with it."""

LONGEST = 300
"""Characters of one text."""
MOST = 2000
"""Entries of one list or map."""


def text(where: str, value: Any) -> Iterator[str]:
    """Text on one line."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or not value.isprintable():
        yield f"{where} is no text on one line of at most {LONGEST} characters"


def form(words: str, pattern: str) -> Check:
    """Text of one form."""

    def found(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, str) or len(value) > LONGEST or not re.fullmatch(pattern, value, re.ASCII):
            yield f"{where} is no {words}"

    return found


def choice(kind: type, words: str) -> Check:
    """A value of one kind."""

    def found(where: str, value: Any) -> Iterator[str]:
        if type(value) is not kind:
            yield f"{where} is not {words}"

    return found


def a_day(where: str, value: Any) -> Iterator[str]:
    """A date."""
    try:
        day(value)
    except ValueError:
        yield f"{where} is no date such as 2026-11-24"


def many(inner: Check) -> Check:
    """A list."""

    def found(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list) or len(value) > MOST:
            yield f"{where} is no list of at most {MOST}"
            return
        for position, one in enumerate(value):
            yield from inner(f"{where}[{position}]", one)

    return found


def named(key: Check, inner: Check) -> Check:
    """A map from names to values of one form."""

    def found(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict) or len(value) > MOST:
            yield f"{where} is no map of at most {MOST}"
            return
        for name, one in value.items():
            yield from key(f"the name {str(name)[:50]!r} in {where}", name)
            yield from inner(f"{where}.{name}", one)

    return found


def keys(needed: Mapping[str, Check], allowed: Mapping[str, Check] | None = None) -> Check:
    """A map with these keys and no other."""
    known = {**needed, **(allowed or {})}

    def found(where: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where or 'it'} is no map"
            return
        prefix = f"{where}." if where else ""
        for name in value.keys() - known.keys():
            yield f"the key {prefix}{str(name)[:50]} is not known; known are {', '.join(known)}"
        for name, inner in known.items():
            if name in value:
                yield from inner(f"{prefix}{name}", value[name])
            elif name in needed:
                yield f"{prefix}{name} is missing"

    return found


MINOR = form("minor version such as 1.36, in quotes", r"1\.\d{2}")
WORD = form("word of letters, digits, dots, dashes and slashes", r"[A-Za-z0-9][A-Za-z0-9./_-]*")
VERSION = form("version such as 12.8.0", r"v?\d+(\.\d+){0,2}([-+].*)?")
TRUTH = choice(bool, "true or false")
_DATED: Mapping[str, Check] = {"asOf": a_day, "source": text}

FORMS: Mapping[str, Check] = {
    "kubernetes": keys(
        {**_DATED, "newest": MINOR, "released": named(MINOR, a_day)},
        {
            "behind": choice(int, "a whole number"),
            "default": MINOR,
            "supported": many(MINOR),
            "notYet": named(MINOR, text),
        },
    ),
    "conformance": keys(
        {**_DATED, "results": named(WORD, keys({"directory": WORD, "minors": many(MINOR), "proven": TRUTH}))}
    ),
    "hardening": keys({**_DATED, "hardened": named(text, text), "notHardened": many(text)}),
    "provisioners": keys({**_DATED, "readWriteMany": many(WORD), "readWriteOnce": many(WORD)}),
    "platforms": keys({**_DATED, "managed": named(WORD, keys({"known": TRUTH, "why": text}))}),
    "workloads": keys({**_DATED, "parts": named(WORD, keys({"names": many(WORD), "not": many(WORD)}))}),
    "checkers": keys({**_DATED, "releases": named(VERSION, a_day)}),
}

_PARTS = ("certificates", "log_store", "log_collector", "metrics", "other_logs")
OURS = ("default", "supported", "notYet")
"""Keys of `kubernetes` about what this package builds; nobody else can say that."""


def check(name: str, content: Any, today: date | None = None) -> list[str]:
    """Return what is wrong with a topic that a user brings.

    Args:
        name: of the topic; it has to exist.
        content: as it was read.
        today: says whether its date has come; not looked at when left out.
    """
    problems = list(FORMS[name]("", content))
    if problems:
        return problems
    if today and day(content["asOf"]) > today:
        problems.append(f"asOf {content['asOf']} has not come yet")
    return [*problems, *_meaning(name, content)]


def _meaning(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    if name == "kubernetes":
        for key in OURS:
            if key in content:
                yield f"{key} says what haven-iac itself builds, which data cannot change"
        if content["newest"] not in content["released"]:
            yield f"newest {content['newest']} is not in released"
        elif max(content["released"], key=_number) != content["newest"]:
            yield f"released has a minor after newest {content['newest']}"
        if not 0 <= content.get("behind", 3) <= 9:
            yield "behind is not 0 to 9"
    if name == "provisioners" and (both := set(content["readWriteMany"]) & set(content["readWriteOnce"])):
        yield f"{', '.join(sorted(both))} can and cannot do ReadWriteMany"
    if name == "workloads" and set(content["parts"]) != set(_PARTS):
        yield f"parts is not {', '.join(_PARTS)}"
    if name == "checkers" and not content["releases"]:
        yield "releases is empty"


def _number(minor: str) -> int:
    return int(minor.split(".")[1])

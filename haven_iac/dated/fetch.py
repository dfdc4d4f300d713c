"""Refreshes dated data from a file or address that the user gives: checked whole, then written one file at a time."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from haven_iac import dated
from haven_iac.dated.forms import check
from haven_iac.errors import DataError, Problem

MOST = 2 * 2**20
"""Bytes that a file of data may have."""
TIMEOUT = 20.0
"""Seconds to wait for an address to answer, and again for all of its answer."""
QUICKEST = 60
"""Days between two minors of Kubernetes that nobody has seen yet: a newest one further ahead is a mistake."""
LOCAL = ("127.0.0.1", "::1", "localhost")
"""Hosts that may be asked without TLS."""

FIX = "`haven-iac data show --yaml` prints data of the right form"


@dataclass(frozen=True)
class Updated:
    """What an update did with one topic."""

    topic: str
    before: date
    after: date
    file: Path


def update(source: str, today: date) -> tuple[Updated, ...]:
    """Take over what a file or address holds; nothing is written when anything in it is wrong.

    Args:
        source: a path, or an address with https (http for this machine only).
        today: data from after it is refused.

    Raises:
        DataError: it cannot be had, or something in it cannot be used; everything is listed.
    """
    found = topics(read(source), source, today)
    problems = [
        Problem(f"{source}: {name}: {what}", FIX, DataError.code)
        for name, content in found.items()
        for what in _wrong(name, content, today)
    ]
    if problems:
        raise DataError(f"{source} cannot be used; nothing was changed", problems=problems)
    done = []
    for name, content in found.items():
        before = dated.topic(name).as_of
        file = dated.folder() / f"{name}.yaml"
        write(file, text(content))
        done.append(Updated(name, before, dated.day(content["asOf"]), file))
    dated.forget()
    return tuple(done)


def topics(raw: bytes, source: str, today: date) -> dict[str, dict[str, Any]]:
    """Return what a document holds, by topic.

    It may be in our own form, the version marker of the Kubernetes project (`v1.37.2`), or the checker's own list of
    releases.

    Raises:
        DataError: it is none of these.
    """
    if marker := re.fullmatch(rb"\s*v?(1\.\d{2})\.\d+\s*", raw):
        return {"kubernetes": _marked(marker[1].decode(), source, today)}
    with contextlib.suppress(ValueError):
        if releases := _releases(json.loads(raw)):
            content = {"asOf": today.isoformat(), "source": source[:300], "releases": releases}
            return {"checkers": content}
    try:
        found = dated.parse(raw)
    except ValueError as error:
        raise DataError(f"{source} {error}", fix=FIX) from None
    inner = found.get("topics")
    if set(found) != {"topics"} or not isinstance(inner, dict) or not inner:
        raise DataError(f"{source} holds no `topics:` with something below it", fix=FIX)
    if unknown := [str(name)[:50] for name in inner if name not in dated.TOPICS]:
        raise DataError(
            f"{source} has topics that are not known: {', '.join(unknown)}",
            fix=f"the topics are {', '.join(dated.TOPICS)}",
        )
    return inner


def _wrong(name: str, content: Any, today: date) -> Iterable[str]:
    if problems := check(name, content, today):
        return problems
    now = dated.topic(name)
    if dated.day(content["asOf"]) < now.as_of:
        return [f"it is of {content['asOf']}, and what is used now is of {now.as_of}"]
    return _implausible(content, today) if name == "kubernetes" else []


def _implausible(content: Mapping[str, Any], today: date) -> Iterable[str]:
    """Return what is wrong with a newest minor that can not be: it would turn the check of every cluster around."""
    ours = dated.packaged("kubernetes")
    ahead = _number(content["newest"]) - _number(ours.content["newest"])
    if ahead < 0:
        return [f"newest {content['newest']} is older than what haven-iac came with"]
    if ahead > 1 + (today - ours.as_of).days // QUICKEST:
        return [f"newest {content['newest']} can not be there yet: on {ours.as_of} it was {ours.content['newest']}"]
    return []


def _number(minor: str) -> int:
    return int(minor.split(".")[1])


def _marked(newest: str, source: str, today: date) -> dict[str, Any]:
    """Return the topic that a version marker makes: minors that are not known came out today at the latest."""
    known = {minor: str(when) for minor, when in dated.topic("kubernetes").content["released"].items()}
    kept = {minor: when for minor, when in known.items() if _number(minor) <= _number(newest)}
    return {
        "asOf": today.isoformat(),
        "source": source[:300],
        "newest": newest,
        "released": {**kept, newest: kept.get(newest, today.isoformat())},
    }


def _releases(document: Any) -> dict[str, str]:
    """Return version and day of each release in the checker's own list, wherever in it they stand."""
    found: dict[str, str] = {}
    stack = [document]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, Mapping):
            low = {str(key).lower(): value for key, value in one.items()}
            version, when = low.get("version"), low.get("date")
            if isinstance(version, str) and isinstance(when, str) and re.match(r"\d{4}-\d{2}-\d{2}", when):
                found[version.removeprefix("v")] = when[:10]
            stack += [value for value in one.values() if isinstance(value, list | dict)]
    return found


def read(source: str) -> bytes:
    """Return what a file or address holds.

    Raises:
        DataError: it cannot be had, or is too large.
    """
    if "://" in source:
        return _download(source)
    try:
        with Path(source).open("rb") as file:
            return _short(file.read(MOST + 1), source)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}", fix="name another file") from None


def _short(raw: bytes, source: str) -> bytes:
    if len(raw) > MOST:
        raise DataError(f"{source} has more than {MOST // 2**20} MiB", fix="this is no data for haven-iac")
    return raw


def _download(address: str) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class _Careful(HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
            _allowed(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    _allowed(address)
    request = Request(address, headers={"User-Agent": "haven-iac"})  # noqa: S310 - the scheme was looked at
    try:
        with build_opener(_Careful).open(request, timeout=TIMEOUT) as answer:
            return _short(_in_time(answer, address), address)
    except HTTPError as error:
        raise DataError(f"{address} answers {error.code}", fix="look at the address") from None
    except (URLError, HTTPException, OSError) as error:
        why = getattr(error, "reason", error)
        raise DataError(
            f"{address} cannot be reached: {why}", fix="give a file instead, or look at your network"
        ) from None


def _in_time(answer: Any, address: str) -> bytes:
    """Return an answer of at most a little more than is allowed; one that trickles in is given up."""
    began, raw = time.monotonic(), b""
    while len(raw) <= MOST and (part := answer.read1(2**16)):
        raw += part
        if time.monotonic() - began > TIMEOUT:
            raise DataError(f"{address} took more than {TIMEOUT:.0f} seconds to answer", fix="give a file instead")
    return raw


def _allowed(address: str) -> None:
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in LOCAL
    if parts.username or parts.password:
        raise DataError("an address with a name or password in it is not used", fix="take them out")
    if parts.scheme != "https" and not local:
        raise DataError(f"{address} is not https", fix="give an address that starts with https://, or a file")


def text(content: Mapping[str, Any]) -> str:
    """Return a topic as the text of its file."""
    import yaml

    return yaml.safe_dump(_plain(content), sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def document(names: Iterable[str]) -> str:
    """Return topics as they are used, in the form that `update` takes."""
    from haven_iac.dated.forms import OURS

    found = {}
    for name in names:
        content = dated.topic(name).content
        found[name] = {key: value for key, value in content.items() if name != "kubernetes" or key not in OURS}
    return text({"topics": found})


def reset(names: Iterable[str]) -> tuple[Path, ...]:
    """Remove the user's own files of these topics; return those that there were."""
    removed = []
    for name in names:
        file = dated.folder() / f"{name}.yaml"
        if file.exists():
            file.unlink()
            removed.append(file)
    dated.forget()
    return tuple(removed)


def write(file: Path, content: str) -> None:
    """Write a file whole or not at all.

    Raises:
        DataError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".", delete=False, encoding="utf-8") as new:
            try:
                new.write(content)
                new.flush()
                os.fsync(new.fileno())
                os.replace(new.name, file)
            except BaseException:
                os.unlink(new.name)
                raise
    except OSError as error:
        raise DataError(
            f"{file} cannot be written: {error.strerror}", fix=f"set {dated.OWN} to another folder"
        ) from None

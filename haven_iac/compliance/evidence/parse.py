"""Reads what the checker prints, and refuses what contradicts itself.

Nothing in it is signed: who can write a file can write a lie.  What is refused here is what cannot be true: a result
that is cut short, counts that do not add up, a verdict that its own answers deny, a time that has not come.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from haven_iac.compliance import catalogue
from haven_iac.compliance.evidence.model import Answer, Run, Said
from haven_iac.errors import EvidenceError, Problem

MOST = 4 * 2**20
"""Bytes; a real result has about ten thousand."""
MOST_CHECKS = 500
LONGEST = 2000
"""Characters of one text."""
EARLY = timedelta(minutes=10)
"""How far ahead of ours the checker's clock may be."""
LONGEST_RUN = timedelta(days=7)

VERDICT = "HavenCompliant".lower()
"""Key of the checker's own verdict; never repeated in a message."""

AGAIN = "run the checker again with --output=json, and give its whole output"
CHANGED = "it was changed after the checker wrote it, or another program wrote it; run the checker again"

Low = Mapping[str, Any]
"""A part of the result with its keys in lower case: the checker's JSON has PascalCase and its objects camelCase."""


@dataclass
class _Reading:
    """What was found so far."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, what: str, fix: str = AGAIN, path: str = "") -> None:
        self.problems.append(Problem(what, fix, EvidenceError.code, path=path))


def parse(raw: bytes, name: str, now: datetime) -> Run:
    """Return what the checker said.

    Args:
        raw: its JSON, as `haven check --output=json` prints it.
        name: of the file or object, for messages.
        now: nothing can have ended after it.

    Raises:
        EvidenceError: it cannot be used; everything that is wrong with it is listed.
    """
    return of_document(load(raw, name), name, now)


def load(raw: bytes, name: str) -> Any:
    """Return a JSON document, read with suspicion.

    Raises:
        EvidenceError: it is none, or too large, or says one thing twice.
    """
    if len(raw) > MOST:
        what = f"{name} has {len(raw)} bytes, and a result of the checker has some ten thousand; {MOST} is the most"
        raise EvidenceError(what, fix="give the checker's own output, and nothing else")
    try:
        text = raw.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise EvidenceError(f"{name} is not in UTF-8", fix=AGAIN) from None
    except _Twice as error:
        raise EvidenceError(f"{name} says {error} twice in one place", fix=CHANGED) from None
    except json.JSONDecodeError as error:
        raise EvidenceError(f"{name} {_why(error, text)}", fix=AGAIN) from None
    except (ValueError, RecursionError):
        raise EvidenceError(f"{name} has a number or a nesting that no checker writes", fix=CHANGED) from None


def _why(error: json.JSONDecodeError, text: str) -> str:
    if not text.strip():
        return "is empty"
    if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated"):
        return f"ends too early, at line {len(text.rstrip().splitlines())}"
    return f"is no JSON: {error.msg} at line {error.lineno}"


class _Twice(ValueError):
    """A key that is there twice."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    lower: set[str] = set()
    for key, value in pairs:
        if key.lower() in lower:
            raise _Twice("its verdict" if key.lower() == VERDICT else clean(key, 40))
        lower.add(key.lower())
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def clean(text: object, longest: int = LONGEST) -> str:
    """Return a text on one line, without anything that a terminal would obey."""
    return "".join(letter for letter in str(text) if letter.isprintable())[:longest]


def of_document(document: Any, name: str, now: datetime) -> Run:
    """Return what the checker said, from a document that is read already.

    Raises:
        EvidenceError: it cannot be used; everything that is wrong with it is listed.
    """
    found = _Reading()
    top = _low(document)
    if top is None:
        raise EvidenceError(f"{name} is not the result of a run: it is no map", fix=AGAIN)
    version = _version(top, found)
    started, ended = _times(top, found, now)
    answers = [*_answers(top, "CompliancyChecks".lower(), True, found), *_answers(top, "suggestedchecks", False, found)]
    _no_doubles(answers, found)
    which = catalogue.list_of(version or "0", [one.id for one in answers])
    newer = bool(version) and _numbers(version)[:1] > [int(catalogue.CURRENT.split(".")[0])]
    if not found.problems:
        _counts(top, answers, found)
        _claim(top, answers, found)
        _whole(which, answers, version, newer, found)
    if found.problems:
        what = f"{name} cannot be used as a result of the checker"
        raise EvidenceError(what, problems=[_named(one, name, version if newer else "") for one in found.problems])
    config = _low(top.get("config")) or {}
    return Run(
        version, started, ended, tuple(answers), which, newer, {clean(k, 40): clean(v, 40) for k, v in config.items()}
    )


def _named(problem: Problem, name: str, newer: str) -> Problem:
    """Return a problem with the name of what has it; of a newer checker it may be a new shape."""
    fix = f"the checker {newer} is newer than this haven-iac knows: get a newer haven-iac" if newer else problem.fix
    return Problem(problem.what, fix, problem.code, name, 0, problem.path)


def _low(value: Any) -> Low | None:
    return {key.lower(): inner for key, inner in value.items()} if isinstance(value, dict) else None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d{1,6}", version.partition("-")[0].partition("+")[0])]


def _version(top: Low, found: _Reading) -> str:
    version = top.get("version")
    if not isinstance(version, str):
        found.wrong("Version is missing: the checker always says which one it is", path="Version")
        return ""
    if not re.fullmatch(r"v?\d{1,6}(\.\d{1,6}){1,2}([-+][\w.+-]{1,60})?", version, re.ASCII):
        found.wrong(f"'{clean(version, 40)}' is no version of the checker", CHANGED, "Version")
        return ""
    return version.removeprefix("v")


def _times(top: Low, found: _Reading, now: datetime) -> tuple[datetime, datetime]:
    times = {}
    for key, shown in (("startts", "StartTS"), ("stopts", "StopTS")):
        when = moment(top.get(key))
        if when is None:
            found.wrong(f"{shown} is missing, or is no time", path=shown)
        else:
            times[shown] = when
    started, ended = times.get("StartTS", now), times.get("StopTS", now)
    if len(times) == 2:
        if ended < started:
            found.wrong(f"it ended at {ended:%Y-%m-%d %H:%M} before it started at {started:%Y-%m-%d %H:%M}", CHANGED)
        elif ended - started > LONGEST_RUN:
            found.wrong(f"it ran for {(ended - started).days} days, which no run takes", CHANGED)
        if ended > now + EARLY:
            found.wrong(f"it ended at {ended:%Y-%m-%d %H:%M} UTC, which has not come yet", CHANGED, "StopTS")
    return started, ended


def moment(value: Any) -> datetime | None:
    """Return a time as the checker, or Kubernetes, writes it; None when it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _answers(top: Low, part: str, mandatory: bool, found: _Reading) -> Iterator[Said]:
    shown = "CompliancyChecks" if mandatory else "SuggestedChecks"
    checks = _low(top.get(part))
    results = checks.get("results") if checks else None
    if not mandatory and (checks is None or results is None):
        return
    if not isinstance(results, list) or not results:
        found.wrong(f"{shown} has no Results", path=shown)
        return
    if len(results) > MOST_CHECKS:
        found.wrong(f"{shown} has {len(results)} results, and {MOST_CHECKS} is the most", CHANGED, shown)
        return
    for number, one in enumerate(results):
        path, low = f"{shown}.Results[{number}]", _low(one)
        name, answer = (low or {}).get("name"), (low or {}).get("result")
        if not isinstance(name, str) or not name.strip() or len(name) > 100:
            found.wrong("it has no Name", path=path)
        elif answer not in [one.value for one in Answer]:
            known = ", ".join(Answer)
            found.wrong(
                f"'{clean(answer, 20)}' is no Result; those are {known}", CHANGED, f"{path} ({clean(name, 40)})"
            )
        else:
            yield _said(low or {}, name, Answer(answer), mandatory)


def _said(low: Low, name: str, answer: Answer, mandatory: bool) -> Said:
    label, category = clean(low.get("label") or "", 300), clean(low.get("category") or "", 60)
    ours = {check.id: check for one in catalogue.lists() for check in one.checks}
    by_label = {check.label.lower(): check.id for check in ours.values()}
    key = name if name in ours else by_label.get(label.lower(), name)
    known = key in ours
    return Said(clean(key, 100), label or (ours[key].label if known else ""), category, answer, mandatory, known)


def _no_doubles(answers: Sequence[Said], found: _Reading) -> None:
    seen: set[str] = set()
    for one in answers:
        if one.id in seen:
            found.wrong(f"the check {one.id} is answered twice", CHANGED)
        seen.add(one.id)


def _counts(top: Low, answers: Sequence[Said], found: _Reading) -> None:
    """Refuse a summary that does not count what stands above it."""
    summary = _low((_low(top.get("CompliancyChecks".lower())) or {}).get("summary"))
    if summary is None:
        found.wrong("CompliancyChecks has no Summary", path="CompliancyChecks")
        return
    mandatory = [one.answer for one in answers if one.mandatory]
    right = {
        "Total": len(mandatory),
        "Passed": mandatory.count(Answer.YES),
        "Failed": mandatory.count(Answer.NO),
        "Skipped": mandatory.count(Answer.SKIPPED),
        "Unknown": mandatory.count(Answer.UNKNOWN),
    }
    for key, count in right.items():
        said = summary.get(key.lower())
        if type(said) is not int or said != count:
            shown = said if type(said) is int else "something else"
            found.wrong(f"it says {shown} and the results above it come to {count}", CHANGED, f"Summary.{key}")


def _claim(top: Low, answers: Sequence[Said], found: _Reading) -> None:
    """Refuse a verdict that the answers deny."""
    claim = top.get(VERDICT)
    if not isinstance(claim, bool):
        found.wrong("the checker's own verdict is missing, or is neither true nor false")
        return
    short = [one.id for one in answers if one.mandatory and one.answer is not Answer.YES]
    if claim and short:
        found.wrong(f"the checker's own verdict is true, and these are not YES: {', '.join(short)}", CHANGED)
    if not claim and not short:
        found.wrong("the checker's own verdict is false, and every mandatory check is YES", CHANGED)


def _whole(which: catalogue.List, answers: Sequence[Said], version: str, newer: bool, found: _Reading) -> None:
    """Refuse a result without checks that its version has; a newer one may have dropped some."""
    asked = {one.id for one in answers if one.mandatory}
    missing = sorted(which.mandatory - asked)
    if newer or not missing:
        return
    if len(missing) > len(which.mandatory) // 2:
        found.wrong(
            f"version {version} answers {len(asked)} mandatory checks, and no list that is known here has those",
            "give the result of a newer checker; 12.8 is known",
        )
        return
    found.wrong(f"version {version} has mandatory checks that are not answered: {', '.join(missing)}", CHANGED)

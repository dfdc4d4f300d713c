"""The report as JUnit XML, which every CI system shows: one suite for each basis, one case for each check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape, quoteattr

from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.evidence.model import Answer
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import Look, Result, Status
from haven_iac.compliance.words import within, word

Case = tuple[str, str, str, str]
"""Class, name, what it comes to (empty, failure or skipped), and why."""


def junit(found: Dossier, language: str) -> str:
    """Return a report as the text of a JUnit file."""
    suites = {"predicted": [_result(line, line.predicted, language) for line in found.lines]}
    if found.observed:
        suites["observed"] = [_result(line, line.observed, language) for line in found.lines if line.observed]
    if found.proof.evidence:
        suites["evidence"] = [case for line in found.lines if (case := _answer(line, language))]
    if found.observed or found.proof.evidence:
        suites["agree"] = [_agree(line, language) for line in found.lines]
    if found.security:
        suites["security"] = [*_security(found, language)]
    text = "".join(_suite(name, cases, found) for name, cases in suites.items())
    tests = sum(len(cases) for cases in suites.values())
    failures = sum(case[2] == "failure" for cases in suites.values() for case in cases)
    name = _attribute(common.heading(found, language))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name={name} tests="{tests}" failures="{failures}">\n{text}</testsuites>\n'
    )


def _suite(name: str, cases: list[Case], found: Dossier) -> str:
    counts = {kind: sum(case[2] == kind for case in cases) for kind in ("failure", "skipped")}
    stamp = found.about.made.strftime("%Y-%m-%dT%H:%M:%S")
    head = (
        f' <testsuite name={_attribute(f"{found.about.cluster}.{name}")} tests="{len(cases)}" '
        f'failures="{counts["failure"]}" errors="0" skipped="{counts["skipped"]}" timestamp="{stamp}" time="0">\n'
    )
    return head + "".join(_case(found, *case) for case in cases) + " </testsuite>\n"


def _case(found: Dossier, group: str, name: str, kind: str, why: str) -> str:
    start = f'  <testcase classname={_attribute(f"{found.about.cluster}.{group}")} name={_attribute(name)} time="0"'
    if not kind:
        return f"{start}/>\n"
    message = _attribute(why)
    body = (
        f"<failure message={message}>{_clean(why, escape)}</failure>"
        if kind == "failure"
        else f"<skipped message={message}/>"
    )
    return f"{start}>{body}</testcase>\n"


def _clean(text: str, escaped: Callable[[str], str]) -> str:
    return escaped("".join(letter for letter in text if letter.isprintable() or letter == "\n"))


def _attribute(text: str) -> str:
    return _clean(text.replace("\n", " "), quoteattr)


def _name(line: Line, language: str) -> str:
    return f"{line.check.id}: {common.label(line.check, language)}"


def _result(line: Line, result: Result | None, language: str) -> Case:
    assert result is not None
    why = "; ".join(part for part in (within(result.reason, language), within(result.fix, language)) if part)
    if line.deviation:
        why += f"; {word('report.word.deviation', language)}: {common.because(line.deviation, language)}"
    fails = result.status is Status.FAIL and line.check.mandatory
    kind = "failure" if fails else "" if result.status is Status.PASS else "skipped"
    return line.check.category, _name(line, language), kind, why


def _answer(line: Line, language: str) -> Case | None:
    if not line.evidence:
        return None
    no = line.evidence.answer is Answer.NO and line.check.mandatory
    kind = "failure" if no else "" if line.evidence.answer is Answer.YES else "skipped"
    return line.check.category, _name(line, language), kind, common.answer(line, language)


def _agree(line: Line, language: str) -> Case:
    why = "; ".join(within(one.text, language) for one in line.findings)
    return line.check.category, _name(line, language), "failure" if line.findings else "", why


def _security(found: Dossier, language: str) -> Iterator[Case]:
    for one in found.security:
        name = f"{one.id}: {word(f'security.{one.id}.title', language)}"
        kind = "" if one.look is Look.OK else "skipped"
        yield "security", name, kind, within(one.reason, language)

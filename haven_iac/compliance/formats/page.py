"""The report as one HTML page, whole in itself: it can be mailed, printed and kept.  Every text in it is escaped."""

from __future__ import annotations

from pathlib import Path

from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.evidence.model import Answer
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import Look, Result, Status, Verdict
from haven_iac.compliance.words import within, word
from haven_iac.plan import picture
from haven_iac.plan.markup import Markup, join, table, tag
from haven_iac.plan.page import whole

_STYLE = Path(__file__).parent / "page.css"
_SIGNS = {Status.PASS: "✓", Status.FAIL: "✗", Status.NEEDS_EVIDENCE: "?"}
_LOOKS = {Look.OK: "✓", Look.ATTENTION: "!", Look.UNKNOWN: "?"}
_ANSWERS = {Answer.YES: "✓", Answer.NO: "✗", Answer.SKIPPED: "-", Answer.UNKNOWN: "?"}


def page(found: Dossier, language: str) -> str:
    """Return the whole page.

    Args:
        found: what it is about.
        language: en or nl.
    """
    parts = [
        _top(found, language),
        _facts(found, language),
        _section("checks", language, *_checks(found, language)),
        _findings(found, language),
        _deviations(found, language),
        _evidence(found, language),
        _security(found, language),
        *(_profile(verdict, language) for verdict in found.profiles),
        _section("drawing", language, *_drawing(found, language)),
        _section("how", language, *_how(found, language)),
    ]
    title = word("report.title", language, cluster=found.about.cluster)
    return whole(title, parts, language=language, style=_STYLE.read_text(encoding="utf-8"))


def _section(title: str, language: str, *content: object) -> Markup:
    return tag("section", tag("h2", word(f"report.section.{title}", language)), *content)


def _top(found: Dossier, language: str) -> Markup:
    basis = word("report.basis_observed" if found.observed else "report.basis_predicted", language)
    made = f"{found.about.made:%d-%m-%Y}"
    lead = word("report.lead", language, stack=found.about.stack, made=made, basis=basis)
    banners = [word(f"report.{name}", language) for name in ("simulated", "sandbox") if getattr(found, name)]
    return tag(
        "header",
        tag("h1", word("report.title", language, cluster=found.about.cluster)),
        tag("p", lead, class_="lead"),
        *(tag("div", banner, class_="banner") for banner in banners),
        tag("p", within(found.proof.text, language), class_=f"proof {found.proof.state.value}"),
        *(tag("p", _prose(within(one, language)), class_="banner") for one in found.warnings),
    )


def _facts(found: Dossier, language: str) -> Markup:
    rows = common.facts(found, language)
    rows[word("report.column.data", language).capitalize()] = ", ".join(
        sorted({day.isoformat() for _, day in found.predicted.data})
    )

    def row(name: str, value: str) -> Markup:
        return tag("div", tag("dt", name), tag("dd", value, class_="long" if len(value) > 30 else None))

    return tag("dl", *(row(name, value) for name, value in rows.items()), class_="facts")


def _checks(found: Dossier, language: str) -> list[object]:
    basis = word(f"report.column.{found.verdict.basis.value}", language)
    tiles = [_tile(status, found.verdict.count(status), basis, language) for status in Status]
    return [
        *(tag("p", line, class_="soft") for line in common.summaries(found, language)),
        tag("div", *tiles, class_="score"),
        *(_check(line, language) for line in found.lines),
        *_strange(found, language),
    ]


def _tile(status: Status, count: int, basis: str, language: str) -> Markup:
    words = f"{common.status(status, language)} ({basis})"
    return tag("div", tag("b", count), words, class_=status.value if count else "zero")


def _prose(text: str) -> Markup:
    """Return a sentence; what stands between backticks in it is a command."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return join(text)
    return join(*(tag("code", part) if number % 2 else part for number, part in enumerate(parts)))


def _check(line: Line, language: str) -> Markup:
    check = line.check
    kind = f"{check.category}, {common.importance(check, language)}"
    about = tag(
        "div",
        tag("h3", common.label(check, language)),
        tag("span", tag("code", check.id), f" · {kind}", class_="sub"),
        class_="about",
    )
    return tag(
        "article",
        about,
        _state("predicted", _badge(line.predicted, language), language),
        _state("observed", _badge(line.observed, language), language),
        _state("evidence", _answer(line, language), language),
        tag("div", *_more(line, language), class_="more"),
        class_="check" if line.agree else "check differs",
    )


def _state(name: str, badge: Markup, language: str) -> Markup:
    return tag("div", tag("small", word(f"report.column.{name}", language)), badge, class_="state")


def _badge(result: Result | None, language: str) -> Markup:
    if result is None:
        return tag("span", word("report.word.nobody", language), class_="badge ABSENT")
    words = f"{_SIGNS[result.status]} {common.status(result.status, language)}"
    return tag("span", words, class_=f"badge {result.status.value}")


def _answer(line: Line, language: str) -> Markup:
    if not line.evidence:
        return tag("span", common.answer(line, language), class_="badge ABSENT")
    answer = line.evidence.answer
    return tag("span", f"{_ANSWERS[answer]} {common.answer(line, language)}", class_=f"badge {answer.value}")


def _more(line: Line, language: str) -> list[Markup]:
    parts = [tag("p", common.reason(line, language))]
    if change := within(line.change, language):
        parts.append(tag("p", tag("span", "→ ", class_="arrow"), _prose(change)))
    if commands := [edit.command for edit in line.edits if edit.command]:
        parts.append(tag("p", join(*(join(tag("code", one), " ") for one in commands))))
    parts += [tag("p", tag("strong", within(one.text, language))) for one in line.findings]
    if line.deviation:
        about = word("report.word.deviation", language).capitalize()
        parts.append(tag("p", tag("em", f"{about}: {common.because(line.deviation, language)}")))
    expected = f"{common.rationale(line.check, language)} {common.expectation(line.check, language)}"
    parts.append(tag("p", expected, class_="soft"))
    if line.now.objects:
        seen = word("report.seen_in", language, objects=common.objects(line.now.objects, language))
        parts.append(tag("p", seen, class_="soft"))
    return parts


def _strange(found: Dossier, language: str) -> list[Markup]:
    if not found.strange:
        return []
    columns = {word(f"report.column.{key}", language): "" for key in ("check", "what", "evidence")}
    rows: list[list[object]] = [[tag("code", one.id), one.label, one.answer.value] for one in found.strange]
    return [tag("h3", word("report.section.strange", language)), table(columns, rows)]


def _findings(found: Dossier, language: str) -> Markup:
    if not found.findings:
        text = word("report.agree", language) if found.observed or found.proof.evidence else ""
        return tag("p", text, class_="soft") if text else Markup()
    items = (tag("li", within(one.text, language)) for one in found.findings)
    return _section("findings", language, tag("ul", *items, class_="notes"))


def _deviations(found: Dossier, language: str) -> Markup:
    if not found.deviations:
        return Markup()
    columns = {word(f"report.column.{key}", language): "" for key in ("check", "owner", "reason", "until")}
    over = word("report.column.ended", language)
    rows: list[list[object]] = [
        [tag("code", one.check), one.owner, one.reason, f"{one.until} ({over})" if one.ended else one.until]
        for one in found.deviations
    ]
    return _section("deviations", language, table(columns, rows))


def _evidence(found: Dossier, language: str) -> Markup:
    if not found.evidence:
        return Markup()
    columns = {word(f"report.column.{key}", language): "" for key in ("day", "version", "source", "hash")}
    rows: list[list[object]] = [
        [
            f"{one.run.ended:%Y-%m-%d %H:%M} UTC",
            join(one.run.version, tag("span", common.counted(one, language), class_="sub")),
            common.source(one, language),
            tag("code", one.sha256, class_="hash"),
        ]
        for one in found.evidence
    ]
    return _section("evidence", language, table(columns, rows))


def _security(found: Dossier, language: str) -> Markup:
    if not found.security:
        return Markup()
    columns = {word(f"report.column.{key}", language): kind for key, kind in _SECURITY.items()}
    rows: list[list[object]] = []
    for one in found.security:
        why: list[object] = [within(one.reason, language)]
        if one.fix:
            why.append(tag("span", "→ ", _prose(within(one.fix, language)), class_="fix soft"))
        if one.objects:
            seen = word("report.seen_in", language, objects=common.objects(one.objects, language))
            why.append(tag("span", seen, class_="sub"))
        badge = tag(
            "span", f"{_LOOKS[one.look]} {word(f'status.{one.look.value}', language)}", class_=f"badge {one.look.value}"
        )
        rows.append([word(f"security.{one.id}.title", language), badge, join(*why)])
    lead = tag("p", word("report.section.security_lead", language), class_="soft")
    return _section("security", language, lead, table(columns, rows))


_SECURITY = {"subject": "", "state": "word", "why": ""}


def _profile(verdict: Verdict, language: str) -> Markup:
    columns = {word(f"report.column.{key}", language): kind for key, kind in _PROFILE.items()}
    rows: list[list[object]] = []
    for one in verdict.results:
        why: list[object] = [within(one.reason, language)]
        if one.fix:
            why.append(tag("span", "→ ", _prose(within(one.fix, language)), class_="fix soft"))
        duty = within(getattr(one.check, "duty", ""), language)
        about = join(tag("b", one.check.id), tag("span", common.label(one.check, language), class_="sub"))
        rows.append([about, _badge(one, language), join(*why), duty])
    title = tag("h2", word(f"profile.{verdict.catalogue}.title", language))
    lead = tag("p", word(f"profile.{verdict.catalogue}.lead", language), class_="soft")
    return tag("section", title, lead, table(columns, rows))


_PROFILE = {"measure": "", "state": "word", "why": "", "duty": ""}


def _drawing(found: Dossier, language: str) -> list[Markup]:
    words = {key: word(f"drawing.{key}", language) for key in picture.WORDS}
    return [tag("div", picture.picture(found.plan, words), class_="wide"), picture.legend(found.plan, words)]


def _how(found: Dossier, language: str) -> list[Markup]:
    items = (
        tag("li", word(f"report.how.{key}", language)) for key in ("predicted", "observed", "evidence", "deviation")
    )
    made = word("report.made_with", language, program=found.about.program)
    return [tag("ul", *items, class_="notes"), tag("footer", tag("p", made))]

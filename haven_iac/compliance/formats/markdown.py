"""The report as Markdown; whatever comes from a description, a cluster or a checker is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.formats import common
from haven_iac.compliance.model import Verdict
from haven_iac.compliance.words import within, word

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def escape(text: object) -> str:
    """Return a text on one line in which nothing is markup."""
    plain = "".join(letter for letter in " ".join(str(text).split()) if letter.isprintable())
    return html.escape(_SPECIAL.sub(r"\\\1", plain), quote=False)


def markdown(found: Dossier, language: str) -> str:
    """Return a report."""

    def name(key: str) -> str:
        return word(f"report.column.{key}", language).capitalize()

    parts = [
        f"# {escape(word('report.title', language, cluster=found.about.cluster))}",
        f"**{escape(common.heading(found, language))}**",
        f"> {escape(within(found.proof.text, language))}",
        _list(escape(line) for line in common.summaries(found, language)),
        *_part(found.warnings, "warnings", language, _list(escape(within(one, language)) for one in found.warnings)),
        f"## {word('report.section.checks', language)}",
        _table(
            [name(key) for key in ("check", "predicted", "observed", "evidence", "agree", "why")],
            [_row(line, language) for line in found.lines],
        ),
        *_part(found.findings, "findings", language, _list(escape(within(f.text, language)) for f in found.findings)),
        *_part(
            found.strange,
            "strange",
            language,
            _list(f"{escape(one.id)}: {escape(one.label)}: {one.answer.value}" for one in found.strange),
        ),
        *_part(found.deviations, "deviations", language, _deviations(found, language)),
        *_part(found.evidence, "evidence", language, _evidence(found, language)),
        *_part(found.security, "security", language, _security(found, language)),
        *(part for verdict in found.profiles for part in _profile(verdict, language)),
        f"## {word('report.section.about', language)}",
        _table(
            [name("what"), ""],
            [[escape(key), escape(value)] for key, value in common.facts(found, language).items()]
            + [[f"{name('data')} {topic}", day.isoformat()] for topic, day in found.predicted.data],
        ),
        f"## {word('report.section.how', language)}",
        _list(word(f"report.how.{key}", language) for key in ("predicted", "observed", "evidence", "deviation")),
        escape(word("report.made_with", language, program=found.about.program)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _part(content: Sequence[object], title: str, language: str, body: str) -> list[str]:
    return [f"## {word(f'report.section.{title}', language)}", body] if content else []


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _row(line: Line, language: str) -> list[str]:
    check = line.check
    about = f"{escape(common.label(check, language))} (`{check.id}`, {common.importance(check, language)})"
    observed = common.status(line.observed.status, language) if line.observed else word("report.word.nobody", language)
    if line.observed and line.observed.flaw:
        observed += f" {word('report.word.flaw', language)}"
    why = escape(common.reason(line, language))
    if change := within(line.change, language):
        why += f"<br>→ {escape(change)}"
    if line.deviation:
        why += f"<br>{word('report.word.deviation', language)}: {escape(common.because(line.deviation, language))}"
    return [
        about,
        common.status(line.predicted.status, language),
        observed,
        common.answer(line, language),
        word("report.word.yes" if line.agree else "report.word.no", language),
        why,
    ]


def _deviations(found: Dossier, language: str) -> str:
    return _list(f"`{one.check}`: {escape(common.because(one, language))}" for one in found.deviations)


def _evidence(found: Dossier, language: str) -> str:
    heads = [word(f"report.column.{key}", language).capitalize() for key in ("day", "version", "source", "hash")]
    rows = [
        [
            f"{one.run.ended:%Y-%m-%d %H:%M} UTC",
            one.run.version,
            escape(common.source(one, language)),
            f"`{one.sha256}`",
        ]
        for one in found.evidence
    ]
    return _table(heads, rows)


def _security(found: Dossier, language: str) -> str:
    heads = [word(f"report.column.{key}", language).capitalize() for key in ("subject", "state", "why")]
    rows = []
    for one in found.security:
        why = escape(within(one.reason, language))
        if one.fix:
            why += f"<br>→ {escape(within(one.fix, language))}"
        title = word(f"security.{one.id}.title", language)
        rows.append([escape(title), word(f"status.{one.look.value}", language), why])
    return f"{word('report.section.security_lead', language)}\n\n{_table(heads, rows)}"


def _profile(verdict: Verdict, language: str) -> list[str]:
    heads = [word(f"report.column.{key}", language).capitalize() for key in ("measure", "state", "why", "duty")]
    rows = []
    for one in verdict.results:
        why = escape(within(one.reason, language))
        if one.fix:
            why += f"<br>→ {escape(within(one.fix, language))}"
        duty = escape(within(getattr(one.check, "duty", ""), language))
        about = f"**{one.check.id}** {escape(common.label(one.check, language))}"
        rows.append([about, common.status(one.status, language), why, duty])
    return [f"## {word(f'profile.{verdict.catalogue}.title', language)}", _table(heads, rows)]

"""Shows a dossier on a terminal, and what changed between two looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from haven_iac.compliance.dossier import Dossier, Line
    from haven_iac.compliance.history import Changed, Record
    from haven_iac.compliance.model import Result, Verdict

WIDE = 120
"""Columns from which reasons stand beside their check, not below it."""
LINE = 200
"""Columns where there is no terminal."""

_COLOURS = {
    "PASS": "green",
    "FAIL": "bold red",
    "NEEDS_EVIDENCE": "yellow",
    "YES": "green",
    "NO": "bold red",
    "SKIPPED": "yellow",
    "UNKNOWN": "yellow",
    "OK": "green",
    "ATTENTION": "yellow",
}


def show(out: Console, found: Dossier, language: str) -> None:
    """Print everything that is known, the most telling last."""
    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import within, word

    if not out.is_terminal:
        out.width = LINE
    out.print(f"{found.about.cluster}: {common.heading(found, language)}", style="bold", markup=False)
    for warning in found.warnings:
        out.print(f"{word('report.word.warning', language)}: {within(warning, language)}", style="yellow", markup=False)
    out.print()
    _table(out, found.lines, language, wide=out.width >= WIDE)
    for one in found.strange:
        out.print(f"{one.id}: {one.label}: {one.answer.value}", markup=False)
    if found.security:
        _title(out, word("report.section.security", language))
        for fact in found.security:
            title = word(f"security.{fact.id}.title", language)
            mark = word(f"status.{fact.look.value}", language)
            out.print(f"{title}: {mark}: {within(fact.reason, language)}", markup=False)
            if fact.fix:
                out.print(f"  → {within(fact.fix, language)}", style="dim", markup=False)
    for verdict in found.profiles:
        show_profile(out, verdict, language)
    show_deviations(out, found, language)
    if found.evidence:
        _title(out, word("report.section.evidence", language))
        for result in found.evidence:
            about = f"{result.run.ended:%Y-%m-%d %H:%M} UTC: {common.counted(result, language)}"
            out.print(f"{about}; {common.source(result, language)}; sha256 {result.sha256}", markup=False)
    out.print()
    for line in common.summaries(found, language):
        out.print(line, markup=False)
    _agreement(out, found, language)
    out.print(within(found.proof.text, language), style="bold", markup=False)


def _title(out: Console, text: str) -> None:
    out.print(f"\n{text}", style="bold", markup=False)


def _agreement(out: Console, found: Dossier, language: str) -> None:
    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import within, word

    differing = [line for line in found.lines if line.findings]
    if not differing:
        out.print(word("report.agree", language))
        return
    head = word("report.differ", language, n=len(differing), total=len(found.lines))
    out.print(head, style="bold red", markup=False)
    for line in differing:
        for finding in line.findings:
            out.print(f"  {within(finding.text, language)}", markup=False)
        if line.now.objects:
            seen = common.objects(line.now.objects, language)
            out.print(f"    {word('report.seen_in', language, objects=seen)}", markup=False)
        if line.change:
            out.print(f"    {within(line.change, language)}", markup=False)


def _table(out: Console, lines: Sequence[Line], language: str, *, wide: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import within, word

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("check", "category", "predicted", "observed", "evidence", "agree"):
        table.add_column(word(f"report.column.{name}", language), no_wrap=True)
    if wide:
        table.add_column(word("report.column.why", language))
    for line in lines:
        suggested = "" if line.check.mandatory else f" ({common.importance(line.check, language)})"
        mark = Text(word("report.word.yes" if line.agree else "report.word.no", language))
        mark.stylize("" if line.agree else "bold red")
        cells = [
            Text(line.check.id),
            Text(line.check.category + suggested),
            _status(line.predicted),
            _status(line.observed),
            Text(line.evidence.answer.value, style=_COLOURS[line.evidence.answer.value])
            if line.evidence
            else Text("-"),
            mark,
        ]
        why = Text(common.reason(line, language))
        if line.change:
            why.append(f"\n→ {within(line.change, language)}", style="dim")
        table.add_row(*cells, *([why] if wide else []))
    out.print(table)
    for line in () if wide else lines:
        out.print(f"\n{line.check.id}: {common.reason(line, language)}", markup=False)
        if line.change:
            out.print(f"  → {within(line.change, language)}", style="dim", markup=False)


def _status(result: Result | None) -> Text:
    from rich.text import Text

    if result is None:
        return Text("-")
    return Text(result.status.value + ("*" if result.flaw else ""), style=_COLOURS[result.status.value])


def show_deviations(out: Console, found: Dossier, language: str) -> None:
    """Print the recorded deviations; nothing where there are none."""
    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import word

    if found.deviations:
        _title(out, word("report.section.deviations", language))
    for one in found.deviations:
        out.print(f"{one.check}: {common.because(one, language)}", markup=False)


def show_profile(out: Console, verdict: Verdict, language: str) -> None:
    """Print a verdict by another catalogue."""
    from haven_iac.compliance.formats import common
    from haven_iac.compliance.words import within, word

    _title(out, word(f"profile.{verdict.catalogue}.title", language))
    out.print(word(f"profile.{verdict.catalogue}.lead", language), style="dim", markup=False)
    for one in verdict.results:
        mark = common.status(one.status, language)
        out.print(
            f"{one.check.id} {common.label(one.check, language)}: {mark}: {within(one.reason, language)}", markup=False
        )
        if one.fix:
            out.print(f"  → {within(one.fix, language)}", style="dim", markup=False)


def show_changes(out: Console, before: Record | None, changed: Sequence[Changed], language: str) -> None:
    """Print what is not what it was."""
    from haven_iac.compliance.words import within, word

    out.print()
    if before is None:
        out.print(word("history.nobody", language))
        return
    day = str(before["at"]).replace("T", " ")[:16] + " UTC"
    out.print(word("history.since" if changed else "history.same", language, day=day), style="bold", markup=False)
    for one in changed:
        out.print(f"  {within(one.text, language)}", markup=False)


def show_history(out: Console, records: Sequence[Record], language: str) -> None:
    """Print each look, and what changed from the one before."""
    from haven_iac.compliance.history import changes
    from haven_iac.compliance.words import within, word

    if not records:
        out.print(word("history.nobody", language))
    for number, one in enumerate(records):
        seen = [str(check["observed"] or check["predicted"]).rstrip("!") for check in one["checks"].values()]
        counts = ", ".join(f"{seen.count(status)} {status}" for status in ("PASS", "FAIL", "NEEDS_EVIDENCE"))
        when = str(one["at"]).replace("T", " ")[:19]
        out.print(f"{when} UTC  {counts}", style="bold", markup=False)
        if number:
            for changed in changes(records[number - 1], one):
                out.print(f"  {within(changed.text, language)}", markup=False)

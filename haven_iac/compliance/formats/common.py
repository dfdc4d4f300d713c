"""What every report says alike: headings, counts, and the words for a result."""

from __future__ import annotations

from collections.abc import Iterable

from haven_iac.compliance.deviations import Deviation
from haven_iac.compliance.dossier import Dossier, Line
from haven_iac.compliance.evidence.model import Answer, Evidence
from haven_iac.compliance.model import Check, Status, Verdict
from haven_iac.compliance.words import known, within, word

SHOWN = 6
"""Objects that a report names before it counts the rest."""


def heading(found: Dossier, language: str) -> str:
    """Return what a report is, in one line."""
    parts = [word("report.heading.both" if found.observed else "report.heading.predicted", language)]
    if found.simulated:
        parts.append(word("report.heading.simulated", language))
    if found.sandbox:
        parts.append(word("report.heading.sandbox", language))
    return f"Haven {found.predicted.catalogue}: {', '.join(parts)}"


def summary(verdict: Verdict, language: str) -> str:
    """Return the counts of the mandatory checks of one verdict."""
    counts = {status: verdict.count(status) for status in Status}
    return word(
        "report.summary",
        language,
        total=sum(counts.values()),
        **{"pass": counts[Status.PASS], "fail": counts[Status.FAIL], "open": counts[Status.NEEDS_EVIDENCE]},
    )


def counted(evidence: Evidence, language: str) -> str:
    """Return the counts of one result of the checker."""
    answers = [one.answer for one in evidence.run.mandatory]
    yes, no = answers.count(Answer.YES), answers.count(Answer.NO)
    return word(
        "report.by_checker",
        language,
        version=evidence.run.version,
        total=len(answers),
        yes=yes,
        no=no,
        open=len(answers) - yes - no,
    )


def summaries(found: Dossier, language: str) -> list[str]:
    """Return the counts of everything that judged."""
    lines = [f"{word('report.column.predicted', language)}: {summary(found.predicted, language)}"]
    if found.observed:
        lines.append(f"{word('report.column.observed', language)}: {summary(found.observed, language)}")
    if found.proof.evidence:
        lines.append(counted(found.proof.evidence, language))
    return lines


def label(check: Check, language: str) -> str:
    """Return what a check is about; the checker's own words, and a translation where there is one."""
    key = f"checks.{check.id}.label"
    return word(key, language) if known(key, language) else within(check.label, language)


def rationale(check: Check, language: str) -> str:
    """Return why a check exists."""
    key = f"checks.{check.id}.rationale"
    return word(key, language) if known(key, language) else check.rationale


def expectation(check: Check, language: str) -> str:
    """Return what the checker is known to read, and how sure that is."""
    key = f"checks.{check.id}.reads"
    reads = word(key, language) if known(key, language) else check.reads
    sources = f"sources.{check.source}"
    return word(
        "report.word.expects",
        language,
        reads=reads,
        confidence=word(f"report.confidence.{check.confidence}", language),
        source=word(sources, language) if known(sources, language) else check.source,
    )


def importance(check: Check, language: str) -> str:
    """Return whether a check counts."""
    return word("report.word.mandatory" if check.mandatory else "report.word.suggested", language)


def answer(line: Line, language: str) -> str:
    """Return the checker's answer to one check."""
    if not line.evidence:
        return word("report.word.not_run", language)
    return word(f"answer.{line.evidence.answer.value}", language)


def status(one: Status, language: str) -> str:
    """Return a status in words."""
    return word(f"status.{one.value}", language)


def reason(line: Line, language: str) -> str:
    """Return why, and what was predicted where that says something else."""
    now = within(line.now.reason, language)
    if line.observed is None or (line.observed.status is line.predicted.status and not line.observed.flaw):
        return now
    other = word("report.word.predicted_reason", language, reason=within(line.predicted.reason, language))
    return f"{now} ({other})"


def because(one: Deviation, language: str) -> str:
    """Return who answers for a deviation, until when, and why."""
    key = "report.word.because_ended" if one.ended else "report.word.because"
    return word(key, language, owner=one.owner, until=one.until, reason=" ".join(one.reason.split()))


def objects(found: Iterable[str], language: str) -> str:
    """Return the objects that something rests on, the first few by name."""
    names = list(found)
    rest = len(names) - SHOWN
    more = [word("report.more", language, n=rest)] if rest > 0 else []
    return ", ".join([*names[:SHOWN], *more])


def source(one: Evidence, language: str) -> str:
    """Return where a result of the checker came from."""
    parts = [word(f"report.word.source_{one.source.value}", language)]
    if one.binary:
        parts.append(word("report.word.binary", language, name=one.binary.name, hash=one.binary.sha256[:12]))
        listed = one.binary.listed
        parts.append(
            word("report.word.listed", language, entry=listed) if listed else word("report.word.unlisted", language)
        )
    if one.host:
        parts.append(one.host)
    return ", ".join(parts)


def facts(found: Dossier, language: str) -> dict[str, str]:
    """Return what a report rests on, by name."""
    about = found.about
    rows = {
        "cluster": about.cluster,
        "stack": about.stack,
        "made": f"{about.made:%Y-%m-%d %H:%M} UTC",
        "cloud": about.cloud,
        "kubernetes": about.kubernetes,
        "program": about.program,
        "list": found.predicted.catalogue,
        "spec": about.spec,
        "identity": about.identity or word("report.word.nobody", language),
    }
    return {word(f"report.about.{name}", language): value for name, value in rows.items()}

"""Reports for people and machines: one file each, in one language each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from haven_iac.compliance.dossier import Dossier
from haven_iac.errors import ReportError


def _html(found: Dossier, language: str) -> str:
    from haven_iac.compliance.formats.page import page

    return page(found, language)


def _markdown(found: Dossier, language: str) -> str:
    from haven_iac.compliance.formats.markdown import markdown

    return markdown(found, language)


def _json(found: Dossier, language: str) -> str:
    from haven_iac.compliance.formats.plain import text

    return text(found, language)


def _sarif(found: Dossier, language: str) -> str:
    from haven_iac.compliance.formats.sarif import sarif

    return sarif(found, language)


def _junit(found: Dossier, language: str) -> str:
    from haven_iac.compliance.formats.junit import junit

    return junit(found, language)


KINDS: Mapping[str, Callable[[Dossier, str], str]] = {
    ".html": _html,
    ".md": _markdown,
    ".json": _json,
    ".sarif": _sarif,
    ".xml": _junit,
}
"""By how the name of a file ends: a page, Markdown, JSON, SARIF and JUnit."""


def kind(file: Path) -> str:
    """Return the kind of report that a file's name asks for.

    Raises:
        ReportError: there is none.
    """
    if file.suffix.lower() not in KINDS:
        fix = f"let its name end in {', '.join(KINDS)}"
        raise ReportError(f"{file} names no kind of report", fix=fix)
    return file.suffix.lower()


def render(found: Dossier, suffix: str, language: str) -> str:
    """Return one report.

    Args:
        found: what it is about.
        suffix: its kind, a key of `KINDS`.
        language: en or nl.
    """
    return KINDS[suffix](found, language)

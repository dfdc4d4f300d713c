"""Sentences that can be said in more than one language; what they say stands in `lang/<language>.yaml`.

A sentence is text, in English, that remembers how it was made; `within` says it again in another language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from haven_iac.errors import ReportError

LANGUAGES = ("en", "nl")
DEFAULT = "en"

_FOLDER = Path(__file__).parent / "lang"

Values = Mapping[str, Any]
"""What is put into a sentence: text, numbers, other sentences, or tuples of those, which become a list with commas."""


class Said(str):
    """A sentence in English that can be said in another language too."""

    __slots__ = ("key", "values")

    key: str
    """Where it stands in the files, as `rules.multiaz.enough`."""
    values: Values


def said(key: str, **values: Any) -> Said:
    """Return a sentence.

    Args:
        key: where it stands in the files.
        values: what is put into it; `n` decides between one and more.

    Raises:
        KeyError: there is no such sentence.
    """
    sentence = Said(_render(key, values, DEFAULT))
    sentence.key, sentence.values = key, values
    return sentence


def within(text: object, language: str) -> str:
    """Return a sentence in a language; any other text as it is."""
    if isinstance(text, Said):
        return _render(text.key, text.values, language)
    if isinstance(text, tuple):
        return ", ".join(within(one, language) for one in text)
    return str(text)


def word(key: str, language: str = DEFAULT, **values: Any) -> str:
    """Return what stands in the file of a language under a key.

    Raises:
        KeyError: nothing does.
    """
    return _render(key, values, language)


def known(key: str, language: str = DEFAULT) -> bool:
    """Return whether something stands under a key."""
    return key in sentences(language)


def checked(language: str) -> str:
    """Return a language that there is.

    Raises:
        ReportError: there is none of that name.
    """
    if language not in LANGUAGES:
        raise ReportError(f"there are no reports in {language[:20]!r}", fix=f"write one of {', '.join(LANGUAGES)}")
    return language


def _render(key: str, values: Values, language: str) -> str:
    found = sentences(language)[key]
    form = found if isinstance(found, str) else found["one" if values.get("n") == 1 else "other"]
    if not values:
        return form
    return form.format(**{name: within(value, language) for name, value in values.items()})


@lru_cache(maxsize=len(LANGUAGES))
def sentences(language: str) -> Mapping[str, str | dict[str, str]]:
    """Return every sentence of a language by its dotted key: text, or text for one and for other numbers."""
    import yaml

    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, str | dict[str, str]] = {}
    for name in (f"{language}.yaml", f"bio2.{language}.yaml"):
        raw = (_FOLDER / name).read_bytes()
        _flatten(yaml.load(raw, Loader=loader), "", found)  # noqa: S506 - it is the safe loader, in C where there is one
    return found


def _flatten(value: Mapping[str, Any], prefix: str, found: dict[str, str | dict[str, str]]) -> None:
    for key, inner in value.items():
        if isinstance(inner, dict) and set(inner) != {"one", "other"}:
            _flatten(inner, f"{prefix}{key}.", found)
        else:
            found[f"{prefix}{key}"] = inner

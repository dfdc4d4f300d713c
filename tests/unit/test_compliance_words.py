"""Sentences in two languages: the same ones, with the same holes in them."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import asdict
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from haven_iac.compliance import catalogue, words
from haven_iac.compliance.predict import predict
from haven_iac.compliance.words import said, sentences, within, word
from haven_iac.errors import ComplianceError
from tests.mutations import MUTATIONS, TODAY, plan

ONLY_DUTCH = ("checks.", "sources.")
"""What the catalogue says in English already."""
SOURCE = Path(words.__file__).parent


def holes(form: Any) -> set[str]:
    texts = form.values() if isinstance(form, dict) else [form]
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_with_the_same_holes() -> None:
    english = sentences("en")
    dutch = {key: form for key, form in sentences("nl").items() if not key.startswith(ONLY_DUTCH)}
    assert set(english) == set(dutch)
    assert {key: holes(form) for key, form in english.items()} == {key: holes(form) for key, form in dutch.items()}
    assert {key for key, form in english.items() if isinstance(form, dict)} == {
        key for key, form in dutch.items() if isinstance(form, dict)
    }


def test_every_check_and_every_source_is_there_in_dutch() -> None:
    checks = {check.id: check for one in catalogue.lists() for check in one.checks}
    for check in checks.values():
        for part in ("label", "rationale", "reads"):
            assert word(f"checks.{check.id}.{part}", "nl")
        assert word(f"sources.{check.source}", "nl")


def test_every_sentence_that_the_code_names_is_there_and_no_other() -> None:
    code = "\n".join(file.read_text() for file in SOURCE.parent.rglob("*.py"))
    named = set(re.findall(r'(?:said|word)\(\s*f?"([a-z_]+(?:\.[\w{}.\[\]\' ]+)+)"', code))
    known = set(sentences("en"))
    for key in named:
        pattern = re.sub(r"\\\{.*?\\\}", "[\\\\w .-]*", re.escape(key))
        assert any(re.fullmatch(pattern, one) for one in known), key
    patterns = [re.sub(r"\\\{.*?\\\}", "[\\\\w .-]*", re.escape(key)) for key in named]
    indirect = ("drawing.", "finding.", "history.", "rules.present.", "report.section.", "report.column.", "status.")
    unused = [key for key in known if not any(re.fullmatch(one, key) for one in patterns)]
    literal = [key for key in unused if f'"{key}"' not in code and not key.startswith(indirect)]
    assert [key for key in literal if not key.startswith(("rules.", "report.heading", "bio2."))] == []


def test_only_the_proof_says_the_word() -> None:
    for language in words.LANGUAGES:
        found = [key for key, form in sentences(language).items() if "compliant" in str(form).lower()]
        assert found == ["proof.proven"]
        assert not [key for key, form in sentences(language).items() if "voldoet" in str(form).lower()]


def test_a_sentence_is_said_again_in_another_language_with_everything_in_it() -> None:
    few = said("rules.hamasters.few", count=said("count.server", n=1), needed=3)
    assert few == "1 server, and 3 are needed"
    assert within(few, "nl") == "1 server, en 3 zijn nodig"
    many = said("rules.kubernetesversion.fine", minor="1.35", newest="1.37", lag=said("count.minor", n=2))
    assert within(many, "nl") == "1.35 loopt 2 minor-versies achter op 1.37"
    assert within(("a", said("count.none")), "nl") == "a, geen"
    assert within("as it is", "nl") == "as it is"


def test_what_is_put_in_cannot_put_in_more() -> None:
    hostile = said("rules.nodehardening.soft", images=("{count}", "%s", "{0.__class__}"))
    assert hostile == "{count}, %s, {0.__class__} was seen to fail"
    assert "{0.__class__}" in within(hostile, "nl")


def test_a_sentence_survives_being_copied() -> None:
    one = said("rules.hamasters.few", count=said("count.server", n=1), needed=3)
    for copied in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert within(copied, "nl") == "1 server, en 3 zijn nodig"


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_verdict_can_be_said_in_dutch(name: str) -> None:
    verdict = predict(plan(**MUTATIONS[name][0]), TODAY)
    for result in verdict.results:
        assert within(result.reason, "nl")
        if result.fix and ":" not in result.fix:
            assert within(result.fix, "nl") != result.fix
    assert asdict(verdict)


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(ComplianceError, match="one of en, nl"):
        words.checked("de")
    with pytest.raises(KeyError):
        said("nothing.of.the.kind")

"""Results of the checker are read, and refused where they contradict themselves.  All of them are fixtures."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven_iac.compliance import catalogue
from haven_iac.compliance.evidence import objects
from haven_iac.compliance.evidence.model import Answer, Source
from haven_iac.compliance.evidence.parse import MOST, parse
from haven_iac.errors import EvidenceError
from tests.checker_fixtures import ENDED, NOW, compliancy, raw, result

FOLDER = Path(__file__).parents[1] / "golden" / "checker"
BAD = sorted((FOLDER / "bad").glob("*.json"))


def read(name: str) -> Any:
    return parse((FOLDER / name).read_bytes(), name, NOW)


def test_a_result_of_12_8_is_read() -> None:
    run = read("12.8-all-yes.json")
    assert (run.version, run.list.name, run.newer) == ("12.8.0", "12.8", False)
    assert len(run.mandatory) == 15
    assert {one.answer for one in run.mandatory} == {Answer.YES}
    assert [one.id for one in run.answers] == [check.id for check in catalogue.checks()]
    assert run.ended == ENDED.replace(microsecond=123456)
    assert run.config == {"cncf": "True", "cis": "False", "kesc": "False"}
    assert run.strange == ()


def test_a_result_with_no_and_unknown_is_read() -> None:
    run = read("12.8-some-no.json")
    assert {one.id: one.answer for one in run.mandatory if one.answer is not Answer.YES} == {
        "multiaz": Answer.NO,
        "logs": Answer.NO,
        "cncf": Answer.UNKNOWN,
    }


def test_results_with_the_sixteen_checks_are_read() -> None:
    for name in ("16-checks-all-yes.json", "16-checks-one-no.json"):
        run = read(name)
        assert run.list.name == catalogue.EARLIER
        assert len(run.mandatory) == 16
        assert run.answer("basicauth")
        assert {one.category for one in run.answers} >= {"Deployment"}


def test_a_check_is_known_by_its_label_when_its_name_is_another() -> None:
    document = result(version="v10.0.0", name=catalogue.EARLIER)
    one = next(one for one in document["CompliancyChecks"]["Results"] if one["Name"] == "basicauth")
    one["Name"] = "basicauthdisabled"
    assert parse(json.dumps(document).encode(), "x", NOW).answer("basicauth")


def test_a_check_that_nobody_knows_is_kept() -> None:
    run = read("newer-with-a-new-check.json")
    assert run.newer
    assert [(one.id, one.answer, one.known) for one in run.strange] == [("oidc", Answer.YES, False)]


def test_a_newer_checker_may_have_dropped_checks() -> None:
    document = result(version="13.0.0")
    document["CompliancyChecks"]["Results"] = document["CompliancyChecks"]["Results"][:-1]
    document["CompliancyChecks"]["Summary"] |= {"Total": 14, "Passed": 14}
    assert len(parse(json.dumps(document).encode(), "x", NOW).mandatory) == 14


def test_an_object_in_the_cluster_is_read() -> None:
    found = json.loads((FOLDER / "compliancy-object.json").read_text())
    [one], bad = objects.read([found], "uid-1", NOW)
    assert bad == []
    assert (one.source, one.cluster, one.host) == (Source.CLUSTER, "uid-1", "https://192.0.2.10:6443")
    assert (one.run.version, len(one.run.mandatory), one.name) == ("12.8.0", 15, "Compliancy/run-1")
    assert one.run.ended == ENDED.replace(microsecond=123456)


def test_objects_that_cannot_be_used_are_told_from_those_that_can() -> None:
    forged = compliancy("forged")
    forged["spec"]["output"]["compliancyChecks"]["results"][0]["result"] = "NO"
    denied = compliancy("denied", answers={"multiaz": "NO"})
    denied["spec"]["compliant"] = True
    whole = compliancy("whole")
    whole["spec"]["output"] = json.dumps(whole["spec"]["output"])
    older = compliancy("older", ended=datetime(2026, 9, 1, tzinfo=UTC))
    found = [{"metadata": {"name": "empty"}, "spec": {}}, {"metadata": {}}, forged, older, denied, whole]
    good, bad = objects.read(found, "", NOW)
    assert [one.name for one in good] == ["Compliancy/whole", "Compliancy/older"]
    assert len(bad) == 4
    assert all("Compliancy/" in str(error) for error in bad)


def test_there_is_enough_that_is_bad() -> None:
    kinds = {case.stem.partition("-")[0] for case in BAD}
    assert kinds == {"forged", "truncated", "older", "newer", "not"}
    assert len(BAD) >= 25


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_what_cannot_be_true_is_refused_with_a_clear_error(case: Path) -> None:
    with pytest.raises(EvidenceError) as found:
        parse(case.read_bytes(), case.name, NOW)
    text = f"{found.value.what}\n{found.value}\n"
    assert all(problem.fix for problem in found.value.problems)
    assert text.replace("\n", "").isprintable()
    golden = case.with_suffix(".txt")
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_what_is_huge_is_refused_before_it_is_read() -> None:
    with pytest.raises(EvidenceError, match=r"has \d+ bytes, and a result of the checker has some ten thousand"):
        parse(b" " * (MOST + 1), "huge.json", NOW)
    with pytest.raises(EvidenceError, match="a nesting that no checker writes"):
        parse(b"[" * 200_000, "deep.json", NOW)
    with pytest.raises(EvidenceError, match="a number or a nesting"):
        parse(b'{"a": ' + b"9" * 5000 + b"}", "long.json", NOW)
    many = result(extra={f"check-{n}": "YES" for n in range(600)})
    with pytest.raises(EvidenceError, match="has 615 results, and 500 is the most"):
        parse(json.dumps(many).encode(), "many.json", NOW)
    with pytest.raises(EvidenceError, match="not in UTF-8"):
        parse(b"\xff\xfe{}", "x", NOW)


def test_a_byte_order_mark_and_long_texts_do_no_harm() -> None:
    assert parse(b"\xef\xbb\xbf" + raw(), "x", NOW).version == "12.8.0"
    document = result()
    document["CompliancyChecks"]["Results"][0]["Label"] = "x" * 100_000 + "\x1b[31m"
    assert len(parse(json.dumps(document).encode(), "x", NOW).answers[0].label) == 300


leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*result(), "Results", "Summary", "Name", "Result", "Total", "x"]), inner, max_size=6
        )
    ),
    max_leaves=20,
)


@given(documents)
def test_whatever_is_given_is_either_read_or_refused(document: Any) -> None:
    with pytest.raises(EvidenceError) as found:
        parse(json.dumps(document).encode(), "x", NOW)
    assert found.value.problems


@given(st.sampled_from(range(17)), st.sampled_from(["YES", "NO", "SKIPPED", "UNKNOWN", "yes", ""]))
def test_no_single_answer_can_be_changed_unseen(index: int, answer: str) -> None:
    document = result()
    everything = [*document["CompliancyChecks"]["Results"], *document["SuggestedChecks"]["Results"]]
    if everything[index]["Result"] == answer:
        return
    everything[index]["Result"] = answer
    mandatory = index < 15
    if mandatory or answer not in list(Answer):
        with pytest.raises(EvidenceError):
            parse(json.dumps(document).encode(), "x", NOW)

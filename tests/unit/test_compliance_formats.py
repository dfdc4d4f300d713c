"""Reports: whole, in their shape, escaped, and without the word unless there is evidence."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from haven_iac.compliance.dossier import Dossier
from haven_iac.compliance.formats import KINDS, kind, plain, render
from haven_iac.compliance.model import Fact, Look
from haven_iac.compliance.subject import of_plan
from haven_iac.compliance.words import LANGUAGES, said
from haven_iac.errors import ComplianceError
from tests.checker_fixtures import ENDED
from tests.dossiers import FACTS, broken, dossier, evidence, real, seen
from tests.mutations import TODAY, plan, zones

DEVIATIONS = {
    "multiaz": {"owner": "CISO", "reason": "one site until 2027", "until": "2027-06-30"},
    "logs": {"owner": "platform", "reason": "over", "until": "2026-06-30"},
}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`|*_[x](javascript:x)&amp;\x1b[31m]]>"


def explained() -> Dossier:
    made = real(plan(**zones("az1"), compliance={"deviations": DEVIATIONS}))
    old = evidence(ended=ENDED - timedelta(days=40))
    return dossier(
        evidence(answers={"multiaz": "NO", "cncf": "UNKNOWN"}), old, made=made, observed=broken(made), security=FACTS
    )


def hostile() -> Dossier:
    made = real(plan(compliance={"deviations": {"logs": {**DEVIATIONS["logs"], "owner": "o", "reason": HOSTILE}}}))
    nodes = tuple(replace(one, name=HOSTILE, os_image=HOSTILE, zone=HOSTILE) for one in of_plan(made).nodes)
    strange = evidence(version="13.0.0", extra={HOSTILE[:90]: "YES"})
    facts = (
        Fact(
            "images",
            Look.ATTENTION,
            said("security.images.loose", names=(HOSTILE,), n=1, digests=0, registries=(HOSTILE,)),
        ),
    )
    return dossier(
        strange,
        made=made,
        observed=seen(made, nodes=nodes, log_collector=()),
        security=facts,
        about={"cluster": HOSTILE, "stack": HOSTILE, "cloud": HOSTILE, "identity": "uid-1"},
    )


DOSSIERS: dict[str, Any] = {
    "predicted only": lambda: dossier(made=plan(), observed=None, about={"identity": ""}),
    "simulated": lambda: dossier(made=plan(), observed=seen(plan()), security=FACTS),
    "broken": lambda: dossier(observed=broken(real(plan()))),
    "with deviations and a NO": explained,
    "a sandbox": lambda: dossier(evidence(), made=real(plan(compliance={"profile": "sandbox"}))),
    "expired": lambda: dossier(evidence(), today=TODAY + timedelta(days=120)),
    "simulated with evidence": lambda: dossier(evidence(), made=plan(), observed=seen(plan())),
    "contradicted": lambda: dossier(evidence(), observed=broken(real(plan()))),
    "skipped": lambda: dossier(evidence(answers={"cncf": "SKIPPED"})),
    "of another cluster": lambda: dossier(evidence(cluster="uid-2")),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("name", DOSSIERS)
def test_no_report_says_the_word_without_evidence(name: str, suffix: str, language: str) -> None:
    text = render(DOSSIERS[name](), suffix, language)
    assert len(text) > 1000
    assert "compliant" not in text.lower()
    assert "voldoet" not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("suffix", KINDS)
def test_with_evidence_the_word_is_said_with_version_and_day(suffix: str, language: str) -> None:
    text = render(dossier(evidence()), suffix, language)
    if suffix == ".xml":
        assert "compliant" not in text.lower()  # it has no place for it
        return
    assert len(re.findall("compliant", text, re.IGNORECASE)) == 1
    assert re.search(r"(?i)haven.compliant, .{5,60} 12\.8\.0 .{2,3} 2026-11-30", text.replace("\\", ""))


def test_a_rehearsal_says_so_in_every_report_and_language() -> None:
    for suffix in KINDS:
        for language, word in (("en", "SIMULATED"), ("nl", "GESIMULEERD")):
            assert word in render(DOSSIERS["simulated"](), suffix, language)
    for suffix in KINDS:
        assert "SANDBOX" in render(DOSSIERS["a sandbox"](), suffix, "nl")


@pytest.mark.parametrize("name", [*DOSSIERS, "proven", "hostile"])
def test_the_json_has_the_published_shape(name: str) -> None:
    made = {**DOSSIERS, "proven": lambda: dossier(evidence(), security=FACTS), "hostile": hostile}
    schema = plain.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for language in LANGUAGES:
        document = json.loads(render(made[name](), ".json", language))
        jsonschema.validate(document, schema, format_checker=jsonschema.FormatChecker())
        assert document["schema"] == schema["properties"]["schema"]["const"] == plain.SCHEMA


def test_the_json_tells_an_auditor_everything_about_a_check() -> None:
    document = plain.document(explained())
    one = next(one for one in document["checks"] if one["id"] == "multiaz")
    assert one["predicted"]["status"] == one["observed"]["status"] == "FAIL"
    assert (one["evidence"], one["deviation"]["owner"]) == ("NO", "CISO")
    assert one["edits"] == [{"path": ["cloud", "zones"], "value": None, "command": ""}]
    assert "topology.kubernetes.io/zone" in one["expectation"]
    assert document["disagreements"] == ["rwxvolumes", "logs"]
    assert (document["proof"]["state"], document["proof"]["checker"]) == ("denied", "12.8.0")
    assert len(document["evidence"]) == 2
    assert document["data"]["kubernetes"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag not in ("meta", "br"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


PLAIN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "footer"),
    *("h1", "h2", "h3", "p", "div", "span", "b", "em", "i", "strong", "code", "small", "ul", "li", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "g", "rect", "circle", "text"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [hostile, explained], ids=["hostile", "explained"])
def test_the_page_holds_nothing_that_runs_or_is_fetched(make: Any, language: str) -> None:
    text = render(make(), ".html", language)
    page = _Tags()
    page.feed(text)
    assert page.stack == []
    assert page.tags <= PLAIN_TAGS
    assert {key for key, _ in page.attributes if key.startswith("on") or key in ("src", "href", "style")} == set()
    assert "default-src 'none'" in text
    assert f'<html lang="{language}">' in text
    assert "@import" not in text
    assert "url(" not in text


def test_hostile_names_are_shown_as_they_are() -> None:
    page = _Tags()
    page.feed(render(hostile(), ".html", "en"))
    shown = "".join(page.text)
    assert "</script><script>alert(1)</script>" in shown
    assert "onerror=alert(1)" in shown


def test_markdown_escapes_what_is_markup() -> None:
    text = render(hostile(), ".md", "en")
    assert "<script" not in text
    assert "](javascript" not in text
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    cells = {len(re.split(r"(?<!\\)\|", line)) for line in rows if "havenversion" in line or "nodehardening" in line}
    assert cells == {8}


def test_sarif_points_at_the_description_and_suppresses_nothing() -> None:
    places = {"": ("stacks/Pulumi.local.yaml", 2), "multiaz": ("stacks/Pulumi.local.yaml", 7)}
    found = explained()
    found = replace(found, about=replace(found.about, places=places))
    log = json.loads(render(found, ".sarif", "en"))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= rules
    by_rule = {(result["ruleId"], result["level"]): result for result in run["results"]}
    failing = by_rule[("haven/multiaz", "error")]
    assert failing["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert failing["properties"]["deviation"]["owner"] == "CISO"
    assert "CISO answers for it until 2027-06-30" in failing["message"]["text"]
    assert not any("suppressions" in result for result in run["results"])
    assert ("haven/cncf", "note") in by_rule
    assert ("haven/rwxvolumes", "warning") in by_rule
    assert ("security/administrators", "warning") in by_rule
    assert all(result["message"]["text"] for result in run["results"])


def test_sarif_of_a_stack_without_a_file_has_no_places() -> None:
    log = json.loads(render(explained(), ".sarif", "nl"))
    assert not any("locations" in result for result in log["runs"][0]["results"])


def test_junit_counts_what_it_holds() -> None:
    for make in (explained, hostile, DOSSIERS["predicted only"]):
        root = ElementTree.fromstring(render(make(), ".xml", "en"))
        suites = root.findall("testsuite")
        for suite in suites:
            cases = suite.findall("testcase")
            assert int(suite.attrib["tests"]) == len(cases)
            assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
            assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        assert int(root.attrib["tests"]) == sum(int(suite.attrib["tests"]) for suite in suites)
    root = ElementTree.fromstring(render(explained(), ".xml", "en"))
    failing = [case.attrib["name"].split(":")[0] for case in root.findall("testsuite[1]/testcase[failure]")]
    assert failing == ["multiaz"]
    assert [suite.attrib["name"].split(".")[1] for suite in root] == [
        *("predicted", "observed", "evidence", "agree", "security")
    ]


def test_a_file_name_says_which_report_it_is() -> None:
    assert {kind(Path(f"x{suffix.upper()}")) for suffix in KINDS} == set(KINDS)
    with pytest.raises(ComplianceError, match=r"let its name end in \.html"):
        kind(Path("x.pdf"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_report_names_every_check_version_date_and_hash(language: str) -> None:
    found = explained()
    for suffix in (".html", ".md", ".json"):
        text = render(found, suffix, language)
        for line in found.lines:
            assert line.check.id in text
        for part in (found.about.spec, "0.1.0", "12.8.0", found.evidence[0].sha256, "2027-06-30", "CISO"):
            assert part in text, part

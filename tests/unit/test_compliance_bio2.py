"""BIO2: what a description, and a live cluster, show of each measure; the organisation's own part stands beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from haven_iac.compliance.bio2 import RULES, judge, measures
from haven_iac.compliance.formats import KINDS, render
from haven_iac.compliance.live import Documents
from haven_iac.compliance.model import Basis, Fact, Look, Status
from haven_iac.compliance.profiles import judged
from haven_iac.compliance.words import LANGUAGES, within
from haven_iac.errors import ComplianceError
from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.describe import at
from tests.dossiers import dossier, real
from tests.mutations import FAIL, NEEDS_EVIDENCE, PASS, TODAY, off, plan, version

LIVE = Documents(version={}, groups=frozenset(), nodes=[], classes=[], workloads={}, admin=True)
OIDC = {"identity": {"oidc": {"issuer": "https://login.proef.test", "clientId": "haven"}}}
ACME = {"issuer": "acme", "email": "beheer@proef.test"}
EAB = {**ACME, "eab": {"keyId": "1", "secret": "eab"}}
STORE = {"endpoint": "https://s3.elders.test"}


def ingress(**certificates: Any) -> dict[str, Any]:
    return {"ingress": {"domain": "apps.proef.test", "certificates": certificates}}


def fact(name: str, look: Look) -> Fact:
    return Fact(name, look, "as it was seen", objects=(f"seen/{name}",))


BAD = {name: fact(name, Look.ATTENTION) for name in ("audit", "encryption", "anonymous", "networkpolicies")}
CASES: list[tuple[str, str, Status, dict[str, Any], list[Fact]]] = [
    ("5.14.01", "from outside only", NEEDS_EVIDENCE, {}, []),
    ("5.14.02", "an authority of its own", NEEDS_EVIDENCE, {}, []),
    ("5.14.02", "domain-validated", NEEDS_EVIDENCE, ingress(**ACME), []),
    ("5.14.02", "organisation-validated", PASS, ingress(**EAB), []),
    ("5.14.02", "PKIoverheid", PASS, ingress(issuer="supplied", secret="chain"), []),
    ("5.17.01", "certificates only", FAIL, {}, []),
    ("5.17.01", "an identity provider", NEEDS_EVIDENCE, OIDC, []),
    ("5.18.01", "audit log and collector", PASS, {}, []),
    ("5.18.01", "no audit log seen", FAIL, {}, [BAD["audit"]]),
    ("5.18.01", "no collector", FAIL, off("log-collector"), []),
    ("5.18.02", "nobody looked", NEEDS_EVIDENCE, {}, []),
    ("5.18.02", "somebody looked", NEEDS_EVIDENCE, {}, [fact("administrators", Look.ATTENTION)]),
    ("5.23.01", "always", NEEDS_EVIDENCE, {}, []),
    ("5.28.01", "a year", NEEDS_EVIDENCE, {}, []),
    ("5.28.01", "three years", PASS, {"logs": {"auditRetention": "3y"}}, []),
    ("8.02.01", "always", NEEDS_EVIDENCE, {}, []),
    ("8.08.01", "in the window", NEEDS_EVIDENCE, {}, []),
    ("8.08.04", "by hand", NEEDS_EVIDENCE, {}, []),
    ("8.13.01", "backups", NEEDS_EVIDENCE, {}, []),
    ("8.13.01", "none", FAIL, {"backup": {"enabled": False}}, []),
    ("8.13.02", "none", FAIL, {"backup": {"enabled": False}}, []),
    ("8.13.02", "a schedule", NEEDS_EVIDENCE, {}, []),
    ("8.13.03", "none", FAIL, {"backup": {"enabled": False}}, []),
    ("8.13.03", "the same cloud", NEEDS_EVIDENCE, {}, []),
    ("8.13.03", "elsewhere", PASS, {"backup": {"objectStore": STORE}}, []),
    ("8.13.04", "none", FAIL, {"backup": {"enabled": False}}, []),
    ("8.13.04", "backups", NEEDS_EVIDENCE, {}, []),
    ("8.15.01", "planned", PASS, version("1.36", "k3s"), []),
    ("8.15.01", "seen to be off", FAIL, {}, [BAD["audit"]]),
    ("8.15.04", "kept", NEEDS_EVIDENCE, {}, []),
    ("8.15.04", "not kept", FAIL, {"logs": {"enabled": False}}, []),
    ("8.15.05", "in the cluster only", FAIL, {}, []),
    ("8.15.05", "in a bucket", NEEDS_EVIDENCE, {"logs": {"bucket": "logs"}}, []),
    ("8.15.05", "a SIEM", NEEDS_EVIDENCE, {"logs": {"forward": "https://siem.test/otlp"}}, []),
    ("8.15.06", "always", NEEDS_EVIDENCE, {}, []),
    ("8.16.04", "always", NEEDS_EVIDENCE, {}, []),
    ("8.18.02", "a year", PASS, {}, [fact("audit", Look.OK)]),
    ("8.18.02", "a month", FAIL, {"logs": {"auditRetention": "30d"}}, []),
    ("8.18.02", "not kept", FAIL, {"logs": {"enabled": False}}, []),
    ("8.20.02", "open to everybody", FAIL, {}, []),
    ("8.20.02", "a range", PASS, {"network": {"apiAllowedCidrs": ["192.0.2.0/24"]}}, []),
    (
        "8.20.02",
        "a range, and open inside",
        FAIL,
        {"network": {"apiAllowedCidrs": ["192.0.2.0/24"]}},
        [BAD["anonymous"]],
    ),
    ("8.21.02", "nothing", NEEDS_EVIDENCE, {}, []),
    ("8.21.02", "a SIEM", NEEDS_EVIDENCE, {"logs": {"forward": "https://siem.test/otlp"}}, []),
    ("8.22.01", "denied", NEEDS_EVIDENCE, {}, []),
    ("8.22.01", "open", FAIL, {"policy": {"defaultDeny": False}}, []),
    ("8.22.01", "seen to be open", FAIL, {}, [BAD["networkpolicies"]]),
    ("8.24.04", "planned", NEEDS_EVIDENCE, {}, []),
    ("8.24.04", "seen", NEEDS_EVIDENCE, {}, [fact("encryption", Look.OK)]),
    ("8.24.04", "seen to be missing", FAIL, {}, [BAD["encryption"]]),
    ("8.24.04", "not to be seen", NEEDS_EVIDENCE, {}, [fact("encryption", Look.UNKNOWN)]),
    ("8.31.02", "always", NEEDS_EVIDENCE, {}, []),
    ("8.32.01", "advisory", NEEDS_EVIDENCE, {}, []),
    ("8.32.01", "mandatory", NEEDS_EVIDENCE, {"compliance": {"enforce": "mandatory"}}, []),
]


@pytest.mark.parametrize(
    ("measure", "what", "status", "changes", "facts"), CASES, ids=[f"{case[0]}: {case[1]}" for case in CASES]
)
def test_a_measure_comes_to(
    measure: str, what: str, status: Status, changes: dict[str, Any], facts: list[Fact]
) -> None:
    verdict = judge(plan(**changes), facts, LIVE if facts else None, TODAY)
    found = verdict.result(measure)
    assert found.status is status, found.reason
    assert bool(found.fix) is (status is not PASS)
    for language in LANGUAGES:
        assert within(found.reason, language)


def test_a_control_plane_of_somebody_else_is_not_taken_for_granted() -> None:
    made = plan()
    managed = replace(made, facts=replace(made.facts, managed_control_plane=True))
    verdict = judge(managed, [], None, TODAY)
    for measure in ("5.18.01", "8.15.01", "8.18.02", "8.24.04"):
        assert verdict.result(measure).status is NEEDS_EVIDENCE


def test_every_measure_has_a_rule_a_duty_and_a_place_in_the_description() -> None:
    assert [one.id for one in measures()] == list(RULES) == sorted(RULES)
    assert {case[0] for case in CASES} == set(RULES)
    for one in measures():
        assert one.label
        assert one.duty
        assert within(one.duty, "nl") != one.duty
        for path in one.spec:
            assert at(ClusterSpec, tuple(path.split("."))) is not None, path


def test_what_was_looked_at_is_told_from_what_was_planned() -> None:
    assert judge(plan(), [], None, TODAY).basis is Basis.PREDICTED
    assert judge(plan(), [BAD["audit"]], LIVE, TODAY).basis is Basis.OBSERVED


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_show_measures_with_their_duty_and_never_the_word(language: str) -> None:
    made = real(plan())
    found = dossier(made=made, profiles=judged(["bio2", "bio2"], made, [], None, TODAY))
    assert len(found.profiles) == 1
    for suffix in KINDS:
        text = render(found, suffix, language)
        assert "compliant" not in text.lower()
        if suffix in (".html", ".md", ".json"):
            for one in measures():
                assert one.id in text


def test_a_catalogue_that_there_is_not_is_refused() -> None:
    with pytest.raises(ComplianceError, match="known are bio2"):
        judged(["iso"], plan(), [], None, TODAY)

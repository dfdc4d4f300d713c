"""A run that failed: the chart, the object, what the cluster says, and the way on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from haven_iac.clouds.base import SILENT_API, Explained
from haven_iac.deploy import failures
from haven_iac.deploy.failures import AGAIN, Subject, failed, last_events, subject, way_on
from haven_iac.deploy.tracker import Failure, Tracker
from tests.unit.test_platform_namespaces import planned

STACK = "urn:pulumi:proef::haven::"
ADD_ON = f"{STACK}haven:index:HavenCluster$haven:index:Platform$haven:index:AddOn"
CHART = f"{ADD_ON}$kubernetes:helm.sh/v4:Chart"
SERVICE = f"{CHART}$kubernetes:core/v1:Service::traefik:gateway/traefik"
ISSUER = f"{ADD_ON}$kubernetes:cert-manager.io/v1:ClusterIssuer::proef-platform-certificates-self-signed"


class Quiet:
    def phase(self, name: str) -> None: ...

    def moved(self, tracker: Tracker) -> None: ...

    def note(self, text: str) -> None: ...


class Events:
    """A cluster that has something to say."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self._events = list(events)

    def items(self, path: str) -> list[Mapping[str, Any]]:
        assert path == "/api/v1/namespaces/gateway/events"
        return self._events


def event(kind: str, name: str, reason: str, minute: int, type_: str = "Warning") -> dict[str, Any]:
    moment = f"2026-11-24T10:{minute:02}:00Z"
    whom = {"kind": kind, "name": name}
    said = {"type": type_, "reason": reason, "message": "no\n room", "lastTimestamp": moment}
    return {"metadata": {}, "involvedObject": whom, **said}


def tracker(urn: str, message: str, phase: str) -> Tracker:
    made = Tracker(Quiet())
    made.failures.append(Failure(urn, message))
    made._parents = {urn: f"{ADD_ON}::proef-platform-{phase}"}
    return made


def test_a_release_that_fails_names_its_chart_the_object_and_the_way_on() -> None:
    error = failed("update", tracker(SERVICE, "timed out waiting for an address", "gateway"), planned())
    [problem] = error.problems
    assert problem.path == "platform: gateway"
    assert problem.what.startswith("release traefik (chart traefik ")
    assert "Service gateway/traefik: timed out" in problem.what
    assert "kubectl describe" in problem.fix
    assert problem.fix.endswith("then run the same command again")


def test_an_object_of_our_own_is_named_as_it_stands_in_the_cluster() -> None:
    made = planned(ingress={"certificates": {"issuer": "private-ca"}})
    assert subject(Failure(ISSUER, "x"), made) == Subject("ClusterIssuer", "", "self-signed")
    assert subject(Failure(SERVICE, "x"), None) == Subject("Service", "gateway", "traefik")
    assert subject(Failure(f"{STACK}pulumi-python:dynamic/haven:ClusterKeys::proef-keys", "x"), made) is None


def test_what_the_cluster_says_is_told_the_newest_last_and_warnings_before_the_rest() -> None:
    cluster: Any = Events(
        event("Pod", "traefik-5d9-x2", "FailedScheduling", 3),
        event("ReplicaSet", "traefik-5d9", "FailedCreate", 2),
        event("Deployment", "traefik", "ScalingReplicaSet", 4, "Normal"),
        event("Pod", "other-1", "BackOff", 5),
        event("Pod", "traefik-5d9-x2", "FailedScheduling", 3),
    )
    assert last_events(cluster, Subject("Deployment", "gateway", "traefik")) == [
        "ReplicaSet traefik-5d9 FailedCreate: no room",
        "Pod traefik-5d9-x2 FailedScheduling: no room",
    ]
    assert last_events(cluster, Subject("Service", "gateway", "nothing")) == []


def test_a_cluster_that_cannot_be_asked_takes_nothing_from_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failed("update", tracker(SERVICE, "refused", "gateway"), planned(), "no kubeconfig at all")
    assert "Service gateway/traefik: refused" in error.problems[0].what
    assert "the cluster says" not in error.problems[0].what


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('Apply failed with 1 conflict: conflict with "kubectl-edit"', "kubectl-edit has set these fields"),
        (
            'failed calling webhook "webhook.cert-manager.io": no endpoints',
            "behind the webhook webhook.cert-manager.io",
        ),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "at level restricted:latest only"),
        ("exceeded quota: tenant, requested: pods=1", "the quota tenant is used up"),
        ('no matches for kind "Gateway" in version', "the kind Gateway is not there"),
        ('nodes is forbidden: User "x" cannot list', "the credential may not do this"),
        ("something else", AGAIN),
    ],
)
def test_every_sort_of_failure_has_a_way_on(message: str, words: str) -> None:
    assert words in way_on(message)


def test_the_provider_says_its_own_names_once() -> None:
    long = f'resource {SERVICE} was not successfully created: it broke\n  File "x.py"\nTraceback (most recent)'
    assert failures._short(long) == "it was not successfully created: it broke"


def test_what_the_program_finds_before_it_begins_is_told_as_it_is() -> None:
    made = Tracker(Quiet())
    said = "HVN103 stacks/Pulumi.x.yaml:3 dns.secret: it is wrong; store another"
    made.failures += [Failure("", said), Failure("", "1 problem in the description of the cluster")]
    assert [str(one) for one in failed("update", made, None).problems] == [said]


SILENT = "kubernetes:helm.sh/v4:Chart resource '{}' has a problem: configured Kubernetes cluster is unreachable: EOF"


def test_an_api_that_says_nothing_is_told_once_with_what_the_cloud_knows() -> None:
    made = Tracker(Quiet())
    made.failures += [Failure("", SILENT.format(name)) for name in ("gateway-api", "loki")]
    made.failures.append(Failure("", 'python inline source runtime error: details = "resource monitor shut down"'))
    asked = []

    def explain(token: str, text: str) -> Explained:
        asked.append(token)
        return Explained("3 machines are switched off", "start them")

    [problem] = failed("update", made, planned(), explain=explain).problems
    assert (problem.what, problem.fix) == ("3 machines are switched off", "start them")
    assert asked == [SILENT_API]
    unknown = failed("update", made, planned(), explain=lambda token, text: None).problems
    assert len(unknown) == 2
    assert all("the cluster's API does not answer" in one.fix for one in unknown)

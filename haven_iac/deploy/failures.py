"""What went wrong, as a person needs it: the chart, the object, what the cluster says of it, and the way on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.clouds.base import SILENT_API, Explained
from haven_iac.deploy.tracker import Failure, Tracker, type_of
from haven_iac.errors import HavenError, Problem, UpdateFailedError
from haven_iac.kube import Kube, connect
from haven_iac.plan.model import ClusterPlan

LAST = 3
"""Events that are told."""

Explain = Callable[[str, str], Explained | None]
"""Takes a type token and what the engine said."""

AGAIN = "what was done is recorded; mend the cause and run the same command again"

_SILENT = re.compile(
    r"configured Kubernetes cluster is unreachable|unable to load schema information from the API server"
)
"""What the plugin for Kubernetes says when nothing answers."""

_ENDED = "resource monitor shut down"
"""What the program says once something else has failed."""

_WAYS: Mapping[str, str] = {
    r'conflict with "([^"]+)"': "{0} has set these fields: take them out there, or leave them out of our values",
    r'failed calling webhook "([^"]+)"': "nothing answers behind the webhook {0}: look at its pods, or remove it",
    r'violates PodSecurity "([^"]+)"': "the namespace allows pods at level {0} only: mend the security context",
    r"exceeded quota: (\S+?),": "the quota {0} is used up: raise it, or ask for less",
    r'no matches for kind "(\w+)"': "the kind {0} is not there: the slot that brings it is off, or not ready yet",
    r"ValidatingAdmissionPolicy '([^']+)'": "the policy {0} refuses it: mend the object, or the policy",
    r"is forbidden: User": "the credential may not do this: give it the right, or run with one that has it",
    r"connection refused|unreachable|no such host": "the cluster's API does not answer: look why",
    r"timed out|timeout|deadline exceeded": "look at the events and pods: `kubectl describe` shows what is missing",
    r"failed to (download|fetch)|manifest unknown": "the chart cannot be had: look at the network, or `mirror.charts`",
    r"execution error at|error calling|values don.t meet": "the chart refuses these values: mend them",
    r"quantities must match": "mend a size in `platform.addons.<slot>.values`, as in 100m or 128Mi",
}
"""A pattern in a message, to what to do; first match counts, and what it captures is named."""


@dataclass(frozen=True)
class Subject:
    """The object that a failure is about."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return it as people say it."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


def failed(
    kind: str,
    tracker: Tracker,
    plan: ClusterPlan | None,
    kubeconfig: str = "",
    explain: Explain | None = None,
) -> HavenError:
    """Return the error of a run that did not finish: a problem for each thing that failed.

    Args:
        kind: what was run.
        tracker: what followed it.
        plan: what was being made; releases and objects are not named without it.
        kubeconfig: a credential for the cluster, for its events; they are left out without it.
        explain: knows what the cloud's errors mean; they are told as they are when left out.
    """
    if refused := _refused(tracker.failures):
        return UpdateFailedError(f"the {kind} did not begin", problems=refused)
    said = [failure for failure in tracker.failures if failure.subject] or tracker.failures
    said = [failure for failure in said if _ENDED not in failure.message] or said
    problems = []
    silent = [failure for failure in said if _SILENT.search(failure.message)]
    if silent and explain and (known := explain(SILENT_API, "the Kubernetes API does not answer")):
        problems.append(Problem(known.what, known.fix, UpdateFailedError.code))
        said = [failure for failure in said if failure not in silent]
    subjects = {failure.urn: subject(failure, plan) for failure in said}
    told = _events([one for one in subjects.values() if one], kubeconfig)
    for failure in said:
        about = subjects[failure.urn]
        where = tracker.place(failure.urn)
        known = explain(type_of(failure.urn), failure.message) if explain and failure.subject and not about else None
        message = known.what if known else _short(failure.message)
        what = " ".join(part for part in (_release(where, plan), failure.subject if not about else f"{about}:") if part)
        text = f"{what}{'' if about else ':'} {message}" if what else message
        if events := told.get(about) if about else None:
            text += f" · the cluster says: {'; '.join(events)}"
        fix = known.fix if known else way_on(failure.message)
        problems.append(Problem(text, fix, UpdateFailedError.code, path=where))
    # Plugins say a thing twice, in two wordings.
    return UpdateFailedError(f"the {kind} did not finish", problems=list(dict.fromkeys(problems)))


def _refused(failures: Iterable[Failure]) -> list[Problem]:
    """Return what the program itself found before it registered anything; it says that with code, place and fix."""
    found = [re.match(r"(HVN\d+) (.*)", one.message, re.DOTALL) for one in failures if not one.subject]
    return list(dict.fromkeys(Problem(one[2].strip(), code=one[1]) for one in found if one))


def subject(failure: Failure, plan: ClusterPlan | None) -> Subject | None:
    """Return the Kubernetes object behind a failure, or None when it is something else.

    Objects of a chart are named `release:namespace/name`, those of our own after the component and their manifest.
    """
    token, name = type_of(failure.urn), failure.urn.rpartition("::")[2]
    if not token.startswith("kubernetes:") or token.startswith(("kubernetes:helm.sh", "kubernetes:yaml")):
        return None
    kind = token.rpartition(":")[2]
    if ":" in name:
        namespace, _, own = name.partition(":")[2].rpartition("/")
        return Subject(kind, namespace, own)
    for manifest in plan.manifests if plan else ():
        if name.endswith(f"-{manifest.slot}-{manifest.name}") and manifest.body["kind"] == kind:
            about = manifest.body["metadata"]
            return Subject(kind, about.get("namespace", ""), about["name"])
    return Subject(kind, "", name)


def way_on(message: str) -> str:
    """Return what to do about a message, and that a new run goes on."""
    for pattern, way in _WAYS.items():
        if found := re.search(pattern, message, re.IGNORECASE):
            return f"{way.format(*found.groups())}; then run the same command again"
    return AGAIN


def _release(where: str, plan: ClusterPlan | None) -> str:
    release = plan.release(where.removeprefix("platform: ")) if plan and where.startswith("platform: ") else None
    return f"release {release.name} (chart {release.chart} {release.version}):" if release else ""


def _short(message: str) -> str:
    """Return a message of the provider without what it repeats: the resource's own long name, and stack traces."""
    lines = [line.strip() for line in message.splitlines()]
    kept = [line for line in lines if line and not line.startswith(("at ", "File ", "Traceback", "urn:"))]
    text = re.sub(r"(resource )?\"?urn:pulumi:[^\s\"]+\"?", "it", " / ".join(kept))
    return text if len(text) <= 900 else f"{text[:900]}…"


def _events(subjects: Iterable[Subject], kubeconfig: str) -> dict[Subject, list[str]]:
    """Return the last things that the cluster said of some objects; nothing when it cannot be asked."""
    if not kubeconfig:
        return {}
    found: dict[Subject, list[str]] = {}
    try:
        with connect(kubeconfig) as kube:
            for one in subjects:
                if one.namespace and (events := last_events(kube, one)):
                    found[one] = events
    except HavenError:
        return found
    return found


def last_events(kube: Kube, about: Subject) -> list[str]:
    """Return the last warnings about an object and, where it makes pods, about those; the newest last."""
    every = kube.items(f"/api/v1/namespaces/{about.namespace}/events")
    mine = [one for one in every if _concerns(one, about)]
    bad = [one for one in mine if one.get("type") != "Normal"] or mine
    ordered = sorted(bad, key=_moment)
    texts = [f"{_of(one)}{one.get('reason', '')}: {_line(one.get('message', ''))}" for one in ordered]
    return list(dict.fromkeys(texts))[-LAST:]


def _concerns(event: Mapping[str, Any], about: Subject) -> bool:
    whom = event.get("involvedObject") or event.get("regarding") or {}
    name = str(whom.get("name", ""))
    if name == about.name and whom.get("kind") == about.kind:
        return True
    made_by = ("Deployment", "StatefulSet", "DaemonSet", "Job")
    return about.kind in made_by and whom.get("kind") in ("Pod", "ReplicaSet") and name.startswith(f"{about.name}-")


def _of(event: Mapping[str, Any]) -> str:
    whom = event.get("involvedObject") or event.get("regarding") or {}
    return f"{whom.get('kind', '')} {whom.get('name', '')} "


def _moment(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _line(text: str) -> str:
    return " ".join(str(text).split())[:300]

"""What was found of a cluster, as a document: a pure function of what the API returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from haven_iac.clouds.existing.look import Look
from haven_iac.compliance.catalogue import Words, inputs
from haven_iac.compliance.live import subject
from haven_iac.errors import CloudError
from haven_iac.kube import Document
from haven_iac.platform import slots
from haven_iac.resources import OWNER
from haven_iac.spec.known import SYSTEM_NAMESPACES

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_OF_CHECKS = {
    slots.CERTIFICATES: "certificates",
    slots.LOGS: "log_store",
    slots.LOG_COLLECTOR: "log_collector",
    slots.METRICS: "metrics",
}
"""Slot, to the words of the checks that recognise it."""
_DEFINITIONS = {
    slots.GATEWAY_API: ("gateways.gateway.networking.k8s.io", "gateway.networking.k8s.io/bundle-version"),
    slots.MONITORING_CRDS: ("servicemonitors.monitoring.coreos.com", "operator.prometheus.io/version"),
}
"""Slot, to a definition that it is recognised by, and the annotation with its version."""
_METRICS_API = "v1beta1.metrics.k8s.io"

Slot = dict[str, str]


def found(seen: Look, owner: str, today: date) -> dict[str, Any]:
    """Return what is laid below a stack's own description: version, zones, and what was found.

    Args:
        seen: what the API returned.
        owner: name of our cluster: what carries it as a label is ours, and does not count as found.
        today: day on which it was looked at.

    Raises:
        CloudError: the credential may not read enough, or there is no node.
    """
    theirs = replace(seen.seen, workloads={kind: _theirs(items, owner) for kind, items in seen.seen.workloads.items()})
    cluster = subject(theirs)
    if not seen.uid or not cluster.nodes:
        what = "the cluster has no node" if seen.uid else "the namespace kube-system cannot be read"
        raise CloudError(what, fix="use a credential that may read nodes and namespaces, on a cluster that runs")
    zones = sorted({node.zone for node in cluster.nodes if node.zone})
    nodes = {node["metadata"]["name"]: node for node in seen.seen.nodes}
    document: dict[str, Any] = {
        "asOf": today.isoformat(),
        "cluster": seen.uid,
        "version": cluster.minor,
        "platform": cluster.platform,
        "simulated": cluster.simulated,
        "loadBalancer": any(_balanced(one) for one in seen.services),
        "nodes": {
            node.name: _present(
                zone=node.zone,
                controlPlane=node.control_plane,
                osImage=node.os_image,
                public=node.external,
                flavor=(nodes[node.name]["metadata"].get("labels") or {}).get("node.kubernetes.io/instance-type", ""),
            )
            for node in sorted(cluster.nodes, key=lambda one: one.name)
        },
        "storageClasses": {one["metadata"]["name"]: _class(one) for one in _theirs(seen.seen.classes, owner)},
        **_present(snapshotDriver=_snapshots(_theirs(seen.snapshot_classes, owner))),
        "slots": filled(seen, theirs.workloads, owner),
        "namespaces": sorted(
            one["metadata"]["name"]
            for one in _theirs(seen.namespaces, owner)
            if one["metadata"]["name"] not in SYSTEM_NAMESPACES
        ),
    }
    return {
        "kubernetes": {"version": cluster.minor},
        "cloud": {**_present(zones=zones), "settings": {"found": document}},
    }


def filled(seen: Look, workloads: Mapping[str, Sequence[Document]], owner: str) -> dict[str, Slot]:
    """Return what fills each slot of the platform that is not empty, and is not ours."""
    everything = [(str(one["metadata"]["name"]), one) for items in workloads.values() for one in items]
    words = {slot: inputs().workloads[part] for slot, part in _OF_CHECKS.items()} | known()
    slot: dict[str, Slot] = {}
    for name, recognised in words.items():
        if match := next((one for called, one in everything if recognised.match(called)), None):
            slot[name] = _workload(match)
    other = next((one for called, one in everything if inputs().workloads["other_logs"].match(called)), None)
    if other and slots.LOG_COLLECTOR not in slot:
        slot[slots.LOG_COLLECTOR] = _workload(other)
        slot.setdefault(slots.LOGS, _workload(other))
    for name, (definition, note) in _DEFINITIONS.items():
        for one in _theirs(seen.definitions, owner):
            if one["metadata"]["name"] == definition:
                slot[name] = _present(name=definition, version=(one["metadata"].get("annotations") or {}).get(note, ""))
    slot |= {} if slots.METRICS in slot else dict(_metrics(_theirs(seen.api_services, owner)))
    controller = slot.pop(slots.GATEWAY, None)
    if classes := [*_theirs(seen.gateway_classes, owner), *_theirs(seen.ingress_classes, owner)]:
        slot[slots.GATEWAY] = controller or {"name": f"class {classes[0]['metadata']['name']}"}
    return dict(sorted(slot.items()))


@lru_cache(maxsize=1)
def known() -> dict[str, Words]:
    """Return how workloads are recognised that the checks do not know."""
    data = yaml.safe_load((Path(__file__).parent / "known.yaml").read_text())
    return {slot: Words(tuple(one["names"]), frozenset(one["not"])) for slot, one in data.items()}


def _theirs(objects: Sequence[Document], owner: str) -> list[Document]:
    return [one for one in objects if (one["metadata"].get("labels") or {}).get(OWNER) != owner]


def _workload(body: Document) -> Slot:
    """Return a workload as it is recorded; its version is its label's, else the tag of its first image."""
    about = body["metadata"]
    containers = ((((body.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers")) or [{}]
    image = str(containers[0].get("image", "")).partition("@")[0].rpartition("/")[2]
    version = (about.get("labels") or {}).get("app.kubernetes.io/version") or image.partition(":")[2]
    return _present(name=about["name"], namespace=about.get("namespace", ""), version=version)


def _metrics(services: Sequence[Document]) -> Iterator[tuple[str, Slot]]:
    for one in services:
        if one["metadata"]["name"] == _METRICS_API and (service := (one.get("spec") or {}).get("service")):
            yield slots.METRICS, _present(name=service["name"], namespace=service.get("namespace", ""))


def _class(body: Document) -> dict[str, Any]:
    provisioner = str(body.get("provisioner", ""))
    return _present(
        provisioner=provisioner,
        shared=bool(inputs().many(provisioner)),
        default=(body["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true",
        immediate=body.get("volumeBindingMode") != "WaitForFirstConsumer",
        expandable=bool(body.get("allowVolumeExpansion")),
    )


def _snapshots(classes: Sequence[Document]) -> str:
    return str(classes[0].get("driver", "")) if classes else ""


def _balanced(service: Document) -> bool:
    status = (service.get("status") or {}).get("loadBalancer") or {}
    return (service.get("spec") or {}).get("type") == "LoadBalancer" and bool(status.get("ingress"))


def _present(**values: Any) -> dict[str, Any]:
    """Return what says something: no empty text, no false, nothing that is not there."""
    return {key: value for key, value in values.items() if value not in ("", None, False, [])}

"""Whether a restored object is the one that was backed up; what the cluster fills in by itself does not count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

PASSING = ("Event", "Endpoints", "EndpointSlice", "Lease", "ReplicaSet", "ControllerRevision", "PodMetrics")
"""Kinds that the cluster makes again by itself."""

_OF_CLUSTER = {
    "Service": ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"),
    "PersistentVolumeClaim": ("volumeName", "dataSource", "dataSourceRef"),
    "Pod": ("nodeName", "serviceAccount", "initContainers", "volumes", "tolerations"),
}
"""Keys of `spec` that the cluster, or Velero on its way, decides."""
_NOISE = re.compile(
    r"([\w-]+\.)*velero\.io/|kubectl\.kubernetes\.io/|deployment\.kubernetes\.io/|pv\.kubernetes\.io/|volume\.(beta\.)?kubernetes\.io/"
    r"|kwok\.x-k8s\.io/|pulumi\.com/"
)
"""Labels and annotations that say how an object came about."""


def own(body: Document) -> bool:
    """Return whether an object is somebody's own, and not made by the cluster from something else."""
    about = body["metadata"]
    if body.get("kind") in PASSING or any(one.get("controller") for one in about.get("ownerReferences") or ()):
        return False
    made = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
    if (body.get("kind"), about["name"]) in made:
        return False
    return not (body.get("kind") == "Secret" and body.get("type") == "kubernetes.io/service-account-token")


def essence(body: Document) -> dict[str, Any]:
    """Return what of an object has to come back."""
    about = body["metadata"]
    kept = {key: value for key, value in body.items() if key not in ("metadata", "status", "apiVersion", "kind")}
    for key in ("labels", "annotations"):
        own_ones = {name: text for name, text in (about.get(key) or {}).items() if not _NOISE.match(name)}
        if own_ones:
            kept[key] = own_ones
    spec = kept.get("spec")
    if isinstance(spec, Mapping):
        dropped = _OF_CLUSTER.get(str(body.get("kind")), ())
        kept["spec"] = {key: value for key, value in spec.items() if key not in dropped}
        if selector := kept["spec"].get("selector"):
            kept["spec"]["selector"] = _without_noise(selector)
        if body.get("kind") == "Service" and spec.get("type") in ("NodePort", "LoadBalancer"):
            ports = [{k: v for k, v in port.items() if k != "nodePort"} for port in spec.get("ports") or ()]
            kept["spec"]["ports"] = ports
    return kept


def _without_noise(selector: Any) -> Any:
    """Return a selector without the label by which Velero's data mover finds the volume of a claim."""
    labels = selector.get("matchLabels") if isinstance(selector, Mapping) else None
    if not isinstance(labels, Mapping):
        return selector
    own_ones = {name: text for name, text in labels.items() if not _NOISE.match(name)}
    return {**selector, "matchLabels": own_ones} if own_ones or len(selector) > 1 else None


def differences(was: Document, now: Document) -> list[str]:
    """Return the paths at which a restored object is not what it was."""
    return list(_different(essence(was), essence(now), ""))


def _different(was: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from _different(was.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif was != now and not (was in (None, [], {}, "") and now in (None, [], {}, "")):
        yield path or "everything"

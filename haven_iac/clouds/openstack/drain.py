"""Asks a cluster's own controllers to take away what they made in the cloud, while they still run.

Load balancers, volumes and shares go when their Services and claims go. A policy keeps anything new from being asked
for meanwhile, so that no operator makes again what is being taken away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.clouds.openstack.api import MERGE, ApiError, Kube
from haven_iac.errors import UnreachableError

STILL = 60.0
"""Seconds without any progress after which the rest is left to the sweep."""
PATIENCE = 900.0
"""Seconds for everything."""
PAUSE = 1.0
TRIES = 3
"""How often a silent API is asked before it is taken to be unreachable."""
GRACE = "5"
"""Seconds that a pod with a volume gets to end: the volume goes anyway."""

DRIVERS = ("cinder.csi.openstack.org", "manila.csi.openstack.org")
"""CSI drivers, or what their names end in, whose volumes are in the cloud."""

OURS = frozenset(
    {
        "kubernetes.io/pvc-protection",
        "kubernetes.io/pv-protection",
        "service.kubernetes.io/load-balancer-cleanup",
        "foregroundDeletion",
    }
)
"""Finalizers that Kubernetes and the cloud controller take away themselves."""

_OURS_TOO = (".csi.openstack.org", "external-provisioner.", "external-attacher/", "snapshot.storage.kubernetes.io/")

NAME = "haven-iac-leftovers"
_SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshots"
_CLAIMS, _SERVICES, _PODS = "/api/v1/persistentvolumeclaims", "/api/v1/services", "/api/v1/pods"
_VOLUMES = "/api/v1/persistentvolumes"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Waiting:
    """An object that is on its way out."""

    kind: str
    name: str
    """`namespace/name`."""
    holders: tuple[str, ...]
    """Finalizers that are not Kubernetes' own, nor the cloud controllers'."""

    def __str__(self) -> str:
        """Return it as people say it."""
        held = f", held by finalizer {', '.join(self.holders)}" if self.holders else ""
        return f"{self.kind} {self.name}{held}"


def drain(kube: Kube, say: Say, *, still: float = STILL, patience: float = PATIENCE) -> bool:
    """Delete what makes controllers hold something in the cloud, and wait until they have let go.

    Args:
        kube: the cluster.
        say: is told what is done, and what would not go.
        still: seconds without progress after which it goes on.
        patience: seconds for everything.

    Returns:
        Whether all of it went; False too when the API does not answer.
    """
    try:
        _reachable(kube)
        _close(kube)
        if found := _ask(kube):
            say(f"asked the cluster to give back {found}")
        left = _wait(kube, still, patience)
    except UnreachableError as error:
        say(f"the cluster could not be asked to give back what it holds: {error.what}; going on with the cloud itself")
        return False
    for one in left:
        say(f"did not go: {one}; going on with the cloud itself")
    return not left


def _reachable(kube: Kube) -> None:
    for left in reversed(range(TRIES)):
        try:
            kube.ask("GET", "/readyz")
            return
        except ApiError:
            return
        except UnreachableError:
            if not left:
                raise
            time.sleep(PAUSE)


def _close(kube: Kube) -> None:
    """Refuse new claims, snapshots and load balancers from now on."""
    rules = [
        {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["persistentvolumeclaims"]},
        {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["services"]},
        {
            "apiGroups": ["snapshot.storage.k8s.io"],
            "apiVersions": ["*"],
            "operations": ["CREATE"],
            "resources": ["volumesnapshots"],
        },
    ]
    on_its_way = "has(object.metadata.deletionTimestamp)"
    other = "object.kind == 'Service' && object.spec.type != 'LoadBalancer'"
    group = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": NAME},
        "spec": {
            "failurePolicy": "Ignore",
            "matchConstraints": {"resourceRules": rules},
            "validations": [
                {"expression": f"{on_its_way} || ({other})", "message": "this cluster is being taken down"}
            ],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": NAME},
        "spec": {"policyName": NAME, "validationActions": ["Deny"]},
    }
    for kind, body in (("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding)):
        try:
            kube.ask("POST", f"/apis/{group}/{kind}", body)
        except ApiError as error:
            # There already, or an API too old to know it: then an operator may win the race, and the sweep follows.
            if error.status not in (404, 409):
                raise


def _ask(kube: Kube) -> str:
    """Delete, and return in words what; volumes that were to be kept go as well, since their cluster does."""
    services = [one for one in _staying(kube, _SERVICES) if (one.get("spec") or {}).get("type") == "LoadBalancer"]
    snapshots, claims = _staying(kube, _SNAPSHOTS), _staying(kube, _CLAIMS)
    pods = [one for one in _staying(kube, _PODS) if _has_claim(one)]
    for volume in kube.items(_VOLUMES):
        if _in_cloud(volume) and volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
            _quietly(kube, "PATCH", _path(_VOLUMES, volume), {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    for where, listed, query in (
        (_SERVICES, services, {}),
        (_SNAPSHOTS, snapshots, {}),
        (_CLAIMS, claims, {}),
        (_PODS, pods, {"gracePeriodSeconds": GRACE}),
    ):
        for one in listed:
            _quietly(kube, "DELETE", _path(where, one), query=query)
    counts = {"load balancers": len(services), "snapshots": len(snapshots), "volume claims": len(claims)}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _staying(kube: Kube, collection: str) -> list[Mapping[str, Any]]:
    """Return what nobody has deleted yet."""
    return [one for one in kube.items(collection) if "deletionTimestamp" not in one["metadata"]]


def _quietly(kube: Kube, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> None:
    try:
        kube.ask(method, path, body, kind=MERGE, query=query)
    except ApiError as error:
        if error.status not in (404, 409, 422):
            raise


def _path(collection: str, one: Mapping[str, Any]) -> str:
    base, _, kind = collection.rpartition("/")
    space = one["metadata"].get("namespace")
    where = f"{base}/namespaces/{space}/{kind}" if space else collection
    return f"{where}/{one['metadata']['name']}"


def _has_claim(pod: Mapping[str, Any]) -> bool:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in volumes)


def _in_cloud(volume: Mapping[str, Any]) -> bool:
    driver = ((volume.get("spec") or {}).get("csi") or {}).get("driver", "")
    return any(driver == one or driver.endswith(f".{one}") for one in DRIVERS)


def _wait(kube: Kube, still: float, patience: float) -> list[Waiting]:
    """Return what is still there when everything went, or nothing goes any more.

    What an operator made again before the API server knew of the policy is asked for once more.
    """
    deadline = time.monotonic() + patience
    before: list[Waiting] | None = None
    moved = time.monotonic()
    while True:
        left = list(_left(kube))
        now = time.monotonic()
        if before is None or len(left) < len(before):
            before, moved = left, now
        if not left or now - moved > still or now > deadline:
            return left
        time.sleep(PAUSE)
        _ask(kube)


def _left(kube: Kube) -> Iterator[Waiting]:
    for one in kube.items(_SERVICES):
        if (one.get("spec") or {}).get("type") == "LoadBalancer" and _held(one):
            yield _waiting("Service", one)
    for one in kube.items(_SNAPSHOTS):
        yield _waiting("VolumeSnapshot", one)
    for one in kube.items(_CLAIMS):
        yield _waiting("PersistentVolumeClaim", one)
    for one in kube.items(_VOLUMES):
        if _in_cloud(one):
            yield _waiting("PersistentVolume", one)


def _held(service: Mapping[str, Any]) -> bool:
    """Return whether the cloud controller still has something to do for a Service."""
    finalizers = service["metadata"].get("finalizers") or ()
    return "service.kubernetes.io/load-balancer-cleanup" in finalizers or bool(_foreign(finalizers))


def _waiting(kind: str, one: Mapping[str, Any]) -> Waiting:
    meta = one["metadata"]
    name = "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)
    return Waiting(kind, name, _foreign(meta.get("finalizers") or ()))


def _foreign(finalizers: Any) -> tuple[str, ...]:
    return tuple(one for one in finalizers if one not in OURS and not any(part in one for part in _OURS_TOO))

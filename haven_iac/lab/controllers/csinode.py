"""Registers CSI drivers on nodes, as the kubelet and node-driver-registrar do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from haven_iac.lab.controllers import podspec
from haven_iac.lab.controllers.podspec import Object
from haven_iac.lab.kube import Kube, KubeError

MANAGED_ATTACH = "volumes.kubernetes.io/controller-managed-attach-detach"
MAX_VOLUMES = 256
NODES, CSINODES = "/api/v1/nodes", "/apis/storage.k8s.io/v1/csinodes"


def driver(pod: Object, node: Object) -> tuple[Object, dict[str, str]] | None:
    """Return a node plugin's entry in CSINode and its node labels; None while the node is not known to its cloud.

    A node plugin asks the metadata service for the server's id and zone.  Here the machine's UUID (a server has its id
    as UUID) or the provider id, and the cloud controller's zone label, stand for it.
    """
    machine = node.get("status", {}).get("nodeInfo", {}).get("systemUUID")
    server = machine or node["spec"].get("providerID", "").rpartition("/")[2]
    zone = node["metadata"].get("labels", {}).get("topology.kubernetes.io/zone")
    if not server or not zone:
        return None
    for container in pod["spec"]["containers"]:
        name = podspec.image_name(container)
        if name in podspec.CLOUD:
            return _entry(pod, container, name, server, zone)
    return None


def _entry(pod: Object, container: Object, name: str, server: str, zone: str) -> tuple[Object, dict[str, str]]:
    words = podspec.flags(container, podspec.environment(pod, container, lambda kind, reference: {}))
    entry: Object
    if name == "cinder-csi-plugin":
        entry = {"name": "cinder.csi.openstack.org", "nodeID": server, "allocatable": {"count": MAX_VOLUMES}}
        topology = "--with-topology=false" not in words
    else:
        entry = {"name": podspec.flag(words, "drivername", "manila.csi.openstack.org"), "nodeID": server}
        topology = "--with-topology" in words or "--with-topology=true" in words
    labels = {f"topology.{_plain(str(entry['name']))}/zone": zone} if topology else {}
    for extra in filter(None, podspec.flag(words, "additional-topology").split(",")):
        key, _, value = extra.partition("=")
        labels[key] = value
    entry["topologyKeys"] = sorted(labels)
    return entry, labels


def _plain(name: str) -> str:
    """Return the driver's name for zones: nfs.manila.csi.openstack.org keeps its under manila.csi.openstack.org."""
    return name[name.index("manila.") :] if "manila." in name else name


def register(api: Kube, nodes: Mapping[str, Object], pods: Sequence[Object]) -> None:
    """Make the CSINode objects say what the running node plugins say."""
    wanted: dict[str, dict[str, Object]] = {name: {} for name in nodes}
    for pod in pods:
        node = nodes.get(pod["spec"].get("nodeName", ""))
        found = driver(pod, node) if node else None
        if node and found:
            entry, labels = found
            wanted[node["metadata"]["name"]][str(entry["name"])] = entry
            _label(api, node, labels)
    existing = {item["metadata"]["name"]: item for item in api.items(CSINODES)}
    for name, drivers in wanted.items():
        current = existing.get(name)
        if current is None:
            if drivers:
                _ignore_conflict(api.create, CSINODES, _csinode(nodes[name], drivers))
            continue
        listed = {entry["name"]: entry for entry in current["spec"].get("drivers") or []}
        others = {key: entry for key, entry in listed.items() if not key.endswith("csi.openstack.org")}
        if listed != {**others, **drivers}:
            current["spec"]["drivers"] = list({**others, **drivers}.values())
            _ignore_conflict(api.update, f"{CSINODES}/{name}", current)


def _label(api: Kube, node: Object, labels: Mapping[str, str]) -> None:
    metadata = node["metadata"]
    if labels.items() <= metadata.get("labels", {}).items() and MANAGED_ATTACH in metadata.get("annotations", {}):
        return
    body = {"metadata": {"labels": dict(labels), "annotations": {MANAGED_ATTACH: "true"}}}
    api.patch(f"{NODES}/{metadata['name']}", body)


def _csinode(node: Object, drivers: Mapping[str, Object]) -> Object:
    metadata = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": metadata["name"], "ownerReferences": [owner]},
        "spec": {"drivers": list(drivers.values())},
    }


def _ignore_conflict(call: Callable[[str, Object], Object], path: str, body: Object) -> None:
    try:
        call(path, body)
    except KubeError as error:
        if error.status not in (404, 409, 422):
            raise

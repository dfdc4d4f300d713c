"""StorageClasses of a cluster on OpenStack: Cinder by volume type, Manila by share type.  Pure."""

from __future__ import annotations

from haven_iac.clouds.openstack.settings import OpenStackSettings, ShareProtocol
from haven_iac.facts import StorageClassFacts, StorageFacts
from haven_iac.spec import ClusterSpec
from haven_iac.spec.platform import SharedKind

CINDER = "cinder.csi.openstack.org"
MANILA = "manila.csi.openstack.org"
MANILA_SECRET = "manila-csi"
MANILA_NAMESPACE = "kube-system"
DEFAULT_SHARE_TYPE = "default"
"""Manila's usual name of its default type; the driver wants one."""


def storage(spec: ClusterSpec, settings: OpenStackSettings) -> StorageFacts:
    """Return the classes: `block` is the default one, `shared` can be written by many nodes."""
    block = spec.storage.block
    types: dict[str, str | None] = {"block": block.type}
    if block.encrypted_type:
        types["block-encrypted"] = block.encrypted_type
    types |= settings.volume_types
    classes = [_cinder(name, kind, settings, default=name == "block") for name, kind in types.items()]
    if manila_wanted(spec):
        classes.append(_manila(spec, settings))
    return StorageFacts(tuple(classes), snapshot_driver=CINDER, shared_ca=settings.ca or "")


def manila_wanted(spec: ClusterSpec) -> bool:
    """Return whether shared volumes come from Manila."""
    return spec.storage.shared.kind in (SharedKind.CLOUD, SharedKind.MANILA)


def driver(protocol: ShareProtocol) -> str:
    """Return the name of the Manila driver for one protocol, as its chart makes it."""
    return f"{protocol.value.lower()}.{MANILA}"


def _cinder(name: str, kind: str | None, settings: OpenStackSettings, *, default: bool) -> StorageClassFacts:
    parameters = {"type": kind} if kind else {}
    if settings.volume_zone:
        parameters["availability"] = settings.volume_zone
    return StorageClassFacts(name, CINDER, ("ReadWriteOnce",), default=default, parameters=parameters)


def _manila(spec: ClusterSpec, settings: OpenStackSettings) -> StorageClassFacts:
    """Return the class of Manila; only the nodes' range may mount its shares, which is the world when left out."""
    parameters = {"type": spec.storage.shared.type or DEFAULT_SHARE_TYPE}
    if settings.share_protocol is ShareProtocol.NFS:
        parameters["nfs-shareClient"] = str(spec.network.nodes)
    if settings.share_network_id:
        parameters["shareNetworkID"] = settings.share_network_id
    if settings.share_zone:
        parameters["availability"] = settings.share_zone
    for use in ("provisioner", "controller-expand", "node-stage", "node-publish"):
        parameters[f"csi.storage.k8s.io/{use}-secret-name"] = MANILA_SECRET
        parameters[f"csi.storage.k8s.io/{use}-secret-namespace"] = MANILA_NAMESPACE
    modes = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany")
    return StorageClassFacts("shared", driver(settings.share_protocol), modes, "Immediate", parameters=parameters)

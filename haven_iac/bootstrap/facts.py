"""What only building tells about a machine before it boots: addresses, disks, secrets, what is there already."""

from __future__ import annotations

from dataclasses import dataclass, field

SNAPSHOT_SECRET = "haven-iac-etcd-snapshots"
"""Secret in kube-system that tells servers where etcd snapshots go, unless their user data does."""


@dataclass(frozen=True)
class Marker:
    """Something outside the servers that says whether the cluster exists already.

    An adapter sets it once the API has answered for the first time and never takes it away before the cluster is
    destroyed.  It is read without credentials: a server's metadata, an object by a signed address.
    """

    url: str
    """Read with GET.  The cluster exists when the answer is 200 and holds `text`; it does not when the answer is 200
    without it, or 404; after any other answer, or none, a server does not start a cluster."""
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of that request, name and value."""


@dataclass(frozen=True)
class SnapshotStore:
    """The bucket that etcd snapshots go to."""

    bucket: str
    endpoint: str
    """Host, perhaps with a port, of the S3 service; without https://."""
    region: str = "us-east-1"
    folder: str = ""
    """Folder in the bucket; the cluster's identity, so that two clusters never mix."""
    insecure: bool = False
    """True for plain http."""
    path_style: bool = True
    """True when the bucket stands in the path and not in the host name, as most S3 services outside AWS want it."""
    ca: str = ""
    """The service's certificate authority in PEM; the host's own list when empty."""
    access_key: str = ""
    """With `secret_key` in the user data itself.  When empty, servers look in the Secret `SNAPSHOT_SECRET`, which can
    be renewed without touching a server; `haven_iac.bootstrap.snapshots.secret` is its body."""
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class BootFacts:
    """What only building tells about a machine before it boots; every field may be left out."""

    external_cloud: bool = False
    """True when a cloud controller runs in the cluster: it sets zone, addresses and provider id of every node."""
    node_ip: str = ""
    """The machine's address on the node network; that of its default route when empty."""
    peers: tuple[str, ...] = ()
    """Addresses of the other servers, which a first server asks, beside the endpoint, whether its cluster exists."""
    names: tuple[str, ...] = ()
    """More names and addresses that the API's certificate is for, beside the endpoint."""
    cluster_exists: bool = False
    """True when the caller knows that the cluster runs: even the first server then gets no key and only joins."""
    marker: Marker | None = None
    """Where a first server looks whether its cluster exists; the age of its authority tells when left out."""
    etcd_disk: tuple[str, ...] = ()
    """Devices of which the first that is there is the disk for etcd; the root disk when empty.  A blank one is
    formatted, one with the label `haven-etcd` is taken as it is, and any other stops the boot."""
    snapshots: SnapshotStore | None = None
    """Where etcd snapshots go; the server's own disk only when left out."""
    manifests: tuple[tuple[str, str], ...] = ()
    """File name and YAML of objects that every server applies by itself before anything else runs, such as a virtual
    address where there is no load balancer."""
    mirror_ca: str = ""
    """PEM of the secret that `mirror.caSecret` names."""
    identity_ca: str = ""
    """PEM of the secret that `identity.oidc.caSecret` names."""

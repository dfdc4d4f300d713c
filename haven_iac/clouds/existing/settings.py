"""What is written of a cluster that exists: the way to it, and what was found there."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from haven_iac.spec.kubernetes import Minor
from haven_iac.spec.model import Form, SecretName, SpecModel, Text

Uid = Annotated[str, Form("the id of a cluster, as `haven-iac detect` found it", "0b2c…", r"[-A-Za-z0-9]+", 64)]
"""The uid of the namespace kube-system: no two clusters share it."""


class FoundNode(SpecModel):
    """A node of the cluster."""

    zone: str = ""
    """Value of its zone label; empty where it has none."""
    control_plane: bool = False
    """It runs the Kubernetes API."""
    os_image: str = ""
    """Operating system, as the node calls it."""
    public: bool = False
    """It has an address of type ExternalIP."""
    flavor: str = ""
    """Machine type, as its label says; empty where it has none."""


class FoundClass(SpecModel):
    """A StorageClass of the cluster."""

    provisioner: Text
    """Who makes its volumes."""
    shared: bool = False
    """Its volumes can be written by many nodes at once (ReadWriteMany)."""
    default: bool = False
    """Claims that name no class get this one."""
    immediate: bool = False
    """A volume is made when it is claimed, not when a pod first uses it."""
    expandable: bool = False
    """Its volumes can grow."""


class FoundSlot(SpecModel):
    """Something that fills a slot of the platform."""

    name: Text
    """As its workload or class is called."""
    namespace: str = ""
    """Where it runs; empty when that is not known."""
    version: str = ""
    """Version of its image; empty when that is not known."""


class Found(SpecModel):
    """What was found; `haven-iac detect` writes it."""

    as_of: date
    """Day on which it was looked at."""
    cluster: Uid
    """Id of the cluster, so that it is not mistaken for another one."""
    version: Minor
    """Minor version of Kubernetes."""
    platform: Text = "unknown"
    """rke2, k3s, eks, aks, gke or unknown."""
    simulated: bool = False
    """Its nodes are simulated: a rehearsal, never evidence."""
    load_balancer: bool = False
    """A Service of type LoadBalancer was seen with an address."""
    nodes: dict[str, FoundNode] = Field(default_factory=dict)
    """Nodes by name."""
    storage_classes: dict[str, FoundClass] = Field(default_factory=dict)
    """StorageClasses by name."""
    snapshot_driver: Text | None = None
    """Who makes snapshots of volumes; nobody when left out."""
    slots: dict[str, FoundSlot] = Field(default_factory=dict)
    """What fills slots of the platform already, and is left alone."""
    namespaces: tuple[Text, ...] = ()
    """Namespaces that are not ours: nothing is put into them, and no policy of ours reaches them."""


class ExistingSettings(SpecModel):
    """The way to the cluster: a kubeconfig file, one of its contexts, or a secret that Pulumi holds."""

    kubeconfig: Text | None = None
    """Path of a kubeconfig, relative to the project; KUBECONFIG or ~/.kube/config when only `context` is given."""
    context: Text | None = None
    """Which context of it; the current one when left out."""
    kubeconfig_secret: SecretName | None = None
    """Name of the secret with the kubeconfig itself; a file is read when left out."""
    load_balancer: bool | None = None
    """Whether a Service of type LoadBalancer gets an address; what was found, else yes, when left out."""
    found: Found | None = None
    """What was found; `haven-iac detect` writes it to `stacks/found/<stack>.yaml`."""

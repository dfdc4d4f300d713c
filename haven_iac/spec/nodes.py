"""Control plane and node pools."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from haven_iac.naming import LABEL_VALUE, QUALIFIED_NAME, check_own_key
from haven_iac.spec.cron import Schedule
from haven_iac.spec.model import Form, Name, Quantity, SpecModel, Text

PoolName = Name

Zone = Annotated[str, Form("a zone: letters, digits, dashes, dots and underscores", "az1", LABEL_VALUE, 63)]
"""Name of an availability zone, as the cloud calls it."""

OwnKey = Annotated[
    str,
    Form(
        "a key as Kubernetes wants it: letters, digits, - _ . and perhaps a domain and a slash before it",
        "example.nl/tier",
        QUALIFIED_NAME,
        317,
        check_own_key,
    ),
]
"""Key of a label or taint that is not reserved for Kubernetes."""

LabelValue = Annotated[
    str,
    Form(
        "a label value: letters, digits, - _ . with a letter or digit at both ends", "general", rf"({LABEL_VALUE})?", 63
    ),
]
"""Value of a label or taint; may be empty."""


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class TaintSpec(SpecModel):
    """Keeps pods away that do not tolerate it; the taint's key is the key in the map."""

    value: LabelValue = ""
    """The taint's value; empty when left out."""
    effect: TaintEffect = TaintEffect.NO_SCHEDULE
    """What it does; NoSchedule when left out."""


class DiskSpec(SpecModel):
    """The root disk of a node."""

    size: Quantity = "50Gi"
    """Size of the disk."""
    type: Text | None = None
    """The cloud's volume type; the flavor's own disk when left out."""


class SnapshotsSpec(SpecModel):
    """Snapshots of etcd, which every server makes by itself."""

    schedule: Schedule = "0 */6 * * *"
    """When, as cron in UTC."""
    keep: Annotated[int, Field(ge=1, le=500)] = 28
    """How many each server keeps, on its disk and in the bucket; a week when left out."""


class ControlPlaneSpec(SpecModel):
    """The servers that run etcd and the Kubernetes API."""

    size: Annotated[int, Field(ge=1, le=7)] = 3
    """How many servers: odd, and 3 or more for Haven."""
    flavor: Text = "default"
    """The cloud's own name for a machine size."""
    disk: DiskSpec = DiskSpec()
    """Root disk of each server; a server that exists keeps its own."""
    snapshots: SnapshotsSpec = SnapshotsSpec()
    """Snapshots of etcd; they go to the object store too where there is one."""
    zones: tuple[Zone, ...] = ()
    """Zones to spread over; all zones of the cluster when left out."""


class AutoscaleSpec(SpecModel):
    """Lets an autoscaler change the size of a pool."""

    min: Annotated[int, Field(ge=0, le=1000)]
    """Fewest nodes; this is what Haven's checks are judged by."""
    max: Annotated[int, Field(ge=1, le=1000)]
    """Most nodes."""


class NodePoolSpec(SpecModel):
    """A group of identical nodes."""

    size: Annotated[int, Field(ge=0, le=1000)] = 3
    """How many nodes; with an autoscaler, how many to start with."""
    flavor: Text = "default"
    """The cloud's own name for a machine size."""
    autoscale: AutoscaleSpec | None = None
    """Bounds for an autoscaler; the size is fixed when left out."""
    labels: dict[OwnKey, LabelValue] = Field(default_factory=dict)
    """Node labels; changed in place."""
    taints: dict[OwnKey, TaintSpec] = Field(default_factory=dict)
    """Node taints by key; changed in place."""
    zones: tuple[Zone, ...] = ()
    """Zones to spread over; all zones of the cluster when left out."""
    disk: DiskSpec = DiskSpec()
    """Root disk of each node; a node that exists keeps its own."""

    @property
    def most(self) -> int:
        """Return the largest number of nodes that the pool may get."""
        return max(self.size, self.autoscale.max) if self.autoscale else self.size

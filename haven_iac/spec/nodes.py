"""Control plane and node pools."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from haven_iac.spec.model import Name, Quantity, SpecModel


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class TaintSpec(SpecModel):
    """Keeps pods away that do not tolerate it; the taint's key is the key in the map."""

    value: str = ""
    """The taint's value; empty when left out."""
    effect: TaintEffect = TaintEffect.NO_SCHEDULE
    """What it does; NoSchedule when left out."""


class DiskSpec(SpecModel):
    """The root disk of a node."""

    size: Quantity = "50Gi"
    """Size of the disk."""
    type: str | None = None
    """The cloud's volume type; the flavor's own disk when left out."""


class ControlPlaneSpec(SpecModel):
    """The servers that run etcd and the Kubernetes API."""

    size: Annotated[int, Field(ge=1, le=7)] = 3
    """How many servers: odd, and 3 or more for Haven."""
    flavor: str = "default"
    """The cloud's own name for a machine size."""
    disk: DiskSpec = DiskSpec()
    """Root disk of each server."""
    zones: tuple[str, ...] = ()
    """Zones to spread over; all zones of the cluster when left out."""

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.size % 2 == 0:
            raise ValueError(
                f"controlPlane.size is {self.size}: an even number of servers loses quorum sooner, not later; "
                f"write {self.size - 1} or {self.size + 1}"
            )
        return self


class AutoscaleSpec(SpecModel):
    """Lets an autoscaler change the size of a pool."""

    min: Annotated[int, Field(ge=0)]
    """Fewest nodes; this is what Haven's checks are judged by."""
    max: Annotated[int, Field(ge=1)]
    """Most nodes."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"autoscale.max {self.max} is below autoscale.min {self.min}; swap them")
        return self


class NodePoolSpec(SpecModel):
    """A group of identical nodes."""

    size: Annotated[int, Field(ge=0, le=1000)] = 3
    """How many nodes."""
    flavor: str = "default"
    """The cloud's own name for a machine size."""
    autoscale: AutoscaleSpec | None = None
    """Bounds for an autoscaler; the size is fixed when left out."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Node labels; changed in place."""
    taints: dict[str, TaintSpec] = Field(default_factory=dict)
    """Node taints by key; changed in place."""
    zones: tuple[str, ...] = ()
    """Zones to spread over; all zones of the cluster when left out."""
    disk: DiskSpec = DiskSpec()
    """Root disk of each node."""


PoolName = Name

"""How the Haven verdict is used, recorded reasons for failing checks, and a verify that runs by itself."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from haven_iac.spec.cron import Schedule
from haven_iac.spec.model import Duration, Form, SpecModel, Text


class Enforce(StrEnum):
    """What a failing mandatory check does."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


class Profile(StrEnum):
    """What the cluster is for."""

    HAVEN = "haven"
    SANDBOX = "sandbox"


class DeviationSpec(SpecModel):
    """A recorded reason for a failing check; it never changes the result."""

    owner: Text
    """Who answers for it."""
    reason: Annotated[str, Form("a reason", "the cloud offers one zone until 2027", r"(?s)\s*\S.*", 1000)]
    """Why."""
    until: date
    """Last day."""


class VerifyScheduleSpec(SpecModel):
    """A verify that runs by itself inside the cluster, and raises an alert when it fails."""

    image: Annotated[
        str,
        Form(
            "an image with a tag or a digest",
            "registry.example.nl/haven-iac:0.1.0",
            r"[a-z0-9][-a-z0-9._:/]*(:[\w.-]{1,128}|@sha256:[0-9a-f]{64})",
            400,
        ),
    ]
    """An image of your own with haven-iac in it; none is published."""
    cron: Schedule = "0 5 * * *"
    """When, as cron in UTC."""


class ComplianceSpec(SpecModel):
    """How the Haven verdict is used."""

    profile: Profile = Profile.HAVEN
    """haven, or sandbox: outside the standard, and said so."""
    enforce: Enforce = Enforce.ADVISORY
    """mandatory stops `up` before the first change when a mandatory check fails."""
    deviations: dict[str, DeviationSpec] = Field(default_factory=dict)
    """By check id."""
    evidence_validity: Duration = "90d"
    """How long a result of the standard's own checker holds."""
    schedule: VerifyScheduleSpec | None = None
    """Verifies inside the cluster, by itself; never when left out."""

"""The base of everything a person may write, and the value types with units."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class SpecModel(BaseModel):
    """A frozen model that refuses unknown keys; camelCase in YAML, snake_case in Python."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


_DURATION = re.compile(r"^(\d+)(m|h|d|w|y)$")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def duration(text: str) -> timedelta:
    """Return a duration such as `90m`, `36h`, `180d`, `2w` or `1y` (365 days).

    Raises:
        ValueError: the text has no number with one of these units.
    """
    match = _DURATION.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a duration; write a whole number and m, h, d, w or y, as in 180d")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def hours(text: str) -> str:
    """Return a duration in whole hours, as most charts want it: `180d` becomes `4320h`."""
    return f"{max(1, int(duration(text).total_seconds() // 3600))}h"


_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi)$")
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}


def quantity(text: str) -> int:
    """Return a size such as `500Mi` or `10Gi` in bytes.

    Raises:
        ValueError: the text has no number with a binary unit.
    """
    match = _QUANTITY.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a size; write a number and Ki, Mi, Gi or Ti, as in 10Gi")
    return int(float(match[1]) * _BYTES[match[2]])


def _is_duration(text: str) -> str:
    duration(text)
    return text


def _is_quantity(text: str) -> str:
    quantity(text)
    return text


Duration = Annotated[str, AfterValidator(_is_duration), Field(examples=["180d", "24h"])]
"""A whole number with m, h, d, w or y."""

Quantity = Annotated[str, AfterValidator(_is_quantity), Field(examples=["10Gi"])]
"""A size with Ki, Mi, Gi or Ti."""

Name = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=32)]
"""Lower-case letters, digits and dashes; starts with a letter; at most 32."""

SecretName = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_.-]*$", max_length=64)]
"""The name of a secret that Pulumi holds: `pulumi config set --secret haven:<name>`."""

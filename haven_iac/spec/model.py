"""The base of everything a person may write, and the value types with units."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, ip_address
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, PlainValidator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class SpecModel(BaseModel):
    """A frozen model that refuses unknown keys; camelCase in YAML, snake_case in Python.

    A field's docstring is its description in the JSON schema and in messages; it is read from the source when asked
    for (`haven_iac.spec.describe`), so that the command starts quickly.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        defer_build=True,
    )


@dataclass(frozen=True)
class Form:
    """How a text has to look: a pattern for machines, words for people."""

    words: str
    """What it is, as in `a size`."""
    example: str
    pattern: str = ".+"
    longest: int = 253
    """Characters."""
    meaning: Callable[[str], object] | None = None
    """Raises ValueError, with the reason, where the pattern cannot tell."""

    def check(self, text: str) -> str:
        """Return the text.

        Raises:
            PydanticCustomError: it does not have this form; the text itself is not in the message.
        """
        reason = ""
        if len(text) > self.longest:
            reason = f"has {len(text)} characters, {self.longest} is the most"
        elif not re.fullmatch(self.pattern, text, re.ASCII):
            reason = f"is not {self.words}"
        elif self.meaning:
            try:
                self.meaning(text)
            except ValueError as error:
                reason = str(error)
        if reason:
            raise PydanticCustomError("form", "{reason}", {"reason": reason, "example": self.example})
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after pydantic has seen that it is text."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Give editors the pattern and the example."""
        found = handler(schema)
        if self.pattern != ".+":
            found["pattern"] = f"^({self.pattern})$"
        return {**found, "maxLength": self.longest, "examples": [self.example]}


_DURATION = r"(\d{1,6})(m|h|d|w|y)"
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def duration(text: str) -> timedelta:
    """Return a duration such as `90m`, `36h`, `180d`, `2w` or `1y` (365 days).

    Raises:
        ValueError: the text has no number with one of these units.
    """
    match = re.fullmatch(_DURATION, text, re.ASCII)
    if not match:
        raise ValueError("is not a duration: a whole number and m, h, d, w or y")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def hours(text: str) -> str:
    """Return a duration in whole hours, as most charts want it: `180d` becomes `4320h`."""
    return f"{max(1, int(duration(text).total_seconds() // 3600))}h"


_QUANTITY = r"(\d{1,9}(?:\.\d{1,3})?)(Ki|Mi|Gi|Ti|Pi)"
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}


def quantity(text: str) -> int:
    """Return a size such as `500Mi` or `10Gi` in bytes.

    Raises:
        ValueError: the text has no number with a binary unit.
    """
    match = re.fullmatch(_QUANTITY, text, re.ASCII)
    if not match:
        raise ValueError("is not a size: a number and Ki, Mi, Gi or Ti")
    return int(float(match[1]) * _BYTES[match[2]])


def _some(read: Callable[[str], Any], nothing: Any) -> Callable[[str], None]:
    def check(text: str) -> None:
        if read(text) == nothing:
            raise ValueError("is nothing at all")

    return check


def _range(value: Any) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "text is needed")
    example = "10.20.0.0/20"
    if ":" in value:
        reason = "is IPv6, and ranges are IPv4 here"
    elif not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
        reason = "is not a range: an IPv4 address, a slash and the length of the prefix"
    else:
        try:
            return IPv4Network(value)
        except ValueError:
            try:
                example = str(IPv4Network(value, strict=False))
                reason = "is an address inside a range, not its first one"
            except ValueError:
                reason = "is not a range: each part of the address is 0 to 255 and the prefix 0 to 32"
    raise PydanticCustomError("form", "{reason}", {"reason": reason, "example": example})


Range = Annotated[
    IPv4Network,
    PlainValidator(_range, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]
"""An IPv4 range with its prefix, as in 10.20.0.0/20."""


def _address(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise ValueError("is not an IP address") from None


_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
HOST_PATTERN = rf"({_LABEL}\.)*{_LABEL}"

Duration = Annotated[
    str, Form("a duration: a whole number and m, h, d, w or y", "180d", _DURATION, 8, _some(duration, timedelta()))
]
"""A whole number with m, h, d, w or y."""

Quantity = Annotated[str, Form("a size: a number and Ki, Mi, Gi or Ti", "10Gi", _QUANTITY, 16, _some(quantity, 0))]
"""A size with Ki, Mi, Gi or Ti."""

Name = Annotated[
    str,
    Form(
        "a name: lower-case letters, digits and dashes, starting with a letter, not ending in a dash",
        "general",
        r"[a-z]([-a-z0-9]*[a-z0-9])?",
        32,
    ),
]
"""Lower-case letters, digits and dashes; starts with a letter; at most 32."""

SecretName = Annotated[
    str,
    Form("the name of a secret: lower-case letters, digits and dashes", "object-storage", r"[a-z][-a-z0-9]*", 63),
]
"""The name of a secret that Pulumi holds: `pulumi config set --secret haven:<name>`."""

Text = Annotated[str, Form("text without line breaks", "m1.large", r"\S|\S.*\S", 253)]
"""Some text on one line."""

Address = Annotated[str, Form("an IP address", "192.0.2.53", r"[0-9a-fA-F.:]+", 45, _address)]
"""An IPv4 or IPv6 address."""

Domain = Annotated[
    str,
    Form(
        "a domain: lower-case labels with dots between them",
        "apps.voorbeeldstad.nl",
        rf"({_LABEL}\.)+[a-z][-a-z0-9]*[a-z0-9]",
        200,
    ),
]
"""A domain name in lower case."""

Email = Annotated[
    str, Form("a mail address", "beheer@voorbeeldstad.nl", r"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}", 254)
]
"""A mail address."""

HttpsUrl = Annotated[str, Form("an https address", "https://example.nl/path", r"https://[^\s/@]+(/\S*)?", 500)]
"""An address that starts with https://, without name or password."""

HostPort = Annotated[str, Form("host:port", "mail.voorbeeldstad.nl:587", rf"(?i:{HOST_PATTERN}):\d{{1,5}}", 260)]
"""A host and a port."""

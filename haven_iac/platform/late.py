"""Values that only building tells, such as the cluster's identity or an id in the cloud: marks in what is planned.

The plan holds `late("identity")`; whoever builds puts the value in its place.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

IDENTITY: Final = "identity"
"""Name and random suffix of the cluster."""
CLOUD_CONFIG: Final = "cloud-config"
"""What the cloud's controllers log in with, as a file; secret."""
CLOUD_CONFIG_SUM: Final = "cloud-config-sum"
"""Changes when that file does."""
CLOUD_CA: Final = "cloud-ca"
"""Certificates of the authority behind the cloud's addresses; empty where it is a public one."""
OBJECT_URL: Final = "object-url"
"""URL of the cloud's own S3 service."""
OBJECT_HOST: Final = "object-host"
"""Host of that URL, and its port where there is one."""
OBJECT_PORT: Final = "object-port"
"""TCP port of that URL."""
OBJECT_INSECURE: Final = "object-insecure"
"""`true` where that URL is plain http, else `false`."""
OBJECT_ACCESS_KEY: Final = "object-access-key"
"""First half of the cluster's credential there."""
OBJECT_SECRET_KEY: Final = "object-secret-key"
"""Second half; secret."""
OBJECT_SUM: Final = "object-sum"
"""Changes when the credential does."""

_MARK = re.compile(r"@@late:([a-z0-9-]+)@@")
_NUMBER = re.compile(r"@@late-number:([a-z0-9-]+)@@")


def late(name: str) -> str:
    """Return the mark of one value; may stand within a longer text."""
    return f"@@late:{name}@@"


def number(name: str) -> str:
    """Return the mark of one value that becomes a whole number; stands alone."""
    return f"@@late-number:{name}@@"


def found(value: Any) -> frozenset[str]:
    """Return the names of all late values in a document."""
    if isinstance(value, str):
        return frozenset((*_MARK.findall(value), *_NUMBER.findall(value)))
    if isinstance(value, Mapping):
        return frozenset().union(*(found(inner) for inner in value.values()))
    if isinstance(value, list | tuple):
        return frozenset().union(*(found(inner) for inner in value))
    return frozenset()


def filled(value: Any, given: Mapping[str, str]) -> Any:
    """Return a document with every mark replaced.

    Raises:
        KeyError: a value is not given.
    """
    if isinstance(value, str):
        if whole := _NUMBER.fullmatch(value):
            return int(given[whole[1]])
        return _MARK.sub(lambda mark: given[mark[1]], value)
    if isinstance(value, Mapping):
        return {key: filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, given) for inner in value]
    return value

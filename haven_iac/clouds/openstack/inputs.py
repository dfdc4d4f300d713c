"""Inputs of resources that run in a plugin, as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haven_iac.clouds.openstack.settings import AccessSettings, OpenStackSettings
from haven_iac.spec.load import validate

_ACCESS = [field.alias or name for name, field in AccessSettings.model_fields.items()]


def plain(value: Any) -> Any:
    """Return a value as it was written: Pulumi hands whole numbers back as floats."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def access(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what resources take of `cloud.settings` that only have to reach the cloud: the rest does not change them.

    Args:
        settings: `cloud.settings`, as it is written.
    """
    return {key: settings[key] for key in _ACCESS if key in settings}


def access_from(given: Mapping[str, Any]) -> AccessSettings:
    """Return how to reach the cloud from a resource's input, which may be all of `cloud.settings`."""
    return validate(AccessSettings, access(plain(given)))


def settings_from(given: Mapping[str, Any]) -> OpenStackSettings:
    """Return `cloud.settings` from a resource's input."""
    return validate(OpenStackSettings, plain(given))

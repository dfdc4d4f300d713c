"""The end of a machine's console, for errors about machines that do not do what they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.inputs import access_from
from haven_iac.errors import HavenError

LINES = 12
"""Of each console."""
MACHINES = 3
"""Whose consoles are shown; the rest looks the same mostly."""


def told(settings: Mapping[str, Any], servers: Sequence[str]) -> str:
    """Return what some machines say about themselves, below each other; an empty text when the cloud cannot tell.

    Args:
        settings: `cloud.settings`.
        servers: their ids.
    """
    try:
        cloud = connect(access_from(settings))
    except HavenError as error:
        return f"\n(the consoles could not be read: {error.what})"
    return "".join(console(cloud, server) for server in servers[:MACHINES])


def console(cloud: Any, server: str) -> str:
    """Return the end of one machine's console, with its name above it."""
    from openstack.exceptions import SDKException

    try:
        found = cloud.compute.get_server(server)
        text = cloud.compute.get_server_console_output(server, length=LINES)["output"]
    except SDKException as error:
        return f"\n{server}: its console cannot be read: {type(error).__name__}"
    lines = [line.rstrip() for line in str(text).splitlines() if line.strip()][-LINES:]
    head = f"\n{found.name} ({found.status.lower()}), end of its console:"
    return head + "".join(f"\n  {line}" for line in lines or ["(nothing)"])

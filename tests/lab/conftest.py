"""A connection to the lab's demo project; without a lab these tests are passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.settings import OpenStackSettings


@pytest.fixture(scope="session")
def cloud() -> Iterator[Any]:
    """Give a connection as the demo project's user."""
    if "OS_CLIENT_CONFIG_FILE" not in os.environ:
        pytest.skip("needs the lab")
    connection = connect(OpenStackSettings(image="haven-linux", cloud="haven-demo"))
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def provider(cloud: Any) -> str:
    """Give the name of Octavia's provider that takes everything."""
    names = {one.name for one in cloud.load_balancer.providers()}
    return next(name for name in ("amphora", "lab") if name in names)

"""The stack for the lab in a project of its own, and what the cloud holds of a cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.engine.stack import Stack

Things = set[tuple[str, str]]


def everything(cloud: Any) -> Things:
    """Return every object of every service in the project, by kind and id."""
    lists = {
        "server": cloud.compute.servers(),
        "server group": cloud.compute.server_groups(),
        "key pair": cloud.compute.keypairs(),
        "network": (one for one in cloud.network.networks() if not one.is_router_external),
        "subnet": (one for one in cloud.network.subnets() if one.project_id == cloud.current_project_id),
        "router": cloud.network.routers(),
        "port": cloud.network.ports(),
        "floating IP": cloud.network.ips(),
        "security group": cloud.network.security_groups(),
        "security group rule": cloud.network.security_group_rules(),
        "load balancer": cloud.load_balancer.load_balancers(),
        "listener": cloud.load_balancer.listeners(),
        "pool": cloud.load_balancer.pools(),
        "monitor": cloud.load_balancer.health_monitors(),
        "volume": cloud.block_storage.volumes(),
        "snapshot": cloud.block_storage.snapshots(),
        "share": cloud.shared_file_system.shares(),
        "share snapshot": cloud.shared_file_system.share_snapshots(),
        "application credential": cloud.identity.application_credentials(cloud.current_user_id),
        "credential": cloud.identity.credentials(),
        "container": cloud.object_store.containers(),
    }
    return {(kind, one.id) for kind, found in lists.items() for one in found}


def named(cloud: Any) -> list[tuple[str, str]]:
    """Return kind and name of what is made once and carries a name."""
    lists = {
        "server": cloud.compute.servers(),
        "server group": cloud.compute.server_groups(),
        "network": (one for one in cloud.network.networks() if not one.is_router_external),
        "router": cloud.network.routers(),
        "port": (one for one in cloud.network.ports() if one.name),
        "security group": (one for one in cloud.network.security_groups() if one.name != "default"),
        "load balancer": cloud.load_balancer.load_balancers(),
        "volume": cloud.block_storage.volumes(),
        "application credential": cloud.identity.application_credentials(cloud.current_user_id),
    }
    return [(kind, one.name) for kind, found in lists.items() for one in found]


@contextmanager
def project(folder: Path) -> Iterator[Stack]:
    """Give a project with the stack for the lab; what a failed test leaves is destroyed."""
    folder.mkdir()
    made = Stack(folder, "other")
    made.name = "lab"
    try:
        yield made
    finally:
        if (made.state / "state").is_dir():
            made.start("destroy", "--yes").communicate(timeout=900)
        made.remove()


def killed(stack: Stack, seconds: float, *args: str) -> bool:
    """Start a command, and kill it with its engine after so many seconds; False when it was done before."""
    process = stack.start(*args)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        engine = stack.engine()
        process.kill()
        if engine:
            with suppress(ProcessLookupError):
                os.kill(engine, signal.SIGKILL)
        process.communicate(timeout=120)
        return True
    return False


def settled(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """Return what a look returns, as soon as it is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found

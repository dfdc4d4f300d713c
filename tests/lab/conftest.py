"""One lab for all tests of this folder, in a network namespace of its own.

Inside `haven-iac lab exec -- pytest tests/lab` it is the lab that runs there already.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from haven_iac.bootstrap.base import Machine
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.lab.control import TOOLS, Lab
from haven_iac.lab.inside.faults import Faults
from haven_iac.lab.kube import Kube
from haven_iac.lab.place import find
from haven_iac.toolchain import ensure
from tests.lab.cloud import User, until
from tests.lab.net import Net

T = TypeVar("T")

FIRST = Machine("test-control-plane-az1-1", server=True, first=True)
AGENT = Machine("test-general-az2-1", server=False, first=False, labels=(("tier", "general"),))


def answers(port: int) -> bool:
    """Return whether something listens on a port of this machine, as this thread sees it."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Inside:
    """A lab that is up, and its user."""

    def __init__(self, lab: Lab, *, leaks: bool) -> None:
        self.lab = lab
        self.leaks = leaks
        """Whether its services could be reached from outside."""
        self.user = User(lab.place.clouds_file)
        self.admin = User(lab.place.clouds_file, "lab-admin")
        self.faults = Faults(str(lab.place.faults_file))

    def run(self, work: Callable[[], T]) -> T:
        """Do something inside the lab's namespace."""
        return self.lab.namespace.inside(work)


@contextmanager
def started() -> Iterator[Inside]:
    """Give a lab with an empty cloud; nothing of it is left afterwards."""
    if os.geteuid() != 0:
        pytest.skip("a lab inside one process needs root")
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    os.environ["HAVEN_LAB_STATE"] = str(folder)
    made = Lab(find(f"t{os.getpid()}"), print)
    before = answers(9696)
    try:
        ensure(TOOLS)
        made.prepare()
        made.namespace.inside(made.up)
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(made.place.clouds_file)
        yield Inside(made, leaks=answers(9696) and not before)
    finally:
        made.down(wipe=True)
        os.environ.pop("OS_CLIENT_CONFIG_FILE", None)
        del os.environ["HAVEN_LAB_STATE"]
        shutil.rmtree(folder)
    assert made.namespace.file is None


@pytest.fixture(scope="session")
def lab() -> Iterator[Inside]:
    """Give a lab."""
    if running := os.environ.get("HAVEN_LAB"):
        yield Inside(Lab(find(running)), leaks=False)
        return
    with started() as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def inside(lab: Inside) -> Iterator[None]:
    """Have the tests of a file inside the lab's namespace; those of other folders are not."""
    with lab.lab.namespace.entered():
        yield


@pytest.fixture(autouse=True)
def nothing_goes_wrong(lab: Inside) -> Iterator[None]:
    """Take every fault away after each test."""
    yield
    lab.faults.remove()


@pytest.fixture(scope="session")
def cloud(lab: Inside) -> Iterator[Any]:
    """Give a connection as the demo project's user, who logs in inside the lab."""
    connection = lab.run(lambda: connect(OpenStackSettings(image="haven-linux", cloud="haven-demo")))
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def provider() -> str:
    """Give the name of Octavia's provider that takes everything."""
    return "amphora"


class Cluster:
    """A cluster of one server and one agent, booted as ours are."""

    def __init__(self, lab: Inside) -> None:
        self.lab = lab
        self.net = Net.create(lab.user)
        self.first, self.address = self.net.boot(FIRST, "az1")
        self.agent, _ = self.net.boot(AGENT, "az2")
        lab.user.says(self.agent, "Started rke2-agent.service", 120)
        [folder] = [one for one in lab.lab.place.clusters.iterdir() if one.name.startswith(FIRST.name)]
        self.kube = Kube(folder / "kubeconfig")
        until("two nodes", lambda: len(self.nodes()) == 2)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """Return the nodes by name."""
        return {node["metadata"]["name"]: node for node in self.kube.items("/api/v1/nodes")}


@pytest.fixture(scope="session")
def cluster(lab: Inside) -> Iterator[Cluster]:
    """Give a cluster that runs."""
    made = lab.run(lambda: Cluster(lab))
    yield made
    lab.run(made.net.remove)

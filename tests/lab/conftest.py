"""One lab for all tests of this folder, in a network namespace of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from haven_iac.bootstrap.base import Machine
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


class Inside:
    """A lab that is up, and its user."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.user = User(lab.place.clouds_file)
        self.admin = User(lab.place.clouds_file, "lab-admin")
        self.faults = Faults(str(lab.place.faults_file))

    def run(self, work: Callable[[], T]) -> T:
        """Do something inside the lab's namespace."""
        return self.lab.namespace.inside(work)


@pytest.fixture(scope="session")
def lab() -> Iterator[Inside]:
    """Give a lab with an empty cloud; nothing of it is left afterwards."""
    if os.geteuid() != 0:
        pytest.skip("a lab inside one process needs root")
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    os.environ["HAVEN_LAB_STATE"] = str(folder)
    made = Lab(find(f"t{os.getpid()}"), print)
    try:
        ensure(TOOLS)
        made.prepare()
        made.namespace.inside(made.up)
        yield Inside(made)
    finally:
        made.down(wipe=True)
        del os.environ["HAVEN_LAB_STATE"]
        shutil.rmtree(folder)
    assert made.namespace.file is None


@pytest.fixture(autouse=True)
def nothing_goes_wrong(lab: Inside) -> Iterator[None]:
    """Take every fault away after each test."""
    yield
    lab.faults.remove()


class Cluster:
    """A cluster of one server and one agent, booted as ours are."""

    def __init__(self, lab: Inside) -> None:
        self.lab = lab
        self.net = Net.create(lab.user)
        self.first, self.address = self.net.boot(FIRST, "az1")
        self.agent, _ = self.net.boot(AGENT, "az2")
        lab.user.says(self.agent, "Started rke2-agent.service", 120)
        [folder] = lab.lab.place.clusters.iterdir()
        self.kube = Kube(folder / "kubeconfig")
        until("two nodes", lambda: len(self.nodes()) == 2)

    def nodes(self) -> dict[str, dict[str, object]]:
        """Return the nodes by name."""
        return {node["metadata"]["name"]: node for node in self.kube.items("/api/v1/nodes")}


@pytest.fixture(scope="session")
def cluster(lab: Inside) -> Cluster:
    """Give a cluster that runs; it goes with the lab."""
    return lab.run(lambda: Cluster(lab))

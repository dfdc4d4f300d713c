"""What every bootstrap of a distribution has to do."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from haven_iac.bootstrap.base import LIMIT, Bootstrap, Machine
from haven_iac.bootstrap.rancher import authority_hash
from haven_iac.bootstrap.registry import ALL, find
from haven_iac.errors import SpecError
from haven_iac.keys.material import make
from haven_iac.spec import ClusterSpec
from haven_iac.spec.cluster import Distribution
from haven_iac.spec.load import parse

KEYS = make("test-abcde", datetime(2026, 11, 24, tzinfo=UTC)).files
FIRST = Machine("test-control-plane-az1-1", server=True, first=True)
SECOND = Machine("test-control-plane-az2-1", server=True, first=False)
WORKER = Machine(
    "test-general-az1-1",
    server=False,
    first=False,
    labels=(("kubernetes.io/hostname", "x"), ("tier", "0123")),
    taints=(("dedicated", "db", "NoSchedule"),),
)


def spec(distribution: str) -> ClusterSpec:
    return parse(
        {
            "name": "test",
            "kubernetes": {"distribution": distribution},
            "cloud": {"kind": "local"},
            "pools": {"general": {}},
            "ingress": {"domain": "test.nl", "certificates": {"issuer": "private-ca"}},
        }
    )


def files(bootstrap: Bootstrap, machine: Machine) -> dict[str, str]:
    text = bootstrap.user_data(spec(bootstrap.distribution), machine, KEYS, "10.0.0.9").text
    assert text.startswith("#cloud-config\n")
    document = json.loads(text.partition("\n")[2])
    return {one["path"]: base64.b64decode(one["content"]).decode() for one in document["write_files"]}


def config(bootstrap: Bootstrap, machine: Machine) -> dict[str, object]:
    found = files(bootstrap, machine)
    return json.loads(found[f"/etc/rancher/{bootstrap.distribution}/config.yaml"])


def test_every_distribution_of_the_spec_has_one() -> None:
    assert {one.distribution for one in ALL} == {one.value for one in Distribution}
    assert all(isinstance(one, Bootstrap) for one in ALL)


def test_an_unknown_distribution_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SpecError, match="rke2, k3s"):
        find("microk8s")


@pytest.mark.parametrize("bootstrap", ALL, ids=lambda one: one.distribution)
class TestBootstrap:
    @pytest.mark.parametrize("machine", [FIRST, SECOND, WORKER], ids=lambda one: one.name)
    def test_fits_what_clouds_take_and_is_the_same_each_time(self, bootstrap: Bootstrap, machine: Machine) -> None:
        one, two = (
            bootstrap.user_data(spec(bootstrap.distribution), machine, KEYS, "10.0.0.9").packed for _ in range(2)
        )
        assert one == two
        assert len(one) < LIMIT

    def test_authority_keys_go_to_the_first_server_only(self, bootstrap: Bootstrap) -> None:
        assert KEYS["ca.key"] in files(bootstrap, FIRST).values()
        for machine in (SECOND, WORKER):
            assert not [path for path, text in files(bootstrap, machine).items() if "PRIVATE KEY" in text]

    def test_an_agent_never_learns_the_servers_token(self, bootstrap: Bootstrap) -> None:
        told = "".join(files(bootstrap, WORKER).values())
        assert KEYS["server.token"] not in told
        assert f"K10{authority_hash(KEYS['ca.crt'])}::node:{KEYS['agent.token']}" in told

    def test_only_the_first_server_may_start_a_cluster(self, bootstrap: Bootstrap) -> None:
        join = f"https://10.0.0.9:{bootstrap.join_port}"
        assert "server" not in config(bootstrap, FIRST)
        assert config(bootstrap, SECOND)["server"] == join
        assert config(bootstrap, WORKER)["server"] == join
        assert "FIRST='yes'" in files(bootstrap, FIRST)["/usr/local/sbin/haven-iac-join"]

    def test_labels_and_taints_are_written_as_text(self, bootstrap: Bootstrap) -> None:
        assert config(bootstrap, WORKER)["node-label"] == ["tier=0123"]
        assert config(bootstrap, WORKER)["node-taint"] == ["dedicated=db:NoSchedule"]

    @pytest.mark.parametrize("machine", [FIRST, SECOND, WORKER], ids=lambda one: one.name)
    def test_the_script_is_shell(self, bootstrap: Bootstrap, machine: Machine) -> None:
        script = files(bootstrap, machine)["/usr/local/sbin/haven-iac-join"]
        done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_it_is_pure() -> None:
    heavy = "[m for m in ('pulumi', 'cryptography') if m in sys.modules]"
    code = f"import sys, haven_iac.bootstrap.registry; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

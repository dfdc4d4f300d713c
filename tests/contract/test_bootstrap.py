"""What every bootstrap of a distribution has to do."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from haven_iac.bootstrap.base import LIMIT, Bootstrap, Machine
from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.rancher import authority_hash
from haven_iac.bootstrap.registry import ALL, find
from haven_iac.errors import SpecError
from haven_iac.spec.kubernetes import Distribution
from tests.unit.bootstrap_lab import AGENT, ALL_FACTS, ENDPOINT, EVERYTHING, FIRST, JOINING, config, files, keys, spec

JOIN = "/usr/local/sbin/haven-iac-bootstrap"


def told(bootstrap: Bootstrap, machine: Machine) -> dict[str, str]:
    return files(bootstrap.user_data(spec(bootstrap.distribution), machine, keys(), ENDPOINT))


def settings(bootstrap: Bootstrap, machine: Machine) -> dict[str, object]:
    return config(bootstrap.user_data(spec(bootstrap.distribution), machine, keys(), ENDPOINT))


def test_every_distribution_of_the_spec_has_one() -> None:
    assert {one.distribution for one in ALL} == {one.value for one in Distribution}
    assert all(isinstance(one, Bootstrap) for one in ALL)


def test_an_unknown_distribution_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SpecError, match="rke2, k3s"):
        find("microk8s")


@pytest.mark.parametrize("bootstrap", ALL, ids=lambda one: one.distribution)
class TestBootstrap:
    @pytest.mark.parametrize("machine", [FIRST, JOINING, AGENT], ids=lambda one: one.name)
    def test_fits_what_clouds_take_and_is_the_same_each_time(self, bootstrap: Bootstrap, machine: Machine) -> None:
        described = spec(bootstrap.distribution)
        one, two = (bootstrap.user_data(described, machine, keys(), ENDPOINT).packed for _ in range(2))
        assert one == two
        assert len(one) < LIMIT

    def test_authority_keys_go_to_the_first_server_only_and_only_intermediates(self, bootstrap: Bootstrap) -> None:
        first = told(bootstrap, FIRST)
        assert keys()["ca.key"] in first.values()
        private = {text for path, text in first.items() if "PRIVATE KEY" in text}
        assert private == {text for name, text in keys().items() if name.endswith(".key") and "PRIVATE KEY" in text}
        for machine in (JOINING, AGENT):
            assert not [path for path, text in told(bootstrap, machine).items() if "PRIVATE KEY" in text]

    def test_an_agent_never_learns_the_servers_token(self, bootstrap: Bootstrap) -> None:
        text = "".join(told(bootstrap, AGENT).values())
        assert keys()["server.token"] not in text
        assert f"K10{authority_hash(keys()['ca.crt'])}::node:{keys()['agent.token']}" in text

    def test_only_the_first_server_may_start_a_cluster(self, bootstrap: Bootstrap) -> None:
        join = f"https://{ENDPOINT}:{bootstrap.join_port}"
        assert "server" not in settings(bootstrap, FIRST)
        assert settings(bootstrap, JOINING)["server"] == join
        assert settings(bootstrap, AGENT)["server"] == join
        deciding = {machine.name: "/usr/local/lib/haven-iac/cluster.sh" in told(bootstrap, machine)
                    for machine in (FIRST, JOINING, AGENT)}  # fmt: skip
        assert deciding == {FIRST.name: True, JOINING.name: False, AGENT.name: False}

    def test_labels_and_taints_are_written_as_text(self, bootstrap: Bootstrap) -> None:
        assert "tier=0123" in str(settings(bootstrap, AGENT)["node-label"])
        assert settings(bootstrap, AGENT)["node-taint"] == ["dedicated=db:NoSchedule"]

    @pytest.mark.parametrize("machine", [FIRST, JOINING, AGENT], ids=lambda one: one.name)
    def test_everything_on_fits_and_holds_nothing_that_is_not_told(
        self, bootstrap: Bootstrap, machine: Machine
    ) -> None:
        data = bootstrap.user_data(spec(bootstrap.distribution, EVERYTHING), machine, keys(), ENDPOINT, ALL_FACTS)
        assert data.size < LIMIT
        assert re.fullmatch(r"[0-9a-f]{16}", data.generation)

    @pytest.mark.parametrize("machine", [FIRST, JOINING, AGENT], ids=lambda one: one.name)
    def test_files_with_secrets_are_for_root_only(self, bootstrap: Bootstrap, machine: Machine) -> None:
        data = bootstrap.user_data(spec(bootstrap.distribution), machine, keys(), ENDPOINT, BootFacts())
        secrets = [text for name, text in keys().items() if name.endswith((".key", ".token"))]
        for one in yaml.safe_load(data.text)["write_files"]:
            if any(secret.strip() in one["content"] for secret in secrets):
                assert one["permissions"] == "0600", one["path"]

    def test_key_material_that_lacks_a_file_is_an_error(self, bootstrap: Bootstrap) -> None:
        with pytest.raises(KeyError):
            bootstrap.user_data(spec(bootstrap.distribution), FIRST, {}, ENDPOINT)


def test_it_is_pure() -> None:
    heavy = "[m for m in ('pulumi', 'cryptography') if m in sys.modules]"
    code = f"import sys, haven_iac.bootstrap.registry; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

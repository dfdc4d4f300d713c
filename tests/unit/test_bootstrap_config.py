"""What the configuration of a node says, for every description that we accept."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from haven_iac.bootstrap import known, releases
from haven_iac.bootstrap.base import LIMIT, Machine
from haven_iac.bootstrap.facts import SNAPSHOT_SECRET, BootFacts, Marker, SnapshotStore
from haven_iac.bootstrap.files import File, cloud_config, quoted
from haven_iac.bootstrap.rancher import Boot, Rancher
from haven_iac.bootstrap.registry import ALL, find
from haven_iac.bootstrap.snapshots import secret
from haven_iac.errors import SpecError
from haven_iac.versions import minors
from tests.unit.bootstrap_lab import (
    AGENT,
    ALL_FACTS,
    ENDPOINT,
    EVERYTHING,
    FIRST,
    JOINING,
    MACHINES,
    PEM,
    PLAIN,
    config,
    files,
    keys,
    spec,
)

BOTH = pytest.mark.parametrize("distribution", ["rke2", "k3s"])
NASTY = st.sampled_from(
    ["no", "on", "0640", "0123456", "1e3", "~", "null", "0x1F", "12:30:45", "=", "<<", "y: z", "é😀"]
)

descriptions = st.fixed_dictionaries(
    {},
    optional={
        "kubernetes": st.fixed_dictionaries(
            {}, optional={"version": st.sampled_from(minors().supported), "cni": st.sampled_from(["cilium", "canal"])}
        ),
        "network": st.fixed_dictionaries(
            {},
            optional={
                "pods": st.sampled_from(["10.42.0.0/16", "172.16.0.0/14"]),
                "services": st.sampled_from(["10.43.0.0/16", "10.96.0.0/12"]),
                "ntpServers": st.lists(st.sampled_from(["ntp.example.nl", "192.0.2.1", "fd00::1"]), max_size=3),
                "proxy": st.just({"url": "http://proxy.example.nl:3128", "noProxy": [".nl", "no"]}),
                "mtu": st.integers(1280, 9216),
            },
        ),
        "controlPlane": st.fixed_dictionaries(
            {"size": st.sampled_from([1, 3, 5])},
            optional={
                "snapshots": st.fixed_dictionaries(
                    {"schedule": st.sampled_from(["0 */6 * * *", "*/5 1-5 * * 1"]), "keep": st.integers(1, 500)}
                )
            },
        ),
        "identity": st.fixed_dictionaries(
            {
                "oidc": st.fixed_dictionaries(
                    {"issuer": st.just("https://id.example.nl/realms/x"), "clientId": NASTY},
                    optional={"usernameClaim": st.sampled_from(["email", "no"]), "groupsPrefix": st.just("")},
                )
            }
        ),
        "mirror": st.fixed_dictionaries(
            {"images": st.sampled_from(["registry.example.nl", "docker.io", "10.0.0.1:5000/a/b"])},
            optional={
                "charts": st.sampled_from(["oci://registry.example.nl/charts", "https://charts.example.nl"]),
                "releases": st.just("https://files.example.nl/x/"),
                "caSecret": st.just("mirror-ca"),
            },
        ),
    },
)
stores = st.builds(
    SnapshotStore,
    bucket=st.just("test-etcd"),
    endpoint=st.sampled_from(["s3.example.nl", "10.0.0.1:9000"]),
    folder=st.sampled_from(["", "test-abcde"]),
    insecure=st.booleans(),
    path_style=st.booleans(),
    ca=st.sampled_from(["", PEM]),
    access_key=st.sampled_from(["", "0123"]),
    secret_key=st.just("1e3"),
)
facts = st.builds(
    BootFacts,
    external_cloud=st.booleans(),
    node_ip=st.sampled_from(["", "10.20.0.11"]),
    peers=st.sampled_from([(), ("10.20.0.12",)]),
    names=st.sampled_from([(), ("api.test.nl", ENDPOINT)]),
    cluster_exists=st.booleans(),
    marker=st.sampled_from([None, Marker("https://x/'\"y", 'it\'s "there"')]),
    etcd_disk=st.sampled_from([(), ("/dev/vdb",)]),
    snapshots=st.none() | stores,
    mirror_ca=st.sampled_from(["", PEM]),
)
labels = st.dictionaries(
    st.sampled_from(["tier", "no", "example.nl/x", "node-role.kubernetes.io/worker", "topology.kubernetes.io/zone"]),
    st.sampled_from(["", "0123", "no", "on", "1e3"]),
).map(lambda found: tuple(found.items()))
machines = st.builds(
    lambda one, given, taints: replace(one, labels=given, taints=taints),
    st.sampled_from(list(MACHINES.values())),
    labels,
    st.sampled_from([(), (("dedicated", "0640", "NoSchedule"), ("x", "", "NoExecute"))]),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ALL), machines, descriptions, facts)
def test_every_key_is_one_that_the_distribution_knows_for_that_release_and_role(
    bootstrap: Rancher, machine: Machine, description: dict[str, Any], told: BootFacts
) -> None:
    described = spec(bootstrap.distribution, {**PLAIN, **description})
    data = bootstrap.user_data(described, machine, keys(), ENDPOINT, told)
    role = "server" if machine.server else "agent"
    written = config(data)
    assert list(known.problems(bootstrap.distribution, role, releases.of(described).name, written)) == []
    # What a YAML 1.1 reader understands is what was meant: nothing turned into a number, a date or a truth.
    assert written == bootstrap.config(Boot(described, machine, keys(), ENDPOINT, told))
    assert data.size < LIMIT
    for path, text in files(data).items():
        if path.endswith((".yaml", ".yml")):
            assert all(isinstance(one, dict) for one in yaml.safe_load_all(text)), path


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL), descriptions, facts)
def test_what_all_servers_must_agree_on_is_equal(
    bootstrap: Rancher, description: dict[str, Any], told: BootFacts
) -> None:
    described = spec(bootstrap.distribution, {**PLAIN, **description})
    one, two = (
        config(bootstrap.user_data(described, machine, keys(), ENDPOINT, replace(told, node_ip=address)))
        for machine, address in ((FIRST, "10.20.0.11"), (JOINING, "10.20.0.12"))
    )
    for key in known.same_on_all_servers():
        assert one.get(key) == two.get(key), key


@pytest.mark.parametrize(
    "text", ["no", "on", "0640", "0123456", "1e3", "~", "12:30:45", "", " a", "a: b", "x\u0085y", "😀"]
)
def test_a_text_stays_a_text(text: str) -> None:
    assert yaml.safe_load(quoted({text: [text, {"x": text}]})) == {text: [text, {"x": text}]}
    assert quoted([text]).startswith('- "')


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(" \t\n\r#|:-'\"\\\u0085\u2028é😀a0\x00\x7f"), max_size=12))
def test_cloud_init_writes_the_very_text(text: str) -> None:
    written = cloud_config([File("/x", text)], [["echo", text]])
    assert yaml.safe_load(written) == {
        "write_files": [{"path": "/x", "permissions": "0600", "content": text}],
        "runcmd": [["echo", text]],
    }


class TestWhatIsKnown:
    def test_a_typo_is_seen(self) -> None:
        assert list(known.problems("rke2", "server", "v1.36.5+rke2r1", {"tls-sans": ["x"]}))

    def test_a_key_of_the_other_role_is_seen(self) -> None:
        assert list(known.problems("rke2", "agent", "v1.36.5+rke2r1", {"tls-san": ["x"]}))
        assert not list(known.problems("rke2", "server", "v1.36.5+rke2r1", {"tls-san": ["x"]}))

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("debug", "no"),
            ("etcd-snapshot-retention", True),
            ("token", 42798),
            ("cni", ["clium"]),
            ("disable", ["a,b"]),
        ],
    )
    def test_a_wrong_value_is_seen(self, key: str, value: object) -> None:
        assert list(known.problems("rke2", "server", "v1.36.5+rke2r1", {key: value}))

    def test_a_key_that_a_release_does_not_know_yet_is_said_before_anything_is_made(self) -> None:
        described = spec("rke2", PLAIN, version="1.34", release="v1.34.0+rke2r1")
        told = BootFacts(snapshots=SnapshotStore("test", "s3.example.nl"))
        with pytest.raises(SpecError, match=r"etcd-s3-retention: v1\.34\.0\+rke2r1 does not know it yet"):
            find("rke2").user_data(described, FIRST, keys(), ENDPOINT, told)


class TestReleases:
    @BOTH
    @pytest.mark.parametrize("minor", minors().supported)
    def test_every_version_has_one_exact_release(self, distribution: str, minor: str) -> None:
        release = releases.of(spec(distribution, version=minor))
        assert release.name.startswith(f"v{minor}.")
        assert f"+{distribution}" in release.name
        assert release.folder.endswith(release.name.replace("+", "%2B"))
        assert release.folder.startswith("https://github.com/")

    def test_the_description_may_name_another_one_and_a_mirror(self) -> None:
        given = {**PLAIN, "mirror": {"releases": "https://files.example.nl/k/"}}
        release = releases.of(spec("rke2", given, release="v1.36.6+rke2r1", checksums={"arm64": "b" * 64}))
        assert release.folder == "https://files.example.nl/k/v1.36.6%2Brke2r1"
        assert release.checksums == {"arm64": "b" * 64}

    @pytest.mark.parametrize(
        ("kubernetes", "told"),
        [
            ({"release": "v1.35.9+rke2r1"}, "no release of version 1.36"),
            ({"release": "v1.36.5+k3s1"}, "no release of rke2"),
            ({"checksums": {"amd64": "a" * 64}}, "none is written"),
            ({"release": "latest"}, "is not a release"),
            ({"release": "v1.36.5+rke2r1", "checksums": {"amd64": "A" * 64}}, "is not a SHA-256"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, kubernetes: dict[str, Any], told: str) -> None:
        with pytest.raises(SpecError, match=told):
            spec("rke2", PLAIN, **kubernetes)

    def test_an_authority_without_a_mirror_is_refused(self) -> None:
        with pytest.raises(SpecError, match="but no mirror"):
            spec("rke2", {**PLAIN, "mirror": {"caSecret": "ca"}})


class TestCloudController:
    def test_rke2_is_told_on_every_node(self) -> None:
        for machine in MACHINES.values():
            found = config(
                find("rke2").user_data(spec("rke2"), machine, keys(), ENDPOINT, BootFacts(external_cloud=True))
            )
            assert found["cloud-provider-name"] == "external"
            assert found.get("disable-cloud-controller") is (True if machine.server else None)

    def test_k3s_is_told_on_every_node(self) -> None:
        for machine in MACHINES.values():
            found = config(
                find("k3s").user_data(spec("k3s"), machine, keys(), ENDPOINT, BootFacts(external_cloud=True))
            )
            assert "cloud-provider=external" in found["kubelet-arg"]
            assert found.get("disable-cloud-controller") is (True if machine.server else None)

    @BOTH
    def test_the_kubelet_sets_the_zone_only_where_no_controller_does(self, distribution: str) -> None:
        for external in (True, False):
            told = BootFacts(external_cloud=external)
            found = config(find(distribution).user_data(spec(distribution), AGENT, keys(), ENDPOINT, told))
            assert ("topology.kubernetes.io/zone=az1" in found["node-label"]) is not external


@BOTH
class TestPodNetwork:
    def test_cilium_replaces_kube_proxy(self, distribution: str) -> None:
        data = find(distribution).user_data(spec(distribution), JOINING, keys(), ENDPOINT)
        assert config(data)["disable-kube-proxy"] is True
        text = files(data)[f"/var/lib/rancher/{distribution}/server/manifests/haven-iac.yaml"]
        chart, policy = yaml.safe_load_all(text)
        values = yaml.safe_load(chart["spec"]["valuesContent"])
        assert values["kubeProxyReplacement"] is True
        assert values["k8sServiceHost"] == "localhost"
        assert values["k8sServicePort"] == {"rke2": "6443", "k3s": "6444"}[distribution]
        assert policy["spec"]["egressDeny"] == [{"toCIDR": ["169.254.169.254/32"]}]
        assert chart["kind"] == {"rke2": "HelmChartConfig", "k3s": "HelmChart"}[distribution]

    def test_canal_leaves_kube_proxy(self, distribution: str) -> None:
        data = find(distribution).user_data(spec(distribution, cni="canal"), JOINING, keys(), ENDPOINT)
        assert config(data)["disable-kube-proxy"] is False
        assert not [path for path in files(data) if "manifests" in path]
        assert "flannel-backend" not in config(data)


def test_objects_of_the_cloud_are_applied_by_every_server_and_by_no_agent() -> None:
    told = BootFacts(manifests=(("address", "kind: DaemonSet\n"),))
    path = "/var/lib/rancher/rke2/server/manifests/haven-iac-address.yaml"
    for machine in MACHINES.values():
        found = files(find("rke2").user_data(spec("rke2"), machine, keys(), ENDPOINT, told))
        assert found.get(path) == ("kind: DaemonSet\n" if machine.server else None)


def test_k3s_gets_cilium_from_the_mirror_of_charts_and_believes_its_authority() -> None:
    data = find("k3s").user_data(spec("k3s", EVERYTHING), FIRST, keys(), ENDPOINT, ALL_FACTS)
    chart, _ = yaml.safe_load_all(files(data)["/var/lib/rancher/k3s/server/manifests/haven-iac.yaml"])
    assert chart["spec"]["chart"] == "oci://registry.example.nl/charts/cilium"
    assert chart["spec"]["repoCA"] == PEM
    assert chart["spec"]["bootstrap"] is True


class TestSnapshots:
    STORE = SnapshotStore("test-etcd", "s3.example.nl", "nl", "test-abcde", ca=PEM)

    @BOTH
    def test_a_secret_leaves_no_other_setting_that_would_void_it(self, distribution: str) -> None:
        told = BootFacts(snapshots=self.STORE)
        found = config(find(distribution).user_data(spec(distribution), FIRST, keys(), ENDPOINT, told))
        s3 = {key for key in found if key.startswith("etcd-s3")}
        assert s3 == {"etcd-s3", "etcd-s3-config-secret", "etcd-s3-retention"}
        assert found["etcd-s3-config-secret"] == SNAPSHOT_SECRET

    def test_the_secret_says_everything_else_in_texts(self) -> None:
        body = secret(self.STORE, "0123", "1e3")
        assert body["metadata"] == {"name": SNAPSHOT_SECRET, "namespace": "kube-system"}
        assert all(isinstance(value, str) for value in body["stringData"].values())
        assert body["stringData"]["etcd-s3-endpoint-ca"] == PEM
        assert set(body["stringData"]) <= set(known.keys())

    def test_credentials_in_user_data_go_to_servers_only_and_are_not_shown(self) -> None:
        told = BootFacts(snapshots=replace(self.STORE, access_key="AK", secret_key="hushhush"))
        assert "hushhush" not in repr(told)
        for machine in MACHINES.values():
            data = find("rke2").user_data(spec("rke2"), machine, keys(), ENDPOINT, told)
            assert ("hushhush" in data.text) is machine.server

    def test_schedule_and_number_come_from_the_description(self) -> None:
        found = config(find("rke2").user_data(spec("rke2", EVERYTHING), FIRST, keys(), ENDPOINT, ALL_FACTS))
        assert found["etcd-snapshot-schedule-cron"] == "0 */4 * * *"
        assert found["etcd-snapshot-retention"] == found["etcd-s3-retention"] == 42


class TestGeneration:
    def generation(self, machine: Machine = AGENT, told: BootFacts = BootFacts(), **more: Any) -> str:
        return find("rke2").user_data(spec("rke2", **more), machine, keys(), ENDPOINT, told).generation

    def test_stays_for_what_is_changed_in_place_or_differs_by_machine(self) -> None:
        other = replace(AGENT, name="test-general-az2-7", labels=(("tier", "x"),), taints=())
        assert self.generation() == self.generation(other, BootFacts(node_ip="10.20.0.77"))
        assert self.generation(FIRST) == self.generation(JOINING)
        assert self.generation(FIRST) == self.generation(FIRST, BootFacts(cluster_exists=True, peers=("10.20.0.12",)))

    def test_changes_with_release_and_settings(self) -> None:
        found = {
            self.generation(),
            self.generation(release="v1.36.4+rke2r1"),
            self.generation(told=BootFacts(external_cloud=True)),
            self.generation(given={**PLAIN, "mirror": {"images": "registry.example.nl"}}),
        }
        assert len(found) == 4


def test_a_first_server_whose_cluster_is_known_to_exist_gets_no_key() -> None:
    data = find("rke2").user_data(spec("rke2"), FIRST, keys(), ENDPOINT, BootFacts(cluster_exists=True))
    assert "PRIVATE KEY" not in data.text
    assert config(data)["server"] == f"https://{ENDPOINT}:9345"
    assert not [path for path in files(data) if path.endswith("cluster.sh")]


class TestRegistries:
    def found(self, images: str) -> tuple[dict[str, Any], dict[str, Any]]:
        told = BootFacts(mirror_ca=PEM)
        described = spec("rke2", {**PLAIN, "mirror": {"images": images, "caSecret": "ca"}})
        data = find("rke2").user_data(described, FIRST, keys(), ENDPOINT, told)
        return config(data), yaml.safe_load(files(data)["/etc/rancher/rke2/registries.yaml"])

    def test_a_mirror_answers_for_every_registry_and_the_original_is_not_asked(self) -> None:
        settings, registries = self.found("registry.example.nl:5000")
        assert settings["system-default-registry"] == "registry.example.nl:5000"
        assert settings["disable-default-registry-endpoint"] is True
        assert {"docker.io", "quay.io", "*"} <= set(registries["mirrors"])
        assert registries["mirrors"]["docker.io"] == {"endpoint": ["https://registry.example.nl:5000"]}
        assert registries["configs"] == {
            "registry.example.nl:5000": {"tls": {"ca_file": "/etc/haven-iac/mirror-ca.pem"}}
        }

    def test_a_path_in_the_mirror_is_put_before_every_name(self) -> None:
        settings, registries = self.found("registry.example.nl/haven/")
        assert "system-default-registry" not in settings
        assert registries["mirrors"]["quay.io"]["rewrite"] == {"^(.*)$": "haven/$1"}

    def test_a_mirror_is_no_mirror_of_itself(self) -> None:
        assert "docker.io" not in self.found("docker.io")[1]["mirrors"]


def test_the_cluster_itself_is_reached_without_the_proxy() -> None:
    data = find("rke2").user_data(spec("rke2", EVERYTHING), JOINING, keys(), ENDPOINT, ALL_FACTS)
    text = files(data)["/etc/default/rke2-server"]
    direct = dict(line.split("=", 1) for line in text.splitlines())["NO_PROXY"].strip('"').split(",")
    own = {"127.0.0.0/8", "169.254.169.254", "10.20.0.0/20", "10.42.0.0/16", "10.43.0.0/16", ENDPOINT, "api.test.nl"}
    assert own <= set(direct)
    assert ".example.nl" in direct


@BOTH
def test_the_largest_user_data_fits_with_room_to_spare(distribution: str, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = "".join(PEM.replace("ZHVtbXk=", f"{number:064x}" * 24) for number in range(4))
    told = replace(ALL_FACTS, mirror_ca=bundle, identity_ca=bundle, peers=tuple(f"10.20.0.{n}" for n in range(12, 18)))
    many = tuple((f"example.nl/label-{number}", f"value-{number}") for number in range(60))
    data = find(distribution).user_data(
        spec(distribution, EVERYTHING), replace(FIRST, labels=many), keys(), ENDPOINT, told
    )
    with capsys.disabled():
        print(f"\n{distribution}: user data of a first server with everything on takes {data.size} of {LIMIT} bytes")
    assert data.size < LIMIT / 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@BOTH
@pytest.mark.parametrize("role", MACHINES)
def test_systemd_understands_the_units(distribution: str, role: str, tmp_path: Path) -> None:
    data = find(distribution).user_data(spec(distribution, EVERYTHING), MACHINES[role], keys(), ENDPOINT, ALL_FACTS)
    program = shutil.which("true") or "/bin/true"
    for path, text in files(data).items():
        if path.startswith("/etc/systemd/system/"):
            target = tmp_path / path.removeprefix("/etc/systemd/system/")
            target.parent.mkdir(exist_ok=True)
            target.write_text(re.sub(r"(?m)^(Exec\w+=-?)/usr/local/\S+", rf"\1{program}", text))
    for dropped in tmp_path.glob("*.service.d"):
        unit = tmp_path / dropped.name.removesuffix(".d")
        if not unit.exists():  # RKE2's comes with its release
            unit.write_text(f"[Service]\nType=notify\nExecStart={program}\n")
    units = sorted(tmp_path.glob("*.service"))
    assert len(units) == 2
    env = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False, env=env
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_data_says_where_it_comes_from_and_when() -> None:
    for one in ("keys.yaml", "releases.yaml"):
        text = (releases._FILE.parent / one).read_text()
        found = yaml.safe_load(text)
        assert found["asOf"].startswith("2026-")
        assert len(found["source"]) > 40
    assert json.dumps(dict(releases.data()))

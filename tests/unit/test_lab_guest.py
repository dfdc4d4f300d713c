"""What a lab's machine makes of its user data, and what its stand-ins answer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import tarfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest
import yaml

from haven_iac.lab.machines import plan as plans
from haven_iac.lab.machines.guest import accounts, curl, disks, outside, units, userdata
from haven_iac.lab.machines.guest.browser import Browser
from haven_iac.lab.machines.guest.disks import Disks
from haven_iac.lab.machines.guest.kernel import Kernel
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.systemd import Systemd, UnitFailedError
from haven_iac.lab.machines.network import UnreachableError


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "volumes").mkdir()
    made = Root(tmp_path / "root", tmp_path / "template", tmp_path / "volumes")
    made.make("node", "10.0.0.1")
    return made


def parse(text: str | bytes) -> userdata.CloudInit:
    return userdata.parse(base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode())


# User data


def test_files_commands_users_and_the_name() -> None:
    zipped = base64.b64encode(gzip.compress(b"zipped")).decode()
    init = parse(
        f"""#cloud-config
hostname: Node-1.example.org
users: [default, {{name: etcd}}]
packages: [nfs-common, [chrony, 4.5]]
write_files:
- {{path: /a, content: one, permissions: "0600"}}
- {{path: /a, content: " two", append: true}}
- {{path: /b, encoding: gz+b64, content: "{zipped}", defer: true}}
bootcmd: [first]
runcmd:
- second
- [bash, -c, "third; fourth"]
- [echo, a b]
"""
    )
    assert [(file.path, file.content, file.mode) for file in init.files] == [
        ("/a", b"one", 0o600),
        ("/a", b" two", 0o644),
        ("/b", b"zipped", 0o644),
    ]
    assert init.files[2].deferred
    assert (init.bootcmd, init.runcmd) == (["first"], ["second", "bash -c 'third; fourth'", "echo 'a b'"])
    assert (init.users, init.packages) == (["default", "etcd"], ["nfs-common", "chrony"])
    assert (init.hostname, init.notes) == ("node-1", [])


def test_a_zipped_script_is_a_script() -> None:
    assert parse(gzip.compress(b"#!/bin/sh\necho hello\n")).scripts == [b"#!/bin/sh\necho hello\n"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("#cloud-config\na: [", "Invalid format at line"),
        ("#cloud-config\n- x", "got list instead"),
        ("hello", "Unhandled non-multipart"),
        ("#cloud-config\nruncmd: echo", "not of type array"),
        ("#cloud-config\nwrite_files: [{content: x}]", "KeyError('path')"),
        ("#cloud-config\nwrite_files: [{path: /a, content: {}}]", "not text"),
        ("#include\nhttps://example.org", "not supported"),
        (b"\x1f\x8bgarbage", "gzip"),
    ],
)
def test_bad_user_data_are_noted_and_dropped(text: str | bytes, note: str) -> None:
    init = parse(text)
    assert note in " ".join(init.notes)
    assert (init.files, init.runcmd, init.scripts) == ([], [], [])


# The root


def test_links_inside_never_lead_out_of_the_root(root: Root, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    (root.folder / "up").symlink_to("../../secret")
    (root.folder / "away").symlink_to(str(tmp_path / "secret"))
    assert root.read("/up") is None
    assert root.read("/away") is None
    assert root.path("/../../etc/hosts") == root.folder / "etc/hosts"


# Units


def test_a_unit_is_read_with_its_drop_ins() -> None:
    base = """[Service]
Type=oneshot
ExecStart=/bin/old
EnvironmentFile=-/etc/default/%N
[Install]
WantedBy=multi-user.target
"""
    more = "[Service]\nExecStart=\nExecStart=-/usr/local/bin/rke2 server --debug\nRestart=always\nRestartSec=1min 5s\n"
    unit = units.parse("rke2-server.service", [base, more])
    assert unit.start == (units.Command(("/usr/local/bin/rke2", "server", "--debug"), ignore=True),)
    assert (unit.kubernetes, unit.kind, unit.restart, unit.pause) == ("rke2", "oneshot", "always", 65.0)
    assert (unit.environment_files, unit.wanted) == (("-/etc/default/rke2-server",), True)


class Machine:
    """A host of units that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.ran, self.said = failures, list[str](), list[str]()

    def log(self, text: str) -> None:
        self.said.append(text)

    async def execute(self, words: Sequence[str], env: Mapping[str, str], label: str) -> int:
        self.ran.append(" ".join(words))
        self.failures -= 1
        return 1 if self.failures >= 0 else 0

    async def kubernetes(self, unit: units.Unit, env: Mapping[str, str], ready: Callable[[], Awaitable[None]]) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise UnitFailedError(f"rke2: failed with {env['A']}")
        await ready()
        await asyncio.Event().wait()


def test_a_oneshot_that_fails_is_started_again_and_then_what_comes_after_it(root: Root) -> None:
    text = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/a\nExecStartPost=/b\nRestart=on-failure\n"
    root.write("/etc/systemd/system/join.service", f"{text}RestartSec=1\n")
    host = Machine(failures=2)

    async def run() -> str:
        systemd = Systemd(host, root, 100)
        assert await systemd.start("join.service") == 1
        state = systemd.state("join.service")
        while state.active != "active":
            await asyncio.sleep(0.01)
        return state.active

    assert asyncio.run(asyncio.wait_for(run(), 10)) == "active"
    assert host.ran == ["/a", "/a", "/a", "/b"]


def test_a_node_counts_as_started_once_it_is_one(root: Root) -> None:
    root.write("/usr/local/bin/rke2", outside.program("rke2", "v1.36.3+rke2r1"), 0o755)
    root.write("/etc/default/rke2-server", 'A="b"\n')
    root.write("/usr/local/lib/systemd/system/rke2-server.service", outside.units()["rke2-server.service"])
    host = Machine(failures=1)

    async def run() -> list[int]:
        systemd = Systemd(host, root, 100)
        codes = [await systemd.start("missing.service"), await systemd.start("rke2-server.service")]
        state = systemd.state("rke2-server.service")
        while state.active != "active":
            await asyncio.sleep(0.01)
        await systemd.stop("rke2-server.service")
        return [*codes, 0 if state.active == "inactive" else 1]

    assert asyncio.run(asyncio.wait_for(run(), 10)) == [5, 1, 0]
    assert "rke2: failed with b" in host.said


# Stand-ins


def test_kernel_settings_count_once_they_are_loaded(root: Root) -> None:
    kernel = Kernel(root)
    root.write("/etc/sysctl.d/60.conf", "# x\nkernel.panic = 10\n-vm/overcommit_memory=1\n")
    assert kernel.values["kernel.panic"] == "0"
    kernel.load()
    assert (kernel.values["kernel.panic"], kernel.values["vm.overcommit_memory"]) == ("10", "1")
    assert kernel.sysctl(["-n", "kernel.panic"]).out == b"10\n"
    assert kernel.sysctl(["no.such"]).code == 255


def test_users_and_groups_are_added_once(root: Root) -> None:
    words = ["--system", "--gid", "etcd", "--shell", "/usr/sbin/nologin", "etcd"]
    assert [accounts.run(root, "useradd", words).code for _ in (1, 2)] == [0, 9]
    assert "etcd:x:" in root.text("/etc/passwd")
    assert "etcd" in accounts.names(root, "/etc/group")


def test_a_blank_disk_is_formatted_and_its_data_outlive_the_machine(root: Root) -> None:
    own = Disks(root, {"/dev/vdb": "0123-volume"})
    own.appear()
    root.write("/etc/fstab", "LABEL=haven-etcd /data/db ext4 nofail 0 2\n")
    assert disks.run(own, "blkid", ["-p", "/dev/vdb"]).code == 2
    assert disks.run(own, "mount", ["/data/db"]).code == 32
    assert disks.run(own, "mkfs.ext4", ["-q", "-L", "haven-etcd", "/dev/vdb"]).code == 0
    assert disks.run(own, "blkid", ["-L", "haven-etcd"]).out == b"/dev/vdb\n"
    root.path("/data/db").mkdir(parents=True)
    assert disks.run(own, "mount", ["/data/db"]).code == 0
    assert disks.run(own, "mountpoint", ["-q", "/data/db"]).code == 0
    root.write("/data/db/etcd/member", "kept")
    root.remove()
    root.make("node", None)
    disks.run(own, "mount", ["LABEL=haven-etcd", "/data/db"])
    assert root.text("/data/db/etcd/member") == "kept"


def test_releases_are_the_same_each_time_and_fit_their_sums(tmp_path: Path) -> None:
    beyond = outside.Outside(tmp_path)
    base = "/rancher/rke2/releases/download/v1.36.5%2Brke2r1"
    status, data = beyond.get("github.com", f"{base}/rke2.linux-amd64.tar.gz")
    assert (status, outside.release_of(data)) == (200, "v1.36.5+rke2r1")
    sums = beyond.get("github.com", f"{base}/sha256sum-amd64.txt")[1].decode()
    assert f"{hashlib.sha256(data).hexdigest()}  rke2.linux-amd64.tar.gz" in sums
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        names = tar.getnames()
    assert set(names) == {"bin/rke2", *(f"lib/systemd/system/rke2-{role}.service" for role in ("server", "agent"))}
    assert not beyond.knows("files.example.nl")
    (tmp_path / "files.example.nl").mkdir()
    assert beyond.knows("files.example.nl")
    assert not beyond.knows("../etc")


# curl


class Net:
    """A network in which one address refuses, one is silent, and nothing else is."""

    async def connect(self, host: str, port: int) -> tuple[str, int]:
        raise UnreachableError("i/o timeout" if host == "10.0.0.2" else "connection refused")

    async def resolve(self, name: str) -> str | None:
        return "10.0.0.3" if name == "known" else None

    def way_out(self) -> bool:
        return True

    def metadata(self, path: str) -> bytes | None:
        return b'{"meta": {}}' if path == "/openstack/latest/meta_data.json" else None


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("--silent https://10.0.0.2:9345/cacerts --max-time 1", 28, b""),
        ("-s http://10.0.0.3", 7, b""),
        ("-s https://known:6443", 7, b""),
        ("-s http://unknown", 6, b""),
        ("-s ftp://10.0.0.3", 1, b""),
        ("-s --proto =https http://10.0.0.3", 1, b""),
        ("-sf http://169.254.169.254/none", 22, b""),
        ("-s -w %{http_code} http://169.254.169.254/openstack/latest/meta_data.json", 0, b'{"meta": {}}200'),
        ("-s -w %{http_code} http://10.0.0.3", 7, b"000"),
        ("-s --config /marker.curl -o /answer -w %{http_code}", 0, b"200"),
        ("--nonsense http://a", 2, b""),
        ("-s -x http://proxy:3128 https://10.0.0.3:6443", 56, b""),
        ("-s -x http://proxy:3128 --noproxy * https://10.0.0.3:6443", 7, b""),
    ],
)
def test_curl_ends_as_curl_does(root: Root, tmp_path: Path, line: str, code: int, out: bytes) -> None:
    root.write("/marker.curl", 'url = "http://169.254.169.254/openstack/latest/meta_data.json"\nheader = "X-A: b"\n')
    browser = Browser(Net(), root, outside.Outside(tmp_path), 1000)
    result = asyncio.run(browser.curl(line.split(), {}, "/"))
    assert (result.code, result.out) == (code, out)
    if "-o" in line:
        assert root.text("/answer") == '{"meta": {}}'


def test_curl_config_files_say_what_words_do() -> None:
    text = '# x\nurl = "http://a"\n-H "A: b"\nsilent\noutput: /tmp/x\n'
    request = curl.parse(["--config", "f"], {"f": text})
    assert (request.urls, request.headers, request.flags) == (["http://a"], {"A": "b"}, {"silent"})


# The configuration that a unit finds


def plan(root: Root, role: str = "server", config: object = None, **more: object) -> plans.Plan:
    if config is not None:
        root.write("/etc/rancher/rke2/config.yaml", yaml.safe_dump(config))
    for name, value in more.items():
        root.write(f"/etc/rancher/rke2/config.yaml.d/{name}.yaml", yaml.safe_dump(value))
    unit = units.parse("x.service", [f"[Service]\nExecStart=/usr/local/bin/rke2 {role}\n"])
    return plans.read(root, unit, {}, "v1.36.3+rke2r1")


def test_later_files_win_and_plus_appends(root: Root) -> None:
    found = plan(
        root,
        config={"token": "a", "tls-san": ["x"]},
        b={"token": "c", "tls-san+": "z"},
        a={"tls-san+": ["y"]},
    )
    assert found.config == {"token": "c", "tls-san": ["x", "y", "z"]}


def test_values_are_taken_apart_as_the_distribution_does(root: Root) -> None:
    found = plan(root, config={"cluster-cidr": "10.0.0.0/16,fd00::/56", "kubelet-arg": ["cloud-provider=external"]})
    assert found.many("cluster-cidr") == ["10.0.0.0/16", "fd00::/56"]
    assert found.external_cloud
    assert found.one("cni", "canal") == "canal"


@pytest.mark.parametrize(
    ("role", "config", "said"),
    [
        ("server", {"nonsense": 1}, "not defined: -nonsense"),
        ("agent", {"cni": "x", "server": "https://a"}, "defined: -cni"),
        ("agent", {"token": "t"}, "--server is required"),
        ("agent", {"server": "https://a"}, "--token is required"),
        ("server", {"profile": "cis"}, "unknown user etcd"),
        ("server", {"profile": "cis-1.23"}, "invalid value"),
        ("agent", {"profile": "cis", "server": "https://a", "token": "t"}, "invalid kernel parameter value"),
    ],
)
def test_what_stops_a_unit(root: Root, role: str, config: dict[str, object], said: str) -> None:
    with pytest.raises(plans.PlanError, match=said):
        plan(root, role, config).check(accounts.names(root), Kernel(root).values)


def test_a_configuration_that_is_no_mapping_stops_it(root: Root) -> None:
    with pytest.raises(plans.PlanError, match="cannot unmarshal"):
        plan(root, config=["x"])


def test_the_command_line_comes_after_the_files(root: Root) -> None:
    root.write("/etc/rancher/k3s/config.yaml", "token: a\n")
    line = "/usr/local/bin/k3s server --cluster-init --tls-san=a --tls-san b --token c"
    unit = units.parse("k3s.service", [f"[Service]\nExecStart={line}\n"])
    found = plans.read(root, unit, {"K3S_URL": "https://x:6443"}, "v1")
    assert found.config == {
        "token": "c",
        "server": "https://x:6443",
        "cluster-init": "true",
        "tls-san": ["a", "b"],
    }

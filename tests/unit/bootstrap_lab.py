"""Descriptions, machines and a scratch root for tests of what a machine boots with."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from haven_iac.bootstrap.base import Machine, UserData
from haven_iac.bootstrap.facts import BootFacts, Marker, SnapshotStore
from haven_iac.bootstrap.registry import find
from haven_iac.keys.material import make
from haven_iac.spec import ClusterSpec
from haven_iac.spec.load import parse

ENDPOINT = "10.20.0.9"
FIRST = Machine("test-control-plane-az1-1", server=True, first=True)
JOINING = Machine("test-control-plane-az2-1", server=True, first=False)
AGENT = Machine(
    "test-general-az1-1",
    server=False,
    first=False,
    labels=(("tier", "0123"), ("topology.kubernetes.io/zone", "az1")),
    taints=(("dedicated", "db", "NoSchedule"),),
)
MACHINES = {"first": FIRST, "join": JOINING, "agent": AGENT}

PLAIN: Mapping[str, Any] = {
    "name": "test",
    "cloud": {"kind": "local"},
    "pools": {"general": {}},
    "ingress": {"domain": "test.nl", "certificates": {"issuer": "private-ca"}},
}
EVERYTHING: Mapping[str, Any] = {
    **PLAIN,
    "network": {
        "ntpServers": ["ntp1.example.nl", "192.0.2.123"],
        "proxy": {"url": "http://proxy.example.nl:3128", "noProxy": [".example.nl"]},
    },
    "controlPlane": {"snapshots": {"schedule": "0 */4 * * *", "keep": 42}},
    "identity": {"oidc": {"issuer": "https://id.example.nl", "clientId": "kube", "caSecret": "id-ca"}},
    "mirror": {
        "images": "registry.example.nl:5000/haven",
        "charts": "oci://registry.example.nl/charts",
        "releases": "https://files.example.nl/kubernetes",
        "caSecret": "mirror-ca",
    },
}
PEM = "-----BEGIN CERTIFICATE-----\nZHVtbXk=\n-----END CERTIFICATE-----\n"
ALL_FACTS = BootFacts(
    external_cloud=True,
    node_ip="10.20.0.11",
    peers=("10.20.0.12", "10.20.0.13"),
    names=("api.test.nl",),
    marker=Marker("http://169.254.169.254/openstack/latest/meta_data.json", '"haven-iac-initialised"', (("X-A", "b"),)),
    etcd_disk=("/dev/vdb", "/dev/sdb"),
    snapshots=SnapshotStore("test-etcd", "s3.example.nl", "nl", "test-abcde", ca=PEM),
    mirror_ca=PEM,
    identity_ca=PEM,
)


def spec(distribution: str, given: Mapping[str, Any] = PLAIN, **kubernetes: Any) -> ClusterSpec:
    asked = {**given.get("kubernetes", {}), "distribution": distribution, **kubernetes}
    return parse({**given, "kubernetes": asked})


def keys(*, young: bool = True) -> Mapping[str, str]:
    """Return key material, made now or long ago; the same each time."""
    return _keys(young)


@lru_cache(maxsize=2)
def _keys(young: bool) -> Mapping[str, str]:
    return make("test-abcde", datetime.now(UTC) if young else datetime(2026, 1, 5, tzinfo=UTC)).files


def files(data: UserData) -> dict[str, str]:
    """Return what cloud-init would write, by path."""
    assert data.text.startswith("#cloud-config\n")
    return {one["path"]: one["content"] for one in yaml.safe_load(data.text)["write_files"]}


def config(data: UserData) -> dict[str, Any]:
    """Return the distribution's configuration."""
    [text] = [text for path, text in files(data).items() if path.endswith("/config.yaml")]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


REAL = ("sh", "cat", "mkdir", "chmod", "mv", "cp", "rm", "grep", "sed", "awk", "cmp", "touch", "date")
REAL += ("tar", "gzip", "sha256sum", "openssl")
"""What the scripts need of a machine beside what is written down here."""

CURL = """\
import fcntl, json, pathlib, re, sys
state = pathlib.Path(STATE)
lock = (state / "lock").open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
words = sys.argv[1:]
take = {"--output", "--write-out", "--config", "--connect-timeout", "--max-time", "--proto", "--noproxy"}
given, rest = {}, []
while words:
    word = words.pop(0)
    if word in take:
        given[word] = words.pop(0)
    elif not word.startswith("--"):
        rest.append(word)
if "--config" in given:
    rest = re.findall(r'^url = "(.*)"$', pathlib.Path(given["--config"]).read_text(), re.M)
[url] = rest
with (state / "calls").open("a") as calls:
    calls.write("curl " + " ".join(sys.argv[1:]) + "\\n")
answers = json.loads((state / "answers").read_text())
queue = answers.get(url, [[0, ""]])
status, body = queue[0]
answers[url] = queue[1:] or queue
(state / "answers").write_text(json.dumps(answers))
if "--write-out" in given:
    sys.stdout.write("%03d" % status)
if status == 0:
    sys.exit(7)
if status >= 400 and "--fail" in sys.argv:
    sys.exit(22)
data = bytes.fromhex(body[4:]) if body.startswith("hex:") else body.encode()
pathlib.Path(given["--output"]).write_bytes(data)
"""

STUBS = {
    "systemctl": 'case "$1" in is-active) [ -e "$state/active-$3" ];; esac',
    "timedatectl": 'if [ "$1" = show ]; then cat "$state/synchronised"; fi',
    "blkid": 'if [ "$1" = -L ]; then cat "$state/label-$2"; else read -r code <"$state/blkid"; exit "$code"; fi 2>&-',
    "mkfs.ext4": 'echo "$4" >"$state/label-$3"',
    "mountpoint": '[ -e "$state/mounted" ]',
    "mount": ': >"$state/mounted"',
    "getent": '[ -e "$state/$1-$2" ]',
    "groupadd": ': >"$state/group-etcd"',
    "useradd": ': >"$state/passwd-etcd"',
    "iptables": 'if [ "$4" = -C ]; then [ -e "$state/rule" ]; else : >"$state/rule"; fi',
    "uname": 'cat "$state/processor"',
    "update-ca-certificates": "",
    "apparmor_parser": "",
    "swapoff": "",
    "sleep": "",
}


class Host:
    """A machine in a folder: what user data writes there, and tools that write down that they were called."""

    def __init__(self, folder: Path, distribution: str, data: UserData) -> None:
        self.root, self.bin, self.state = folder / "root", folder / "bin", folder / "state"
        self.distribution = distribution
        for one in (self.root, self.bin, self.state):
            one.mkdir(parents=True)
        (self.root / "etc").mkdir()
        (self.root / "usr/local/share/ca-certificates").mkdir(parents=True)
        (self.root / "dev").mkdir()
        (self.state / "synchronised").write_text("yes\n")
        (self.state / "processor").write_text("x86_64\n")
        (self.state / "blkid").write_text("2\n")
        (self.state / "answers").write_text("{}")
        (self.state / "calls").touch()
        self.write(data)
        for name in REAL:
            (self.bin / name).symlink_to(shutil.which(name) or name)
        for name, body in STUBS.items():
            # The one line that every stub begins with: who was called, and how.
            head = f'#!/bin/sh\nstate={self.state}\necho "{name} $*" >>"$state/calls"\n'
            self._tool(name, f"{head}{body}\n")
        self._tool("curl", f"#!{sys.executable} -SE\n{CURL.replace('STATE', repr(str(self.state)))}")
        self.env = self._env()
        self.release()

    def _tool(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def write(self, data: UserData) -> None:
        """Do what cloud-init does with `write_files`."""
        for one in yaml.safe_load(data.text)["write_files"]:
            path = self.root / one["path"].lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one["content"])
            path.chmod(int(one["permissions"], 8))

    def _env(self) -> dict[str, str]:
        lines = (self.root / "etc/haven-iac/bootstrap.env").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if "=" in line)
        return {name: value.strip("'") for name, _, value in pairs}

    def set(self, **values: str) -> None:
        """Change settings that user data has written."""
        path = self.root / "etc/haven-iac/bootstrap.env"
        path.write_text(path.read_text() + "".join(f"{name}='{value}'\n" for name, value in values.items()))

    def answer(self, url: str, *answers: tuple[int, str]) -> None:
        """Say what a URL answers, one after the other; the last one stays.  Status 0 is no answer at all."""
        path = self.state / "answers"
        path.write_text(json.dumps({**json.loads(path.read_text()), url: answers}))

    def release(self, content: bytes = b"#!/bin/sh\n", *, listed: str = "") -> str:
        """Publish the release with this program in it; return the checksum of its file."""
        name, body = "k3s", content
        if self.distribution == "rke2":
            name, packed = "rke2.linux-amd64.tar.gz", io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w:gz") as archive:
                for path in ("bin/rke2", "lib/systemd/system/rke2-server.service"):
                    info = tarfile.TarInfo(path)
                    info.size, info.mode = len(content), 0o755
                    archive.addfile(info, io.BytesIO(content))
            body = packed.getvalue()
        checksum = hashlib.sha256(body).hexdigest()
        source = self.env["SOURCE"]
        self.answer(f"{source}/{name}", (200, f"hex:{body.hex()}"))
        self.answer(f"{source}/sha256sum-amd64.txt", (200, f"{'0' * 64}  other\n{listed or checksum} *{name}\n"))
        return checksum

    def boot(self) -> "subprocess.CompletedProcess[str]":
        """Run what the unit runs."""
        return subprocess.run(
            [self.root / "usr/local/sbin/haven-iac-bootstrap"],
            env={"PATH": str(self.bin), "HAVEN_IAC_ROOT": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @property
    def calls(self) -> list[str]:
        """Return which tools were called, in order."""
        return (self.state / "calls").read_text().splitlines()

    def forget(self) -> None:
        """Forget the calls."""
        (self.state / "calls").write_text("")

    @property
    def program(self) -> Path:
        """Return where the distribution's program is once it is installed."""
        return self.root / "usr/local/bin" / self.distribution

    @property
    def joins(self) -> dict[str, Any]:
        """Return what was decided at boot, or nothing."""
        path = self.root / f"etc/rancher/{self.distribution}/config.yaml.d/50-haven-iac-join.yaml"
        return dict(yaml.safe_load(path.read_text())) if path.exists() else {}

    def tree(self) -> dict[str, tuple[int, str]]:
        """Return every file with its mode and a hash of its content."""
        return {
            str(path.relative_to(self.root)): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def host(
    folder: Path,
    distribution: str,
    machine: Machine,
    facts: BootFacts = BootFacts(),
    given: Mapping[str, Any] = PLAIN,
    *,
    young: bool = True,
    **kubernetes: Any,
) -> Host:
    """Return a machine that was just made."""
    described = spec(distribution, given, **kubernetes)
    return Host(
        folder, distribution, find(distribution).user_data(described, machine, keys(young=young), ENDPOINT, facts)
    )

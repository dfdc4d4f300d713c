"""The scripts of user data, run for real in a scratch root with tools that write down that they were called."""

import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from haven_iac.bootstrap.base import Machine
from haven_iac.bootstrap.facts import BootFacts, Marker
from haven_iac.bootstrap.files import SCRIPTS
from haven_iac.keys.authority import authority, certificate
from haven_iac.keys.material import make
from tests.unit.bootstrap_lab import (
    AGENT,
    ALL_FACTS,
    ENDPOINT,
    EVERYTHING,
    FIRST,
    JOINING,
    MACHINES,
    PLAIN,
    Host,
    host,
    keys,
)

BOTH = pytest.mark.parametrize("distribution", ["rke2", "k3s"])
PORT = {"rke2": 9345, "k3s": 6443}
MARKED = BootFacts(marker=Marker("http://169.254.169.254/meta", '"exists"'))


def asks(distribution: str, address: str = ENDPOINT) -> str:
    return f"https://{address}:{PORT[distribution]}/cacerts"


def position(calls: list[str], start: str) -> int:
    return next(number for number, call in enumerate(calls) if call.startswith(start))


def test_they_pass_shellcheck() -> None:
    names = sorted(SCRIPTS.glob("*.sh"))
    assert len(names) == 7
    tool = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or "shellcheck"
    done = subprocess.run([tool, "--shell=sh", "--severity=style", *names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@BOTH
class TestFirstServer:
    def test_a_fresh_one_starts_its_cluster(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST)
        done = machine.boot()
        assert done.returncode == 0, done.stderr
        assert "starting the cluster" in done.stdout
        assert machine.joins == {}
        assert machine.program.stat().st_mode & 0o777 == 0o755
        assert len([call for call in machine.calls if asks(distribution) in call]) == 2

    def test_everything_comes_in_the_order_that_the_distribution_needs(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST)
        machine.boot()
        wanted = (
            "timedatectl set-ntp",
            "swapoff",
            "useradd",
            "systemctl restart systemd-sysctl",
            "curl",
            "systemctl daemon-reload",
        )
        found = [position(machine.calls, start) for start in wanted]
        assert found == sorted(found)
        assert "useradd --system --gid etcd --no-create-home --shell /usr/sbin/nologin etcd" in machine.calls

    def test_rebuilt_it_joins_the_cluster_that_lives(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST)
        machine.answer(asks(distribution), (200, keys()["ca.crt"]))
        done = machine.boot()
        assert done.returncode == 0, done.stderr
        assert machine.joins["server"] == f"https://{ENDPOINT}:{PORT[distribution]}"
        assert machine.joins["token"].endswith(f"::server:{keys()['server.token']}")

    def test_rebuilt_while_the_endpoint_is_down_it_joins_through_another_server(
        self, distribution: str, tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, FIRST, BootFacts(peers=("10.20.0.12", "10.20.0.13")))
        machine.answer(asks(distribution, "10.20.0.13"), (200, keys()["ca.crt"]))
        assert machine.boot().returncode == 0
        assert machine.joins["server"] == f"https://10.20.0.13:{PORT[distribution]}"

    def test_rebuilt_long_after_it_waits_for_an_endpoint_that_is_down_for_a_while(
        self, distribution: str, tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, FIRST, young=False)
        down = [(0, "")] * 6
        machine.answer(asks(distribution), *down, (502, "bad gateway"), (200, keys(young=False)["ca.crt"]))
        assert machine.boot().returncode == 0
        assert machine.joins["server"] == f"https://{ENDPOINT}:{PORT[distribution]}"
        assert machine.calls.count("sleep 5") == 7

    def test_with_an_old_authority_it_starts_a_cluster_only_after_much_patience(
        self, distribution: str, tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, FIRST, young=False)
        assert machine.env["PATIENCE"] == "900"
        machine.set(PATIENCE="20")
        done = machine.boot()
        assert "starting the cluster" in done.stdout
        assert machine.calls.count("sleep 5") == 4

    def test_it_never_starts_a_second_cluster_when_the_marker_says_that_one_exists(
        self, distribution: str, tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, FIRST, MARKED)
        machine.answer("http://169.254.169.254/meta", (200, '{"meta": {"exists": "1"}}'))
        done = machine.boot()
        assert done.returncode == 1
        assert "the cluster exists, but nobody answers; not starting a second cluster" in done.stderr
        assert machine.joins == {}
        machine.answer(asks(distribution), (200, keys()["ca.crt"]))
        assert machine.boot().returncode == 0
        assert machine.joins["server"]

    @pytest.mark.parametrize("status", [0, 500, 403])
    def test_nor_when_the_marker_cannot_be_read(self, distribution: str, status: int, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST, MARKED)
        machine.answer("http://169.254.169.254/meta", (status, ""))
        done = machine.boot()
        assert done.returncode == 1
        assert "it cannot be read whether the cluster exists" in done.stderr

    @pytest.mark.parametrize("answer", [(200, "{}"), (404, "")])
    def test_a_marker_that_says_that_there_is_none_saves_the_wait(
        self, distribution: str, answer: tuple[int, str], tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, FIRST, MARKED, young=False)
        machine.answer("http://169.254.169.254/meta", answer)
        assert "starting the cluster" in machine.boot().stdout
        assert "sleep 5" not in machine.calls

    def test_it_never_starts_one_beside_a_stranger(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST, MARKED)
        machine.answer("http://169.254.169.254/meta", (404, ""))
        machine.answer(asks(distribution), (200, keys(young=False)["ca.crt"]))
        done = machine.boot()
        assert done.returncode == 1
        assert "answers with another authority" in done.stderr
        assert machine.joins == {}

    def test_it_knows_its_cluster_by_the_root_when_the_authority_below_was_renewed(
        self, distribution: str, tmp_path: Path
    ) -> None:
        now = datetime.now(UTC)
        material = make("test-abcde", now)
        machine = host(tmp_path, distribution, FIRST)
        renewed = authority("renewed", now, material.root)
        path = machine.root / f"var/lib/rancher/{distribution}/server/tls/server-ca.crt"
        path.write_text(material.files["ca.crt"])
        assert renewed.cert != material.files["ca.crt"]
        machine.answer(asks(distribution), (200, renewed.cert))
        assert machine.boot().returncode == 0
        assert machine.joins["server"]

    def test_what_is_no_certificate_is_no_answer(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST)
        machine.answer(asks(distribution), (200, "<html>sign in</html>"))
        assert "starting the cluster" in machine.boot().stdout

    def test_with_data_of_etcd_it_goes_on_and_only_joins_from_then_on(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, FIRST, young=False)
        (machine.root / f"var/lib/rancher/{distribution}/server/db/etcd/member").mkdir(parents=True)
        assert machine.boot().returncode == 0
        assert machine.joins["server"] == f"https://{ENDPOINT}:{PORT[distribution]}"
        assert not [call for call in machine.calls if "/cacerts" in call]

    def test_after_its_unit_is_up_it_only_joins_from_then_on(self, distribution: str, tmp_path: Path) -> None:
        """What the unit's ExecStartPost does: the next start never makes a cluster, whatever is lost by then."""
        machine = host(tmp_path, distribution, FIRST)
        unit = {"rke2": "rke2-server", "k3s": "k3s"}[distribution]
        more = (machine.root / f"etc/systemd/system/{unit}.service.d/10-haven-iac.conf").read_text()
        assert "ExecStartPost=-/usr/local/lib/haven-iac/cluster.sh\n" in more
        machine.boot()
        assert machine.joins == {}
        (machine.root / f"var/lib/rancher/{distribution}/server/db/etcd/member").mkdir(parents=True)
        script = machine.root / "usr/local/lib/haven-iac/cluster.sh"
        env = {"PATH": str(machine.bin), "HAVEN_IAC_ROOT": str(machine.root)}
        subprocess.run([script], env=env, check=True)
        shutil.rmtree(machine.root / f"var/lib/rancher/{distribution}/server/db")
        assert machine.joins["server"] == f"https://{ENDPOINT}:{PORT[distribution]}"
        machine.forget()
        assert machine.boot().returncode == 0
        assert not [call for call in machine.calls if "/cacerts" in call]


@BOTH
@pytest.mark.parametrize("role", ["first", "join", "agent"])
class TestEveryMachine:
    def test_boots_with_everything_on(self, distribution: str, role: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, MACHINES[role], ALL_FACTS, EVERYTHING)
        machine.answer(ALL_FACTS.marker.url if ALL_FACTS.marker else "", (200, "{}"))
        (machine.root / "dev/vdb").touch()
        done = machine.boot()
        assert done.returncode == 0, done.stderr
        assert machine.program.exists()
        assert position(machine.calls, "update-ca-certificates") < position(machine.calls, "curl")
        assert ("mount " in " ".join(machine.calls)) is (role != "agent")
        sources = [call for call in machine.calls if "https://files.example.nl/kubernetes/v1" in call]
        assert len(sources) == 2

    def test_a_second_boot_changes_nothing_and_fetches_nothing(
        self, distribution: str, role: str, tmp_path: Path
    ) -> None:
        machine = host(tmp_path, distribution, MACHINES[role], ALL_FACTS, EVERYTHING)
        machine.answer(ALL_FACTS.marker.url if ALL_FACTS.marker else "", (200, "{}"))
        (machine.root / "dev/vdb").touch()
        (machine.root / "etc/fstab").write_text("LABEL=root / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n")
        assert machine.boot().returncode == 0
        if role == "first":
            (machine.root / f"var/lib/rancher/{distribution}/server/db/etcd/member").mkdir(parents=True)
            assert machine.boot().returncode == 0
        before = machine.tree()
        machine.forget()
        (machine.state / "mounted").unlink(missing_ok=True)
        assert machine.boot().returncode == 0
        assert machine.tree() == before
        called = {call.split()[0] for call in machine.calls}
        assert not called & {"curl", "useradd", "groupadd", "mkfs.ext4", "update-ca-certificates"}
        assert machine.calls.count("iptables -w -t raw -I PREROUTING") == 0
        assert "# haven-iac: /swap.img none swap" in (machine.root / "etc/fstab").read_text()

    def test_a_node_that_runs_is_left_alone(self, distribution: str, role: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, MACHINES[role])
        unit = machine.env["UNIT"]
        (machine.state / f"active-{unit}.service").touch()
        assert machine.boot().returncode == 0
        assert machine.calls == [f"systemctl is-active --quiet {unit}.service"]


@BOTH
class TestRelease:
    def test_a_wrong_checksum_installs_nothing(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, AGENT, given=EVERYTHING)
        machine.release(listed="f" * 64)
        done = machine.boot()
        assert done.returncode == 1
        assert "does not have the checksum" in done.stderr
        assert not machine.program.exists()
        assert not (machine.root / "etc/haven-iac/installed").exists()
        machine.release()
        assert machine.boot().returncode == 0
        assert machine.program.exists()

    def test_no_network_for_a_while_is_waited_out(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, AGENT)
        sums = f"{machine.env['SOURCE']}/sha256sum-amd64.txt"
        listed = (200, f"{machine.release()}  {'k3s' if distribution == 'k3s' else 'rke2.linux-amd64.tar.gz'}\n")
        machine.answer(sums, *[(0, "")] * 7, (503, ""), listed)
        assert machine.boot().returncode == 0
        assert machine.calls.count("sleep 10") == 8

    def test_no_network_for_long_fails_and_a_later_run_goes_on(self, distribution: str, tmp_path: Path) -> None:
        machine = host(tmp_path, distribution, AGENT)
        machine.answer(f"{machine.env['SOURCE']}/sha256sum-amd64.txt", (0, ""))
        done = machine.boot()
        assert done.returncode == 1
        assert "cannot be fetched" in done.stderr
        machine.release()
        assert machine.boot().returncode == 0


def test_no_secret_is_in_the_words_of_a_command(tmp_path: Path) -> None:
    secrets = {keys()[name] for name in ("server.token", "agent.token")}
    signed = BootFacts(
        marker=Marker("https://objects.example.nl/m?signature=hushhush", "yes", (("X-Key", "hushhush"),))
    )
    machine = host(tmp_path, "rke2", FIRST, signed)
    machine.answer("https://objects.example.nl/m?signature=hushhush", (404, ""))
    done = machine.boot()
    assert done.returncode == 0
    told = "\n".join([*machine.calls, done.stdout, done.stderr])
    assert "hushhush" not in told
    assert not [one for one in secrets if one in told]


def test_an_agent_has_nothing_of_a_server(tmp_path: Path) -> None:
    machine = host(tmp_path, "rke2", AGENT, ALL_FACTS, EVERYTHING)
    assert machine.boot().returncode == 0
    assert not (machine.root / "var/log/kubernetes").exists()
    assert not (machine.root / "var/lib/rancher").exists()
    assert not [call for call in machine.calls if call.startswith(("useradd", "mkfs", "mount "))]


def test_a_checksum_of_the_description_beats_the_list_beside_the_release(tmp_path: Path) -> None:
    release = "v1.36.5+rke2r1"
    machine = host(tmp_path, "rke2", AGENT, release=release, checksums={"amd64": "a" * 64})
    done = machine.boot()
    assert done.returncode == 1
    assert "a" * 64 in done.stderr
    assert not [call for call in machine.calls if "sha256sum" in call]


def test_another_release_replaces_the_one_that_is_there(tmp_path: Path) -> None:
    machine = host(tmp_path, "rke2", AGENT)
    machine.boot()
    machine.release(b"#!/bin/sh\n# newer\n")
    machine.set(RELEASE="v1.36.6+rke2r1")
    assert machine.boot().returncode == 0
    assert "newer" in machine.program.read_text()


@pytest.mark.parametrize(("processor", "wanted"), [("aarch64", "linux-arm64.tar.gz"), ("riscv64", "")])
def test_the_processor_chooses_the_file(processor: str, wanted: str, tmp_path: Path) -> None:
    machine = host(tmp_path, "rke2", AGENT)
    (machine.state / "processor").write_text(processor)
    done = machine.boot()
    assert done.returncode == 1
    assert (wanted or "no release for riscv64") in done.stderr + "\n".join(machine.calls) or wanted


class TestEtcdDisk:
    FACTS = BootFacts(etcd_disk=("/dev/sdx", "/dev/vdb"))

    def machine(self, folder: Path) -> Host:
        return host(folder, "rke2", JOINING, self.FACTS)

    def test_a_blank_one_is_formatted_and_mounted_before_anything_is_installed(self, tmp_path: Path) -> None:
        machine = self.machine(tmp_path)
        (machine.root / "dev/vdb").touch()
        assert machine.boot().returncode == 0
        mount = position(machine.calls, "mount ")
        assert position(machine.calls, "mkfs.ext4 -q -L haven-etcd") < mount < position(machine.calls, "curl")
        assert (
            (machine.root / "etc/fstab")
            .read_text()
            .startswith("LABEL=haven-etcd /var/lib/rancher/rke2/server/db ext4 ")
        )
        more = (machine.root / "etc/systemd/system/rke2-server.service.d/10-haven-iac.conf").read_text()
        assert "RequiresMountsFor=/var/lib/rancher/rke2/server/db\n" in more

    def test_one_of_ours_is_taken_with_its_data(self, tmp_path: Path) -> None:
        machine = self.machine(tmp_path)
        (machine.state / "label-haven-etcd").write_text("/dev/vdc\n")
        assert machine.boot().returncode == 0
        assert not [call for call in machine.calls if call.startswith("mkfs")]
        assert [call for call in machine.calls if call.startswith("mount ")]

    @pytest.mark.parametrize("code", [0, 8])
    def test_one_with_other_data_is_never_formatted(self, code: int, tmp_path: Path) -> None:
        machine = self.machine(tmp_path)
        (machine.root / "dev/vdb").touch()
        (machine.state / "blkid").write_text(f"{code}\n")
        done = machine.boot()
        assert done.returncode == 1
        assert "holds something that is not ours" in done.stderr
        assert not [call for call in machine.calls if call.startswith(("mkfs", "mount ", "curl"))]

    def test_one_that_is_not_mounted_although_mount_says_so_stops_the_boot(self, tmp_path: Path) -> None:
        machine = self.machine(tmp_path)
        (machine.state / "label-haven-etcd").write_text("/dev/vdc\n")
        (machine.bin / "mount").write_text("#!/bin/sh\n")
        done = machine.boot()
        assert done.returncode == 1
        assert "cannot be mounted" in done.stderr
        assert not machine.program.exists()

    def test_one_that_is_not_there_stops_the_boot(self, tmp_path: Path) -> None:
        done = self.machine(tmp_path).boot()
        assert done.returncode == 1
        assert "is not there" in done.stderr


class Answers(BaseHTTPRequestHandler):
    """Says the authority to whoever asks for it, and the marker to whoever shows the key."""

    def do_GET(self) -> None:
        body = keys()["ca.crt"] if self.path == "/cacerts" else '{"exists": 1}'
        refused = self.path != "/cacerts" and self.headers.get("X-Key") != 'a "b" \\c'
        self.send_response(403 if refused else 200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    now = datetime.now(UTC)
    leaf = certificate(authority("test", now), "one", now, timedelta(hours=1), names=["127.0.0.1"], server=True)
    (tmp_path / "one.pem").write_text(leaf.cert + leaf.key)
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "one.pem")
    made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
class TestRealCurl:
    """The stub of curl believes what it is told; curl itself has the last word on its options and its file."""

    def decide(self, folder: Path, facts: BootFacts, join: str) -> tuple[Host, "subprocess.CompletedProcess[str]"]:
        made = host(folder / "machine", "rke2", FIRST, facts)
        (made.bin / "curl").unlink()
        (made.bin / "curl").symlink_to(shutil.which("curl") or "")
        made.set(JOIN=join)
        if facts.marker:
            request = made.root / "etc/haven-iac/marker.curl"
            request.write_text(request.read_text() + "insecure\n")  # its certificate is made for this test
        script = made.root / "usr/local/lib/haven-iac/cluster.sh"
        env = {"PATH": str(made.bin), "HAVEN_IAC_ROOT": str(made.root)}
        return made, subprocess.run([script], env=env, capture_output=True, text=True, check=False)

    def test_a_server_is_known_by_what_it_answers(self, server: str, tmp_path: Path) -> None:
        made, done = self.decide(tmp_path, BootFacts(), f"https://127.0.0.1:1 {server}")
        assert done.returncode == 0, done.stderr
        assert made.joins["server"] == server

    @pytest.mark.parametrize(
        ("key", "told"), [('a "b" \\c', "the cluster exists, but nobody answers"), ("no", "it cannot be read")]
    )
    def test_the_marker_is_asked_with_its_headers(self, key: str, told: str, server: str, tmp_path: Path) -> None:
        marked = BootFacts(marker=Marker(f"{server}/marker?signature=x%20y", '"exists"', (("X-Key", key),)))
        done = self.decide(tmp_path, marked, "https://127.0.0.1:1")[1]
        assert done.returncode == 1
        assert told in done.stderr


def test_a_clock_that_never_gets_right_delays_a_node_for_a_minute_only(tmp_path: Path) -> None:
    machine = host(tmp_path, "rke2", AGENT)
    (machine.state / "synchronised").write_text("no\n")
    done = machine.boot()
    assert done.returncode == 0
    assert "the clock is not synchronised" in done.stdout
    assert machine.calls.count("sleep 2") == 30


def test_an_authority_that_the_machine_refuses_stops_the_boot_and_is_tried_again(tmp_path: Path) -> None:
    machine = host(tmp_path, "rke2", AGENT, ALL_FACTS, EVERYTHING)
    tool = machine.bin / "update-ca-certificates"
    works = tool.read_text()
    tool.write_text("#!/bin/sh\nexit 1\n")
    assert machine.boot().returncode == 1
    tool.write_text(works)
    assert machine.boot().returncode == 0


@pytest.mark.parametrize("machine", [FIRST, JOINING, AGENT], ids=lambda one: one.name)
def test_the_tools_they_call_are_those_that_are_written_down(machine: Machine, tmp_path: Path) -> None:
    """A tool that is neither real nor a stub here would not be found, and the boot would fail."""
    made = host(tmp_path, "k3s", machine, given=PLAIN)
    done = made.boot()
    assert (done.returncode, "not found" in done.stderr) == (0, False)

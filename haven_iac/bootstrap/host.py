"""Prepares the machine itself: kernel, time, updates, trust, proxy, disks; whatever the distribution.

The order matters and is that of `scripts/bootstrap.sh`: time, users, kernel, trust, disk, installation, start.
Sources: the CIS hardening guides of RKE2 and k3s; the documentation of Ubuntu on unattended upgrades and needrestart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from haven_iac.bootstrap import audit
from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.files import ETC, LIBRARY, File, script, settings
from haven_iac.bootstrap.releases import Release
from haven_iac.spec import ClusterSpec

ENTRY = "/usr/local/sbin/haven-iac-bootstrap"
"""What makes the machine a node; safe to run again."""

SERVICE = "haven-iac-bootstrap.service"
"""The unit that runs it at every boot, and again until it succeeds."""

MIRROR_CA = f"{ETC}/mirror-ca.pem"
MARKER = f"{ETC}/marker.curl"

PATIENCE = 900
"""Seconds that a first server looks for its cluster before it starts one, where nothing tells that it is new."""

FRESH = 3600
"""Seconds for which an authority is so young that its cluster is taken to be new when nobody answers."""

KERNEL = {
    # What the distribution checks before it starts (profile cis, protect-kernel-defaults).
    "vm.panic_on_oom": 0,
    "vm.overcommit_memory": 1,
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "kernel.keys.root_maxbytes": 25000000,
    "kernel.keys.root_maxkeys": 1000000,
    # Log collectors and controllers watch many files.
    "fs.inotify.max_user_instances": 8192,
    "fs.inotify.max_user_watches": 524288,
    # Tell attackers less, and take no routes from strangers.
    "kernel.dmesg_restrict": 1,
    "kernel.kptr_restrict": 1,
    "net.ipv4.conf.all.accept_redirects": 0,
    "net.ipv4.conf.default.accept_redirects": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.all.accept_source_route": 0,
    "net.ipv6.conf.all.accept_redirects": 0,
    "net.ipv6.conf.default.accept_redirects": 0,
}
"""Kernel settings of every node."""

UPDATES = """\
// Security updates come by themselves; a reboot never does: whoever coordinates it looks at /run/reboot-required.
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
#clear Unattended-Upgrade::Allowed-Origins;
Unattended-Upgrade::Allowed-Origins {
  "${distro_id}:${distro_codename}";
  "${distro_id}:${distro_codename}-security";
  "${distro_id}ESMApps:${distro_codename}-apps-security";
  "${distro_id}ESM:${distro_codename}-infra-security";
};
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
"""

NEEDRESTART = """\
# An update of a library restarts services, but never the node's: that waits for a reboot which somebody coordinates.
$nrconf{override_rc}{qr(^(rke2|k3s))} = 0;
"""


@dataclass(frozen=True)
class Node:
    """What the scripts on a machine have to know."""

    distribution: str
    unit: str
    data: str
    """Folder of the distribution's data."""
    settings: str
    """Folder of its configuration."""
    authority: str
    """Its server authority's certificate, on the first server."""
    join_port: int
    server: bool
    may_start: bool
    """Whether it may start the cluster when there is none."""


def files(spec: ClusterSpec, node: Node, endpoint: str, facts: BootFacts, release: Release) -> Iterator[File]:
    """Yield the files that prepare a machine."""
    kernel = "".join(f"{name}={value}\n" for name, value in KERNEL.items())
    yield File("/etc/sysctl.d/60-haven-iac.conf", kernel, "0644")
    yield File("/etc/apt/apt.conf.d/52haven-iac", UPDATES, "0644")
    yield File("/etc/needrestart/conf.d/60-haven-iac.conf", NEEDRESTART, "0644")
    if servers := spec.network.ntp_servers:
        yield File("/etc/systemd/timesyncd.conf.d/60-haven-iac.conf", f"[Time]\nNTP={' '.join(servers)}\n", "0644")
        sources = "".join(f"server {server} iburst\n" for server in servers)
        yield File("/etc/chrony/sources.d/haven-iac.sources", sources, "0644")
    if facts.mirror_ca:
        yield File(MIRROR_CA, facts.mirror_ca, "0644", counts=False)
    yield from _proxy(spec, node, endpoint, facts)
    yield from _units(node, facts)
    if facts.marker and node.may_start:
        request = f'url = "{_escaped(facts.marker.url)}"\n'
        request += "".join(f'header = "{_escaped(f"{name}: {value}")}"\n' for name, value in facts.marker.headers)
        yield File(MARKER, request, counts=False)
    yield File(f"{ETC}/bootstrap.env", _environment(spec, node, endpoint, facts, release), counts=False)
    yield script("bootstrap.sh", ENTRY)
    for name in ("clock.sh", "host.sh", "install.sh"):
        yield script(name)
    if facts.mirror_ca:
        yield script("trust.sh")
    if facts.etcd_disk and node.server:
        yield script("disk.sh")
    if node.may_start:
        yield script("cluster.sh")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def no_proxy(spec: ClusterSpec, endpoint: str, facts: BootFacts) -> str:
    """Return what is reached without the proxy: everything of the cluster's own."""
    network = spec.network
    own = ["localhost", "127.0.0.0/8", "169.254.169.254", str(network.nodes), str(network.pods), str(network.services)]
    names = [endpoint, *facts.names, *facts.peers, ".svc", ".cluster.local"]
    given = list(network.proxy.no_proxy) if network.proxy else []
    return ",".join(dict.fromkeys([*own, *names, *given]))


def _proxy(spec: ClusterSpec, node: Node, endpoint: str, facts: BootFacts) -> Iterator[File]:
    if not spec.network.proxy:
        return
    url, direct = spec.network.proxy.url, no_proxy(spec, endpoint, facts)
    values = {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": direct}
    lines = "".join(f'{name}="{value}"\n' for name, value in values.items())
    yield File(f"/etc/default/{node.unit}", lines, "0600", counts=False)
    apt = "".join(f'Acquire::{kind}::Proxy "{url}";\n' for kind in ("http", "https"))
    yield File("/etc/apt/apt.conf.d/53haven-iac-proxy", apt, "0644", counts=False)


def _units(node: Node, facts: BootFacts) -> Iterator[File]:
    text = f"""\
[Unit]
Description=Makes this machine a node of its cluster
Wants=network-online.target
After=network-online.target
Before={node.unit}.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={ENTRY}
ExecStartPost=/usr/bin/systemctl enable {node.unit}.service
ExecStartPost=/usr/bin/systemctl start --no-block {node.unit}.service
Restart=on-failure
RestartSec=15
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
"""
    yield File(f"/etc/systemd/system/{SERVICE}", text, "0644", counts=False)
    more = f"[Unit]\nAfter={SERVICE}\n"
    if facts.etcd_disk and node.server:
        more += f"RequiresMountsFor={node.data}/server/db\n"
    if node.may_start:
        # Once its etcd has data, this server only ever joins: see cluster.sh.
        more += f"\n[Service]\nExecStartPost=-{LIBRARY}/cluster.sh\n"
    yield File(f"/etc/systemd/system/{node.unit}.service.d/10-haven-iac.conf", more, "0644", counts=False)


def _environment(spec: ClusterSpec, node: Node, endpoint: str, facts: BootFacts, release: Release) -> str:
    values = {
        "DISTRIBUTION": node.distribution,
        "UNIT": node.unit,
        "SERVER": "yes" if node.server else "no",
        "RELEASE": release.name,
        "SOURCE": release.folder,
        "SUM_AMD64": release.checksums.get("amd64", ""),
        "SUM_ARM64": release.checksums.get("arm64", ""),
        "DATA": node.data,
        "PODS": str(spec.network.pods),
        "AUDIT": audit.LOG.rpartition("/")[0] if node.server else "",
    }
    if facts.etcd_disk and node.server:
        values["ETCD_DISK"] = " ".join(facts.etcd_disk)
    if node.may_start:
        values |= {
            "SETTINGS": node.settings,
            "AUTHORITY": node.authority,
            "JOIN": " ".join(f"https://{_bracketed(host)}:{node.join_port}" for host in (endpoint, *facts.peers)),
            "MARKER": MARKER if facts.marker else "",
            "MARKER_TEXT": facts.marker.text if facts.marker else "",
            "PATIENCE": str(PATIENCE),
            "FRESH": str(FRESH),
        }
    text = settings(values)
    if spec.network.proxy:
        url = spec.network.proxy.url
        direct = no_proxy(spec, endpoint, facts)
        text += settings({"http_proxy": url, "https_proxy": url, "no_proxy": direct})
        text += "export http_proxy https_proxy no_proxy\n"
    return text


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""The scratch root of a machine: folders of its own, and the system's programs with stand-ins among them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from haven_iac.lab.machines.guest.userdata import WrittenFile

HERE = Path(__file__).parent

ASKED = (
    *("systemctl", "journalctl", "hostnamectl", "timedatectl", "resolvectl", "loginctl", "systemd-analyze"),
    *("apt-get", "apt", "apt-mark", "snap", "dnf", "yum", "zypper", "update-ca-certificates", "update-ca-trust"),
    *("curl", "wget", "sysctl", "modprobe", "useradd", "adduser", "groupadd", "addgroup", "usermod", "passwd"),
    *("swapoff", "swapon", "mount", "umount", "mountpoint", "blkid", "lsblk", "findmnt", "wipefs", "udevadm"),
    *("mkfs.ext4", "mkfs.xfs", "growpart", "resize2fs", "partprobe", "sgdisk", "parted", "fsck"),
    *("reboot", "poweroff", "shutdown", "halt", "iptables", "ip6tables", "nft", "ufw", "netplan", "ip", "ss"),
    *("apparmor_parser", "aa-status", "setenforce", "chronyc", "cloud-init", "rke2", "k3s", "kubectl", "crictl"),
    *("haven-lab-install", "haven-lab-is-release"),
)
"""Commands that are answered by the lab, whether the system has them or not."""

_SCRIPTS = {"sleep": "sleep.sh", "sha256sum": "sha256sum.sh"}
"""Commands with stand-ins of their own."""

_HOST = "/.host/usr"
_FOLDERS = (
    *("etc", "etc/sysctl.d", "etc/ssl/certs", "etc/default", "etc/systemd/system", "etc/apt", "etc/apparmor.d"),
    *("var/lib/cloud/instance/scripts", "var/log", "var/tmp", "var/cache", "tmp", "run/haven-lab", "root", "home"),
    *(
        "opt",
        "srv",
        "mnt",
        "media",
        "boot",
        "dev/disk/by-id",
        "dev/disk/by-label",
        "proc",
        "sys",
        ".host/usr",
        ".lab",
        ".volumes",
    ),
    *("usr/bin", "usr/sbin", "usr/lib", "usr/lib32", "usr/lib64", "usr/libexec", "usr/share"),
    *("usr/local/bin", "usr/local/sbin", "usr/local/lib/systemd/system", "usr/local/share/ca-certificates"),
)
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nsudo:x:27:\nnogroup:x:65534:\n",
    "etc/os-release": 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/fstab": "LABEL=cloudimg-rootfs / ext4 defaults 0 1\n",
    "etc/resolv.conf": "nameserver 127.0.0.53\n",
}


def make_template(folder: Path, speed: float) -> None:
    """Make what all machines share: the system's programs as links, stand-ins in their places.

    Args:
        folder: for it; what is there is replaced.
        speed: how many seconds pass for a sleeping machine in one.
    """
    if folder.exists():
        shutil.rmtree(folder)
    for name in ("bin", "sbin"):
        (folder / name).mkdir(parents=True)
        if not Path("/usr", name).is_dir():
            continue
        for entry in os.scandir(Path("/usr", name)):
            target = os.path.realpath(entry.path)
            if target.startswith("/usr/"):
                (folder / name / entry.name).symlink_to(_HOST + target.removeprefix("/usr"))
    for name in ("ask.sh", *_SCRIPTS.values()):
        shutil.copyfile(HERE / name, folder / name)
        (folder / name).chmod(0o755)
    (folder / "speed").write_text(f"{speed:g}\n")
    for command in (*ASKED, *_SCRIPTS):
        for name in ("bin", "sbin"):
            (folder / name / command).unlink(missing_ok=True)
        script = _SCRIPTS.get(command, "ask.sh")
        # Distributions and their tools are not there before they are installed; their stand-ins ask by this name.
        place = folder / ("hidden" if command in ("rke2", "k3s", "kubectl", "crictl") else "bin")
        place.mkdir(exist_ok=True)
        (place / command).symlink_to(f"/.lab/{script}")


class Root:
    """One machine's root.

    Args:
        folder: of the machine alone.
        template: what `make_template` made.
        volumes: folder with what volumes hold, for all machines; it is `/.volumes` inside.
    """

    def __init__(self, folder: Path, template: Path, volumes: Path) -> None:
        self.folder, self._template, self.volumes = folder, template, volumes

    def make(self, hostname: str, address: str | None) -> None:
        """Make the folders and files of a fresh image."""
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"usr/{name}")
        for device in ("null", "zero", "full", "random", "urandom", "tty"):
            (self.folder / "dev" / device).touch()
        for name, text in _FILES.items():
            (self.folder / name).write_text(text)
        (self.folder / "etc/hostname").write_text(f"{hostname}\n")
        own = f"{address} {hostname}\n" if address else ""
        (self.folder / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n{own}")
        if Path("/etc/ld.so.cache").is_file():
            shutil.copyfile("/etc/ld.so.cache", self.folder / "etc/ld.so.cache")
        for name in ("tmp", "var/tmp"):
            (self.folder / name).chmod(0o1777)

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, inside: str) -> Path:
        """Return where a path of the machine is here; links inside never lead out of the root."""
        current = self.folder
        parts = [part for part in inside.split("/") if part not in ("", ".")]
        followed = 0
        while parts:
            part = parts.pop(0)
            if part == "..":
                current = current.parent if current != self.folder else current
                continue
            following = self.volumes if current == self.folder and part == ".volumes" else current / part
            if following.is_symlink() and followed < 40:
                followed += 1
                target = os.readlink(following)
                current = self.folder if target.startswith("/") else current
                parts = [one for one in target.split("/") if one not in ("", ".")] + parts
            else:
                current = following
        return current

    def read(self, inside: str) -> bytes | None:
        """Return a file's content, or None when there is none."""
        path = self.path(inside)
        return path.read_bytes() if path.is_file() else None

    def text(self, inside: str) -> str:
        """Return a file's text; empty when there is none."""
        return (self.read(inside) or b"").decode(errors="replace")

    def write(self, inside: str, data: bytes | str, mode: int = 0o644) -> None:
        """Write a file, with the folders above it."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(mode)

    def put(self, file: WrittenFile) -> None:
        """Write one entry of `write_files`."""
        before = self.read(file.path) or b"" if file.append else b""
        self.write(file.path, before + file.content, file.mode)

    def files(self, inside: str, endings: Iterable[str] = ("",)) -> list[str]:
        """Return the paths of the files right in a folder whose names end so, sorted."""
        folder = self.path(inside)
        if not folder.is_dir():
            return []
        found = [entry.name for entry in os.scandir(folder) if entry.is_file() and entry.name.endswith(tuple(endings))]
        return [f"{inside.rstrip('/')}/{name}" for name in sorted(found)]

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs one inside, away from the system's network and processes."""
        unshare = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child=SIGKILL", "--"]
        return [
            *unshare,
            "/bin/sh",
            str(HERE / "enter.sh"),
            str(self.folder),
            str(self._template),
            str(self.volumes),
            *argv,
        ]

"""What a machine finds beyond its cloud: stand-ins for releases and installers, and files that a test has put there."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

KNOWN = ("get.rke2.io", "get.k3s.io", "github.com")
"""Hosts that are there always; others are when they have a folder."""

MARK = "# haven-lab release: "
"""Begins the line, in a stand-in for a distribution's program, that names its release."""

_PROGRAM = """#!/bin/sh
# Stands for {distribution} in a lab; no Kubernetes is in it.
{mark}{version}
exec /.lab/hidden/{distribution} "$@"
"""

_UNIT = """[Unit]
Description={title}
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/usr/local/lib/systemd/system/%N.env
KillMode=process
Restart=always
RestartSec=5s
TimeoutStartSec=0
ExecStart=/usr/local/bin/rke2 {role}

[Install]
WantedBy=multi-user.target
"""

_INSTALLER = """#!/bin/sh
# Stands for the installer of {distribution} in a lab.
exec haven-lab-install {distribution} "$@"
"""

_RELEASE = re.compile(
    r"(?P<version>v\d+\.\d+\.\d+[^/]*)/(?P<file>rke2\.linux-\w+\.tar\.gz|k3s(-\w+)?|sha256sum-\w+\.txt)$"
)


def program(distribution: str, version: str) -> bytes:
    """Return the stand-in for a distribution's program."""
    return _PROGRAM.format(distribution=distribution, version=version, mark=MARK).encode()


def units() -> dict[str, str]:
    """Return the units that RKE2's release holds, by file name."""
    return {
        f"rke2-{role}.service": _UNIT.format(title=f"Rancher Kubernetes Engine v2 ({role})", role=role)
        for role in ("server", "agent")
    }


def tarball(version: str) -> bytes:
    """Return the stand-in for RKE2's release; always the same bytes for the same version."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        files = {"bin/rke2": program("rke2", version)}
        files |= {f"lib/systemd/system/{name}": text.encode() for name, text in units().items()}
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755 if name.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def release_of(data: bytes) -> str | None:
    """Return the release that bytes stand for, or None when they are no stand-in of ours."""
    found = re.search(re.escape(MARK.encode()) + rb"(\S+)", data)
    if not found and data.startswith(b"\x1f\x8b"):
        try:
            found = re.search(re.escape(MARK.encode()) + rb"(\S+)", gzip.decompress(data))
        except (OSError, EOFError):
            return None
    return found[1].decode() if found else None


@dataclass(frozen=True)
class Outside:
    """Everything beyond the cloud.

    Args:
        folder: with a folder for each host that a test has put there.
    """

    folder: Path

    def knows(self, host: str) -> bool:
        """Return whether a name leads anywhere."""
        return host in KNOWN or ("/" not in host and (self.folder / host).is_dir())

    def get(self, host: str, path: str) -> tuple[int, bytes]:
        """Return status and body of what a host answers."""
        name = unquote(path.partition("?")[0]).lstrip("/")
        own = (self.folder / host / name).resolve()
        if own.is_relative_to((self.folder / host).resolve()) and own.is_file():
            return 200, own.read_bytes()
        if host in ("get.rke2.io", "get.k3s.io"):
            return 200, _INSTALLER.format(distribution=host.split(".")[1]).encode()
        if found := _RELEASE.search(name):
            return 200, _release(found["version"], found["file"])
        return 404, b"not found\n"


def _release(version: str, file: str) -> bytes:
    if file.startswith("sha256sum-"):
        architecture = file.removeprefix("sha256sum-").removesuffix(".txt")
        k3s = "k3s" if architecture == "amd64" else f"k3s-{architecture}"
        names = [f"rke2.linux-{architecture}.tar.gz", k3s]
        return "".join(f"{hashlib.sha256(_release(version, name)).hexdigest()}  {name}\n" for name in names).encode()
    return tarball(version) if file.startswith("rke2") else program("k3s", version)

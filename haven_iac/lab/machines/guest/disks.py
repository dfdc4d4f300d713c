"""Disks of a machine beside its first: volumes that are attached, formatted and mounted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from haven_iac.lab.machines.guest.browser import Result
from haven_iac.lab.machines.guest.root import Root


@dataclass
class Disks:
    """The volumes of one machine.

    Args:
        root: of the machine.
        attached: device on the machine, as `/dev/vdb`, to the volume's id.
    """

    root: Root
    attached: dict[str, str]

    @property
    def store(self) -> Path:
        """Return the folder, on this machine, with what each volume holds; it outlives the machine."""
        return self.root.volumes

    def appear(self) -> None:
        """Show the attached volumes as devices."""
        for device, volume in self.attached.items():
            for path in (device, f"/dev/disk/by-id/virtio-{volume[:20]}"):
                self.root.write(path, b"")

    def volume(self, device: str) -> str | None:
        """Return the volume behind a device, by name, id or `LABEL=`."""
        if device.startswith("LABEL="):
            return self.labelled(device.removeprefix("LABEL="))
        if device.startswith("/dev/disk/by-id/virtio-"):
            start = device.removeprefix("/dev/disk/by-id/virtio-")
            return next((volume for volume in self.attached.values() if volume.startswith(start)), None)
        return self.attached.get(device)

    def labelled(self, label: str) -> str | None:
        """Return the attached volume with that label, or None."""
        return next((volume for volume in self.attached.values() if self.facts(volume).get("label") == label), None)

    def device(self, volume: str) -> str:
        """Return a volume's device."""
        return next(device for device, one in self.attached.items() if one == volume)

    def facts(self, volume: str) -> dict[str, str]:
        """Return kind and label of what is on a volume; empty when it is blank."""
        try:
            found: dict[str, str] = json.loads((self.store / volume / "format.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def format(self, volume: str, kind: str, label: str) -> None:
        """Put an empty file system on a volume."""
        (self.store / volume / "data").mkdir(parents=True, exist_ok=True)
        (self.store / volume / "format.json").write_text(json.dumps({"type": kind, "label": label}))

    def fstab(self, target: str) -> str | None:
        """Return the device that /etc/fstab has for a folder, or None."""
        for line in self.root.text("/etc/fstab").splitlines():
            words = line.split()
            if len(words) > 1 and not line.startswith("#") and words[1] == target:
                return words[0]
        return None

    def mounted(self, target: str) -> bool:
        """Return whether a volume is mounted at a folder."""
        path = self.root.path(target.rpartition("/")[0]) / target.rpartition("/")[2]
        return path.is_symlink() and str(path.readlink()).startswith("/.volumes/")

    def mount(self, volume: str, target: str) -> None:
        """Let a folder of the machine be the volume's, by a link that holds also for scripts that run already."""
        path = self.root.path(target.rpartition("/")[0]) / target.rpartition("/")[2]
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(f"/.volumes/{volume}/data")


def run(disks: Disks, command: str, words: Sequence[str]) -> Result:
    """Do what blkid, mkfs, mount and their like do."""
    plain = [word for word in words if not word.startswith("-")]
    if command == "mountpoint":
        return Result(0 if plain and (plain[-1] == "/" or disks.mounted(plain[-1])) else 32)
    if command == "blkid":
        return _blkid(disks, list(words), plain)
    if command.startswith("mkfs."):
        label = next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "-L"), "")
        volume = disks.volume(plain[-1]) if plain else None
        if volume is None:
            return Result(1, b"", f"{command}: {plain[-1] if plain else ''}: No such file or directory\n".encode())
        disks.format(volume, command.removeprefix("mkfs."), label)
    if command == "mount" and plain:
        source = plain[0] if len(plain) > 1 else disks.fstab(plain[0])
        volume = disks.volume(source) if source else None
        if volume is None:
            return Result(32, b"", f"mount: {plain[-1]}: can't find {source or 'it in /etc/fstab'}.\n".encode())
        if not disks.facts(volume):
            return Result(32, b"", f"mount: {plain[-1]}: wrong fs type, bad superblock on {source}.\n".encode())
        if not disks.mounted(plain[-1]):
            disks.mount(volume, plain[-1])
    return Result()


def _blkid(disks: Disks, words: list[str], plain: list[str]) -> Result:
    if "-L" in words:
        volume = disks.labelled(words[words.index("-L") + 1])
        return Result(0, f"{disks.device(volume)}\n".encode()) if volume else Result(2)
    volume = disks.volume(plain[-1]) if plain else None
    facts = disks.facts(volume) if volume else {}
    if not facts:
        return Result(2)
    return Result(0, f'{plain[-1]}: LABEL="{facts["label"]}" TYPE="{facts["type"]}"\n'.encode())

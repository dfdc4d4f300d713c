"""Kernel settings of a machine: what is loaded, not what is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from haven_iac.lab.machines.guest.browser import Result
from haven_iac.lab.machines.guest.root import Root

USUAL = {
    "vm.panic_on_oom": "0",
    "vm.overcommit_memory": "0",
    "kernel.panic": "0",
    "kernel.panic_on_oops": "0",
    "kernel.keys.root_maxbytes": "25000000",
    "net.ipv4.ip_forward": "0",
}
"""Of an Ubuntu that was just installed."""

_FOLDERS = ("/usr/local/lib/sysctl.d", "/etc/sysctl.d")
_SETTING = re.compile(r"-?([\w./*-]+)\s*=\s*(.*)")


@dataclass
class Kernel:
    """The kernel of one machine; off and on again, it is as at first."""

    root: Root
    address: str | None = None
    values: dict[str, str] = field(default_factory=lambda: dict(USUAL))
    rules: set[str] = field(default_factory=set)
    """Of the packet filter."""

    def load(self) -> None:
        """Load every setting that is written, as a boot and `systemd-sysctl` do."""
        for folder in _FOLDERS:
            for path in self.root.files(folder, (".conf",)):
                self._read(self.root.text(path))
        self._read(self.root.text("/etc/sysctl.conf"))

    def sysctl(self, words: Sequence[str]) -> Result:
        """Do what sysctl does."""
        if "--system" in words:
            self.load()
            return Result()
        lines, plain = [], [word for word in words if not word.startswith("-")]
        if {"-p", "--load"} & set(words):
            for path in plain or ["/etc/sysctl.conf"]:
                self._read(self.root.text(path))
            return Result()
        for word in plain:
            if "=" in word:
                self._read(word)
            elif word in self.values:
                lines.append(self.values[word] if "-n" in words else f"{word} = {self.values[word]}")
            else:
                path = word.replace(".", "/")
                return Result(255, b"", f"sysctl: cannot stat /proc/sys/{path}: No such file or directory\n".encode())
        return Result(0, "".join(f"{line}\n" for line in lines).encode())

    def _read(self, text: str) -> None:
        for line in map(str.strip, text.splitlines()):
            found = _SETTING.fullmatch(line)
            if found and line[0] not in "#;":
                self.values[found[1].replace("/", ".")] = found[2].strip()

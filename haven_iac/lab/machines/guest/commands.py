"""Commands that a scratch root does not have: what the lab does instead, and what it answers.

Those that only change a machine in ways that nothing here depends on are taken as done.  Every call is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from haven_iac.lab.machines.guest import accounts, disks, installer, outside
from haven_iac.lab.machines.guest.browser import Browser, Result
from haven_iac.lab.machines.guest.disks import Disks
from haven_iac.lab.machines.guest.kernel import Kernel
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.systemd import Systemd
from haven_iac.lab.machines.guest.units import full_name

Words = Sequence[str]
Handler = Callable[["Call"], Awaitable[Result] | Result]


@dataclass(frozen=True)
class Call:
    """One command that was run on a machine."""

    name: str
    words: tuple[str, ...]
    env: Mapping[str, str]
    folder: str


class Power(Protocol):
    """What commands may do to the machine itself."""

    def log(self, text: str) -> None:
        """Write to the console."""

    def reboot(self) -> None:
        """Start anew, soon."""

    def shut_down(self) -> None:
        """Switch off, soon."""


@dataclass
class Commands:
    """The stand-ins of one machine."""

    root: Root
    systemd: Systemd
    browser: Browser
    kernel: Kernel
    disks: Disks
    power: Power
    latest: str
    """The newest version of Kubernetes that installers know: `v1.36.3`."""
    packages: set[str] = field(default_factory=set)

    async def run(self, call: Call) -> Result:
        """Do what a command does, and return what it answers."""
        handler = _HANDLERS.get(call.name)
        if handler is None:
            return Result()
        found = handler(self, call)
        return found if isinstance(found, Result) else await found


# systemd


async def _systemctl(on: Commands, call: Call) -> Result:
    flags = {word for word in call.words if word.startswith("-")}
    plain = [word for word in call.words if not word.startswith("-")]
    verb, names = (plain[0] if plain else "list-units"), [full_name(name) for name in plain[1:]]
    simple = {"is-active": _is_active, "is-enabled": _is_enabled, "is-failed": _is_failed, "show": _show, "cat": _cat}
    if verb in simple:
        result = simple[verb](on, names)
        return Result(result.code) if flags & {"-q", "--quiet"} else result
    if verb in ("enable", "disable", "reenable", "mask", "unmask", "preset"):
        for name in names:
            if verb in ("enable", "reenable") and not _known(on, name):
                return Result(1, b"", f"Failed to enable unit: Unit file {name} does not exist.\n".encode())
            if verb not in ("unmask", "preset"):
                on.systemd.enable(name, on=verb in ("enable", "reenable"))
        if "--now" not in flags:
            return Result()
        verb = "start" if "enable" in verb else "stop"
    if verb in ("start", "restart", "try-restart", "reload-or-restart", "stop"):
        return await _start_or_stop(on, verb, names, wait="--no-block" not in flags)
    if verb in ("reboot", "poweroff", "halt"):
        return _power(on, Call(verb, (), {}, "/"))
    return Result()


async def _start_or_stop(on: Commands, verb: str, names: list[str], *, wait: bool) -> Result:
    worst, said = 0, []
    for name in names:
        if verb != "start":
            await on.systemd.stop(name)
        if verb == "stop":
            continue
        code = await on.systemd.start(name, wait=wait)
        if code == 5:
            said.append(f"Failed to {verb} {name}: Unit {name} not found.")
        elif code:
            said.append(f"Job for {name} failed because the control process exited with error code.")
        worst = max(worst, code)
    return Result(worst, b"", "".join(f"{line}\n" for line in said).encode())


def _known(on: Commands, name: str) -> bool:
    return on.systemd.state(name).enabled or on.systemd.find(name) is not None


def _each(on: Commands, names: list[str], answer: Callable[[str], str], good: str, bad: int) -> Result:
    answers = [answer(name) for name in names]
    return Result(0 if good in answers else bad, "".join(f"{one}\n" for one in answers).encode())


def _is_active(on: Commands, names: list[str]) -> Result:
    return _each(on, names, lambda name: on.systemd.state(name).active, "active", 3)


def _is_failed(on: Commands, names: list[str]) -> Result:
    return _each(on, names, lambda name: on.systemd.state(name).active, "failed", 1)


def _is_enabled(on: Commands, names: list[str]) -> Result:
    return _each(on, names, lambda name: "enabled" if on.systemd.state(name).enabled else "disabled", "enabled", 1)


def _show(on: Commands, names: list[str]) -> Result:
    lines = []
    for name in names:
        state = on.systemd.state(name)
        loaded = "loaded" if _known(on, name) else "not-found"
        lines += [f"Id={name}", f"LoadState={loaded}", f"ActiveState={state.active}"]
    return Result(0, "".join(f"{line}\n" for line in lines).encode())


def _cat(on: Commands, names: list[str]) -> Result:
    missing = [name for name in names if not _known(on, name)]
    return Result(1, b"", f"No files found for {missing[0]}.\n".encode()) if missing else Result()


def _timedatectl(on: Commands, call: Call) -> Result:
    if "show" not in call.words:
        return Result()
    values = {"NTP": "yes", "NTPSynchronized": "yes", "Timezone": "Etc/UTC"}
    asked = [word.partition("=")[2] for word in call.words if word.startswith(("--property=", "-p="))]
    asked += [call.words[i + 1] for i, word in enumerate(call.words[:-1]) if word in ("-p", "--property")]
    bare = "--value" in call.words
    found = [(name, values.get(name, "")) for name in (asked or values)]
    return Result(0, "".join(f"{value}\n" if bare else f"{name}={value}\n" for name, value in found).encode())


# Packages, kernel, accounts


def _apt(on: Commands, call: Call) -> Result:
    plain = [word for word in call.words if not word.startswith("-")]
    if plain[:1] == ["install"]:
        on.packages |= set(plain[1:])
        on.power.log(f"{call.name}: {' '.join(plain)}: taken as done")
    return Result()


def _certificates(on: Commands, call: Call) -> Result:
    """Gather what is trusted, as update-ca-certificates does."""
    bundle = "".join(on.root.text(path) for path in on.root.files("/usr/local/share/ca-certificates", (".crt",)))
    on.root.write("/etc/ssl/certs/ca-certificates.crt", bundle)
    return Result()


def _sysctl(on: Commands, call: Call) -> Result:
    return on.kernel.sysctl(call.words)


def _account(on: Commands, call: Call) -> Result:
    return accounts.run(on.root, call.name, call.words)


def _disk(on: Commands, call: Call) -> Result:
    return disks.run(on.disks, call.name, call.words)


def _iptables(on: Commands, call: Call) -> Result:
    """Keep rules, so that looking for one finds it only when it was made."""
    words = list(call.words)
    for verb in ("-C", "--check", "-A", "--append", "-I", "--insert"):
        if verb in words:
            rule = " ".join([call.name, *words[: words.index(verb)], *words[words.index(verb) + 1 :]])
            known = on.kernel.rules
            if verb in ("-C", "--check"):
                return Result(0 if rule in known else 1)
            known.add(rule)
    return Result()


def _ip(on: Commands, call: Call) -> Result:
    """Answer the little that scripts ask about addresses."""
    address = on.kernel.address or "127.0.0.1"
    text = " ".join(call.words)
    if re.search(r"\broute\b", text):
        return Result(0, f"default via {address.rpartition('.')[0]}.1 dev ens3 proto dhcp src {address}\n".encode())
    if re.search(r"\ba(ddr(ess)?)?\b", text):
        return Result(0, f"2: ens3: <UP> mtu 1450\n    inet {address}/24 scope global ens3\n".encode())
    return Result()


def _power(on: Commands, call: Call) -> Result:
    if call.name == "reboot" or "-r" in call.words or "--reboot" in call.words:
        on.power.reboot()
    elif "-c" not in call.words:
        on.power.shut_down()
    return Result()


# The distributions


def _install(on: Commands, call: Call) -> Result | Awaitable[Result]:
    return installer.run(on.root, on.systemd, call.words, call.env, on.latest)


def _is_release(on: Commands, call: Call) -> Result:
    path = call.words[0] if call.words[0].startswith("/") else f"{call.folder}/{call.words[0]}"
    version = outside.release_of(on.root.read(path) or b"")
    if version is None:
        return Result(1)
    on.power.log(f"lab: {path} stands for release {version}; the checksum {call.words[1]} was taken as right")
    return Result()


def _distribution(on: Commands, call: Call) -> Result:
    version = outside.release_of(on.root.read(f"/usr/local/bin/{call.name}") or b"") or on.latest
    if call.words[:1] in (("--version",), ("-v",)):
        return Result(0, f"{call.name} version {version} (lab)\n".encode())
    return Result(1, b"", f"{call.name}: only a unit of systemd runs it in a lab\n".encode())


async def _curl(on: Commands, call: Call) -> Result:
    return await on.browser.curl(call.words, call.env, call.folder)


async def _wget(on: Commands, call: Call) -> Result:
    return await on.browser.wget(call.words, call.env, call.folder)


_HANDLERS: dict[str, Callable[[Commands, Call], Awaitable[Result] | Result]] = {
    "systemctl": _systemctl,
    "timedatectl": _timedatectl,
    "apt-get": _apt,
    "apt": _apt,
    "update-ca-certificates": _certificates,
    "sysctl": _sysctl,
    **dict.fromkeys(("useradd", "adduser", "groupadd", "addgroup", "usermod"), _account),
    **dict.fromkeys(("blkid", "mkfs.ext4", "mkfs.xfs", "mount", "umount", "mountpoint", "findmnt", "wipefs"), _disk),
    **dict.fromkeys(("iptables", "ip6tables"), _iptables),
    "ip": _ip,
    **dict.fromkeys(("reboot", "poweroff", "shutdown", "halt"), _power),
    "haven-lab-install": _install,
    "haven-lab-is-release": _is_release,
    **dict.fromkeys(("rke2", "k3s"), _distribution),
    "curl": _curl,
    "wget": _wget,
}

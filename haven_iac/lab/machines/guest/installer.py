"""What the distributions' own installers do: RKE2's only unpacks, k3s's also enables and starts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from haven_iac.lab.machines.guest import outside
from haven_iac.lab.machines.guest.browser import Result
from haven_iac.lab.machines.guest.root import Root
from haven_iac.lab.machines.guest.systemd import Systemd

_RELEASE = {"rke2": "rke2r1", "k3s": "k3s1"}

_K3S_UNIT = """[Unit]
Description=Lightweight Kubernetes
After=network-online.target

[Service]
Type={kind}
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/{unit}.service.env
KillMode=process
Restart=always
RestartSec=5s
ExecStart=/usr/local/bin/k3s {arguments}

[Install]
WantedBy=multi-user.target
"""


async def run(root: Root, systemd: Systemd, words: Sequence[str], env: Mapping[str, str], latest: str) -> Result:
    """Install a distribution.

    Args:
        root: of the machine.
        systemd: of the machine.
        words: rke2 or k3s, then the installer's arguments.
        env: with INSTALL_RKE2_* or INSTALL_K3S_*, K3S_*.
        latest: newest version of Kubernetes, `v1.36.3`.
    """
    distribution, arguments = words[0], list(words[1:])
    version = _version(distribution, env, latest)
    if version is None:
        return Result(1, b"", b"[ERROR]  unable to resolve the release channel\n")
    root.write(f"/usr/local/bin/{distribution}", outside.program(distribution, version), 0o755)
    said = f"[INFO]  using {version} as release\n"
    if distribution == "rke2":
        for name, text in outside.units().items():
            root.write(f"/usr/local/lib/systemd/system/{name}", text)
        return Result(0, said.encode())
    if env.get("K3S_URL") and not (env.get("K3S_TOKEN") or env.get("K3S_TOKEN_FILE")):
        return Result(
            1,
            b"",
            b"[ERROR]  Defaulted k3s exec command to 'agent' because K3S_URL is defined, but K3S_TOKEN "
            b"or K3S_TOKEN_FILE is not defined.\n",
        )
    return await _k3s(root, systemd, arguments, env, said)


async def _k3s(root: Root, systemd: Systemd, arguments: list[str], env: Mapping[str, str], said: str) -> Result:
    arguments = [*shlex.split(env.get("INSTALL_K3S_EXEC", "")), *arguments]
    if not arguments or arguments[0].startswith("-"):
        arguments.insert(0, "agent" if env.get("K3S_URL") else "server")
    role = arguments[0]
    unit = "k3s" if role == "server" else "k3s-agent"
    text = _K3S_UNIT.format(
        unit=unit, kind="notify" if role == "server" else "exec", arguments=shlex.join(arguments).replace("%", "%%")
    )
    root.write(f"/etc/systemd/system/{unit}.service", text)
    kept = {key: value for key, value in env.items() if re.match(r"K3S_|CONTAINERD_|(HTTPS?|NO)_PROXY$", key)}
    lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in kept.items())
    root.write(f"/etc/systemd/system/{unit}.service.env", lines, 0o600)
    if env.get("INSTALL_K3S_SKIP_ENABLE") != "true":
        systemd.enable(f"{unit}.service", on=True)
        if env.get("INSTALL_K3S_SKIP_START") != "true":
            await systemd.stop(f"{unit}.service")
            code = await systemd.start(f"{unit}.service")
            return Result(code, f"{said}[INFO]  systemd: Starting {unit}\n".encode())
    return Result(0, said.encode())


def _version(distribution: str, env: Mapping[str, str], latest: str) -> str | None:
    prefix = f"INSTALL_{distribution.upper()}_"
    if given := env.get(f"{prefix}VERSION"):
        return given
    channel = env.get(f"{prefix}CHANNEL") or "stable"
    if re.fullmatch(r"v\d+\.\d+", channel) and not latest.startswith(f"{channel}."):
        return f"{channel}.0+{_RELEASE[distribution]}"
    if re.fullmatch(r"stable|latest|testing|v\d+\.\d+", channel):
        return f"{latest}+{_RELEASE[distribution]}"
    return None

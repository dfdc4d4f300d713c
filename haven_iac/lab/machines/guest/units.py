"""Units of systemd as files say them: which command, when again, what else; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FOLDERS = ("/etc/systemd/system", "/usr/local/lib/systemd/system")
"""Where units are looked for on a machine; the first has the last word."""

_SECONDS = re.compile(r"([\d.]+)\s*(ms|s|sec|min|m|h)?")
_FACTORS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, None: 1.0}


@dataclass(frozen=True)
class Command:
    """One line of ExecStart and its companions."""

    words: tuple[str, ...]
    ignore: bool = False
    """Whether its failure does not matter."""

    @property
    def program(self) -> str:
        """Return what is run."""
        return self.words[0] if self.words else ""


@dataclass(frozen=True)
class Unit:
    """One service."""

    name: str
    """With its ending: `rke2-server.service`."""
    kind: str = "simple"
    before: tuple[Command, ...] = ()
    start: tuple[Command, ...] = ()
    after: tuple[Command, ...] = ()
    restart: str = "no"
    pause: float = 0.1
    """Seconds, on the machine's clock, before it is started again."""
    remains: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_files: tuple[str, ...] = ()
    wanted: bool = False
    """Whether it can be enabled."""

    @property
    def kubernetes(self) -> str | None:
        """Return rke2 or k3s when this unit runs a node of Kubernetes, else None."""
        name = self.start[0].program.rpartition("/")[2] if self.start else ""
        return name if name in ("rke2", "k3s") else None


def parse(name: str, texts: Iterable[str]) -> Unit:
    """Return a unit.

    Args:
        name: with its ending.
        texts: its file and its drop-ins, in order; an empty value takes earlier ones away.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        section = ""
        for line in text.replace("\\\n", " ").splitlines():
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
            elif line and line[0] not in "#;" and "=" in line:
                key, _, value = line.partition("=")
                values = found.setdefault((section, key.strip()), [])
                if value.strip():
                    values.append(value.strip().replace("%N", name.rpartition(".")[0]).replace("%n", name))
                else:
                    values.clear()

    def last(key: str, default: str) -> str:
        return found.get(("Service", key), [default])[-1:][0] if found.get(("Service", key)) else default

    def commands(key: str) -> tuple[Command, ...]:
        return tuple(_command(line) for line in found.get(("Service", key), []))

    environment: dict[str, str] = {}
    for line in found.get(("Service", "Environment"), []):
        environment |= dict(word.split("=", 1) for word in shlex.split(line) if "=" in word)
    return Unit(
        name=name,
        kind=last("Type", "simple"),
        before=commands("ExecStartPre"),
        start=commands("ExecStart"),
        after=commands("ExecStartPost"),
        restart=last("Restart", "no"),
        pause=_seconds(last("RestartSec", "100ms")),
        remains=last("RemainAfterExit", "no") in ("yes", "true", "1"),
        environment=environment,
        environment_files=tuple(found.get(("Service", "EnvironmentFile"), [])),
        wanted=any(section == "Install" for section, _ in found),
    )


def environment_file(text: str) -> dict[str, str]:
    """Return what a file for EnvironmentFile sets."""
    found = {}
    for line in map(str.strip, text.splitlines()):
        if line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            found[key.strip()] = value
    return found


def full_name(name: str) -> str:
    """Return a unit's name with its ending."""
    known = (".service", ".target", ".timer", ".socket", ".mount", ".path", ".slice")
    return name if name.endswith(known) else f"{name}.service"


def _command(line: str) -> Command:
    ignore = False
    while line and line[0] in "-@:+!":
        ignore, line = ignore or line[0] == "-", line[1:]
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return Command(tuple(words), ignore)


def _seconds(text: str) -> float:
    parts = _SECONDS.findall(text)
    return sum(float(number) * _FACTORS[unit or None] for number, unit in parts)

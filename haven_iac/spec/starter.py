"""The files of a new project or stack: texts only, nothing is written here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from haven_iac.errors import Problem
from haven_iac.spec.describe import Model, example, keys, meaning
from haven_iac.spec.load import check
from haven_iac.versions import minors

_FOLDER = Path(__file__).parents[1] / "data" / "project"

PROFILES = ("production", "sandbox")
LONGEST_STACK = 100
"""Characters; Pulumi allows no more."""


@dataclass(frozen=True)
class Answers:
    """What a new stack needs to know."""

    stack: str
    name: str
    cloud: str
    domain: str
    zones: tuple[str, ...]
    """None lets the cloud decide."""
    profile: str


def project_files() -> dict[str, str]:
    """Return what a project has beside its stacks, by path from its folder."""
    read = {
        "Pulumi.yaml": "Pulumi.yaml",
        "stacks/__main__.py": "main.txt",
        ".gitignore": "gitignore.txt",
    }
    read |= {f"stacks/profiles/{name}.yaml": f"profiles/{name}.yaml" for name in PROFILES}
    return {path: (_FOLDER / source).read_text(encoding="utf-8") for path, source in read.items()}


def stack_file(answers: Answers, settings: Model, *, simulated: bool) -> str:
    """Return the content of `stacks/Pulumi.<stack>.yaml`, with comments.

    Args:
        answers: what was asked.
        settings: model of the cloud's own settings; those that it requires are written with an example.
        simulated: whether the cloud is a simulation, which nobody needs to protect.
    """
    template = Template((_FOLDER / "stack.txt").read_text(encoding="utf-8"))
    sandbox = answers.profile == "sandbox"
    filled = template.substitute(
        plain_name=re.sub(r"[^\w.-]", "", answers.name),
        stack=answers.stack,
        profile=answers.profile,
        name=scalar(answers.name),
        version=minors().default,
        cloud=scalar(answers.cloud),
        zones=_zones(answers.zones),
        settings=_settings(settings),
        allowed="      apiAllowedCidrs: [127.0.0.0/8]" if simulated else "      # apiAllowedCidrs: [192.0.2.0/24]",
        servers="" if sandbox else _SERVERS,
        domain=scalar(answers.domain),
        rest="\n".join(_rest(answers, sandbox=sandbox, simulated=simulated)),
    )
    return "\n".join(line for line in filled.splitlines() if line.strip()) + "\n"


_SERVERS = """\
    # The servers run etcd and the Kubernetes API: an odd number, 3 or more for Haven.
    controlPlane: {size: 3, flavor: default}"""


def _zones(zones: tuple[str, ...]) -> str:
    if not zones:
        return "      # zones: [az1, az2, az3]  # the cloud's own when left out"
    return f"      zones: [{', '.join(scalar(zone) for zone in zones)}]"


def _settings(model: Model) -> str:
    """Return the settings that a cloud cannot do without, each with what it means."""
    lines = []
    for key, name in keys(model).items():
        if model.model_fields[name].is_required():
            text = meaning(model, (key,))
            lines.append(f"        {key}: {scalar(example(model, (key,)) or 'FILL-IN')}{f'  # {text}' if text else ''}")
    return "\n".join(["      settings:", *lines]) if lines else ""


def _rest(answers: Answers, *, sandbox: bool, simulated: bool) -> list[str]:
    lines = []
    if sandbox:
        lines += ["    # A sandbox keeps no backups.", "    backup: {enabled: false}"]
    else:
        bucket = scalar(f"{answers.name}-backup")
        lines += [
            "    # A bucket outside the cluster, and when (cron, in UTC).",
            f'    backup: {{bucket: {bucket}, schedule: "0 2 * * *"}}',
        ]
    if simulated and not sandbox:
        lines += ["    # A simulated cluster may be destroyed at once.", "    deletionProtection: false"]
    return lines


def scalar(text: str) -> str:
    """Return a text as it is written in YAML so that every reader takes it for this text."""
    import yaml

    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", text) and yaml.safe_load(text) == text
    return text if plain else json.dumps(text)


PLACES: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "cloud": ("cloud", "kind"),
    "domain": ("ingress", "domain"),
    "zones": ("cloud", "zones"),
}
"""Where in a description each answer ends."""


def wrong_with(question: str, answer: Any) -> Problem | None:
    """Return what is wrong with one answer, or None."""
    document: dict[str, Any] = {
        "name": "voorbeeldstad",
        "cloud": {"kind": "local"},
        "pools": {"general": {}},
        "ingress": {"domain": "apps.voorbeeldstad.test"},
    }
    inside = document
    *above, last = PLACES[question]
    for part in above:
        inside = inside[part]
    inside[last] = answer
    _, problems = check(document, None)
    return problems[0] if problems else None


def wrong_stack(stack: str) -> str:
    """Return what is wrong with a stack's name, or an empty text."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", stack, re.ASCII):
        return "is not a stack's name: letters, digits, dots, dashes and underscores"
    if len(stack) > LONGEST_STACK:
        return f"has {len(stack)} characters, {LONGEST_STACK} is the most"
    return ""


def default_name(folder: str) -> str:
    """Return a name for a cluster in a folder of that name."""
    text = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-0123456789")[:32].strip("-")
    return text or "voorbeeldstad"


def default_zones(*, simulated: bool) -> tuple[str, ...]:
    """Return the zones of a cloud that has none of its own."""
    return ("az1", "az2", "az3") if simulated else ()


ASSUMED_SUFFIX = "test"
"""Top-level domain that nobody can own: RFC 6761."""


def default_domain(name: str) -> str:
    """Return a domain for a cluster."""
    return f"apps.{name}.{ASSUMED_SUFFIX}"

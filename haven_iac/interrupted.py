"""Whether an earlier run was killed while it made something: then a plain run would make it a second time.

The engine notes what it is making in its state, and goes on without a word in a preview, and with one warning in an
update. So the program looks for itself, before it asks for anything.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from haven_iac.errors import DeployError
from haven_iac.project import Project

MARK = "HAVEN_IAC_RUN"
"""Environment variable that an engine of the command and its plugins carry: such a run has settled this already."""

CONVERGING = ("pulumi", "kubernetes:")
"""What types start with that may be made again without harm: providers, resources of our own, and Kubernetes objects,
which are applied."""

SECONDS = 30
"""How long the engine gets to print the state of a backend that keeps no files here."""


class CutShortError(DeployError):
    """An earlier run was killed, and only the command can settle what it left."""

    code = "HVN310"


def refusal(project: Project, name: str, stack: str) -> CutShortError | None:
    """Return why a plain run must not go on, or None.

    Args:
        project: the folder with Pulumi.yaml.
        name: the project's name.
        stack: name of the stack.
    """
    if os.environ.get(MARK):
        return None
    found = making(state(project, name, stack))
    if not found:
        return None
    shown = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    return CutShortError(
        f"an earlier run was killed while it made {shown}, and this one would make that a second time",
        fix=f"run `haven-iac up -s {stack}` once: it finds what was made, takes it over and goes on",
    )


def making(state: Mapping[str, Any]) -> list[str]:
    """Return type and name of everything that was being made, in a state as the engine keeps or exports it."""
    document = state.get("checkpoint") or state
    deployment = document.get("latest") or document.get("deployment") or {}
    found = []
    for operation in deployment.get("pending_operations") or ():
        resource = operation.get("resource") or {}
        kind, name = str(resource.get("type") or ""), str(resource.get("urn") or "").rpartition("::")[2]
        once = resource.get("custom") and not kind.startswith(CONVERGING)
        if operation.get("type") == "creating" and once:
            found.append(f"{kind.rpartition(':')[2]} {name}")
    return found


def state(project: Project, name: str, stack: str) -> Mapping[str, Any]:
    """Return a stack's state, secrets encrypted; empty when there is none, or nobody can tell."""
    url = backend(project)
    if urlsplit(url).scheme == "file":
        return _file(Path(os.path.expanduser(unquote(url.removeprefix("file://")))), name, stack)
    try:
        told = subprocess.run(
            ["pulumi", "stack", "export", "--stack", stack, "--non-interactive"],
            cwd=project.root,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        found: Mapping[str, Any] = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return found


def backend(project: Project) -> str:
    """Return the URL of the backend, as the engine finds it; empty when nobody has chosen one."""
    if url := os.environ.get("PULUMI_BACKEND_URL"):
        return url
    text = (project.root / "Pulumi.yaml").read_text()
    if written := re.search(r"^backend:\s*\n?\s*\{?\s*url:\s*['\"]?([^\s'\"}]+)", text, re.MULTILINE):
        return written[1]
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return str(json.loads((home / "credentials.json").read_text()).get("current") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _file(folder: Path, name: str, stack: str) -> Mapping[str, Any]:
    stacks = folder / ".pulumi" / "stacks"
    for file in (stacks / name / f"{stack}.json", stacks / f"{stack}.json"):
        for path in (file, file.with_suffix(".json.gz")):
            try:
                data = path.read_bytes()
                found: Mapping[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
            except (OSError, ValueError):
                continue
            return found
    return {}

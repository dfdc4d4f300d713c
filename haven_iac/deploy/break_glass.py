"""Break glass: a credential with every right, for an emergency, that leaves a record in the cluster and here."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from haven_iac.errors import DeployError
from haven_iac.kube import connect
from haven_iac.platform.common import NS_SYSTEM
from haven_iac.project import Project

LABEL = "haven-iac/break-glass"


@dataclass(frozen=True)
class Use:
    """One use of the break-glass account."""

    at: str
    """ISO 8601, UTC."""
    until: str
    cluster: str
    user: str
    """As the audit log names it."""
    reason: str


def record(project: Project, stack: str, kubeconfig: str, use: Use) -> str:
    """Write down a use, here and in the cluster, before anybody gets the credential.

    Args:
        project: whose folder keeps the log.
        stack: name of the stack.
        kubeconfig: the stack's own credential.
        use: what is recorded.

    Returns:
        Where it stands in the cluster; empty when the cluster did not take it, which the log says too.

    Raises:
        DeployError: it cannot be written down here.
    """
    try:
        name, trouble = _in_cluster(kubeconfig, use), ""
    except DeployError as error:
        name, trouble = "", error.what
    line = {
        **asdict(use),
        "stack": stack,
        "recordedInCluster": name or False,
        **({"trouble": trouble} if trouble else {}),
    }
    file = project.state / "break-glass.log"
    try:
        project.state.mkdir(mode=0o700, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise DeployError(
            f"the use cannot be written down in {file}: {error.strerror}",
            fix="mend the folder; without a record no credential is given",
        ) from None
    return name


def uses(kubeconfig: str) -> list[Use]:
    """Return the uses that the cluster has recorded, oldest first."""
    with connect(kubeconfig) as kube:
        found = kube.items(f"/api/v1/namespaces/{NS_SYSTEM}/configmaps", labelSelector=f"{LABEL}=true")
    known = ("at", "until", "cluster", "user", "reason")
    return sorted((Use(*(one.get("data", {}).get(key, "") for key in known)) for one in found), key=lambda use: use.at)


def _in_cluster(kubeconfig: str, use: Use) -> str:
    """Make an object that cannot be changed, and an event that points to it; return the object's name."""
    moment = datetime.fromisoformat(use.at).astimezone(UTC)
    name = f"break-glass-{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    about = {"name": name, "namespace": NS_SYSTEM, "labels": {LABEL: "true"}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "immutable": True, "data": asdict(use)}
    with connect(kubeconfig) as kube:
        made = kube.create(body)
        for event in _events(made, use, moment):
            kube.create(event)
    return f"{NS_SYSTEM}/{name}"


def _events(made: dict[str, Any], use: Use, moment: datetime) -> Iterator[dict[str, Any]]:
    yield {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": made["metadata"]["name"], "namespace": NS_SYSTEM},
        "type": "Warning",
        "reason": "BreakGlass",
        "message": f"{use.user} has every right until {use.until}: {use.reason}"[:1000],
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "namespace": NS_SYSTEM,
            "name": made["metadata"]["name"],
            "uid": made["metadata"]["uid"],
        },
        "source": {"component": "haven-iac"},
        "firstTimestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "lastTimestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "count": 1,
    }

"""Which cluster `haven-iac verify` looks at, and with which credential."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from haven_iac.cli import run
from haven_iac.errors import UnreachableError

if TYPE_CHECKING:
    from haven_iac.compliance.history import Record
    from haven_iac.compliance.live import Documents
    from haven_iac.prepare import Prepared

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the credential of its service account."""


@dataclass(frozen=True)
class Target:
    """Which cluster to look at, and how."""

    ready: Prepared
    kubeconfig: str
    own: bool
    """The credential is the stack's own."""
    folder: Path | None
    """Where files that the kubeconfig names are."""
    outputs: dict[str, Any]
    """Of the stack; empty where a kubeconfig was given."""

    def documents(self) -> Documents:
        """Return what its API says; read-only.

        Raises:
            UnreachableError: it does not answer, or refuses the credential.
        """
        from haven_iac.compliance.reader import documents

        return documents(self.kubeconfig, own_credential=self.own, folder=self.folder, extra=True)

    def records(self) -> list[Record]:
        """Return what earlier looks have left in the cluster."""
        from haven_iac.compliance import history
        from haven_iac.kube import connect

        with connect(self.kubeconfig, folder=self.folder) as kube:
            return history.of_cluster(kube)


def described(description: Path, kubeconfig: Path | None, in_cluster: bool) -> Target:
    """Return a cluster whose description is in a file of its own: no project, and so no files of records or evidence.

    Raises:
        typer.BadParameter: nothing says where the cluster is.
    """
    from haven_iac.dated import parse
    from haven_iac.errors import SpecError
    from haven_iac.prepare import from_document

    try:
        document = parse(description.read_bytes())
    except ValueError as error:
        raise SpecError(f"{description} {error}", fix="give what stands below haven:cluster, as YAML or JSON") from None
    ready = from_document(document)
    ready = replace(ready, stack=ready.spec.name)
    if in_cluster:
        return Target(ready, _own_kubeconfig(), own=False, folder=None, outputs={})
    if not kubeconfig:
        raise typer.BadParameter("goes with --kubeconfig or --in-cluster", param_hint="--description")
    return Target(ready, kubeconfig.read_text(errors="replace"), own=False, folder=kubeconfig.parent, outputs={})


def _own_kubeconfig() -> str:
    """Return a kubeconfig of the pod that this runs in.

    Raises:
        UnreachableError: this runs in no pod.
    """
    import os

    import yaml

    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token, authority = SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt"
    if not host or not token.is_file():
        raise UnreachableError("this runs in no pod with a service account", fix="leave --in-cluster out")
    address = f"[{host}]" if ":" in host else host
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "own", "cluster": {"server": f"https://{address}:{port}", "certificate-authority": str(authority)}}
        ],
        "users": [{"name": "own", "user": {"tokenFile": str(token)}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
        "current-context": "own",
    }
    return yaml.safe_dump(document)


def of_stack(stack: str, kubeconfig: Path | None, in_cluster: bool = False) -> Target:
    """Return the cluster of a stack.

    Args:
        stack: its name.
        kubeconfig: read with this one; None for the stack's own.
        in_cluster: read with the service account of the pod that this runs in.

    Raises:
        DeployError: it has not been made.
        UnreachableError: it was not finished, or this runs in no pod.
    """
    if in_cluster:
        return Target(run.prepared(stack), _own_kubeconfig(), own=False, folder=None, outputs={})
    if kubeconfig:
        text = kubeconfig.read_text(errors="replace")
        return Target(run.prepared(stack), text, own=False, folder=kubeconfig.parent, outputs={})
    ready, session = run.existing(stack)
    outputs = session.outputs()
    if "kubeconfig" not in outputs:
        raise UnreachableError(
            f"the cluster of stack {stack} was not finished", fix=f"`haven-iac up -s {stack}` goes on"
        )
    return Target(ready, outputs["kubeconfig"], own=True, folder=None, outputs=outputs)

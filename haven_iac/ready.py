"""Webhooks as a Pulumi resource: they answer before anything needs them, and are gone before their pods are.

The module's path is part of every stack's state: it must stay importable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from haven_iac.errors import DeployError
from haven_iac.kube import KubeError, connect

PATIENCE = 180.0
"""Seconds that a webhook gets to answer: its pods have to start, and its certificate has to be put in."""
PAUSE = 1.0

_GROUP = "admissionregistration.k8s.io/v1"
_KINDS = {
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
}


def accepted(kubeconfig: str, bodies: Sequence[Mapping[str, Any]], patience: float = PATIENCE) -> None:
    """Wait until the API takes some objects, or refuses them for a reason of their own; nothing is made.

    A pod of a webhook that is ready does not prove that the API trusts its certificate already; this does.

    Raises:
        DeployError: a webhook does not answer in time.
    """
    deadline = time.monotonic() + patience
    with connect(kubeconfig) as kube:
        for body in bodies:
            while True:
                try:
                    kube.create(body, dry_run=True)
                    break
                except KubeError as error:
                    if not _silent(error):
                        break
                    if time.monotonic() > deadline:
                        raise DeployError(
                            f"the API does not take a {body['kind']} after {patience:.0f} seconds: {error.what}",
                            fix="look at the pods behind that webhook, then run the same command again",
                        ) from None
                time.sleep(PAUSE)


def _silent(error: KubeError) -> bool:
    """Return whether nobody answered: the webhook, or the kind itself, is not there yet."""
    return error.status in (404, 500, 502, 503, 504) or "failed calling webhook" in error.what


def without_webhooks(kubeconfig: str, owner: str, release: str) -> list[str]:
    """Remove the webhooks of one release of ours, so that nothing waits for them when their pods are gone.

    Returns:
        Their names.
    """
    removed = []
    with connect(kubeconfig) as kube:
        for kind, plural in _KINDS.items():
            labels = f"haven-iac/owner={owner},app.kubernetes.io/instance={release}"
            for one in kube.items(f"/apis/{_GROUP}/{plural}", labelSelector=labels):
                kube.delete({"apiVersion": _GROUP, "kind": kind, "metadata": {"name": one["metadata"]["name"]}})
                removed.append(str(one["metadata"]["name"]))
    return removed


class WebhooksProvider(ResourceProvider):
    """Waits on the way in, and clears on the way out."""

    def _run(self, props: dict[str, Any]) -> dict[str, Any]:
        accepted(str(props["kubeconfig"]), json.loads(props["bodies"]))
        return props

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait until they answer."""
        return CreateResult(id_=str(props["release"]), outs=self._run(props))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell whether another version was installed, or something else has to be accepted."""
        return DiffResult(changes=any(_olds.get(key) != _news.get(key) for key in ("version", "bodies")))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Wait again."""
        return UpdateResult(outs=self._run(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Remove them before their pods go; a cluster that does not answer has none."""
        with suppress(DeployError):
            without_webhooks(str(_props["kubeconfig"]), str(_props["owner"]), str(_props["release"]))


class Webhooks(Resource, module="haven", name="Webhooks"):
    """The webhooks of one release answer."""

    def __init__(
        self,
        name: str,
        props: Mapping[str, pulumi.Input[Any]],
        bodies: Sequence[Mapping[str, Any]],
        kubeconfig: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wait for some objects to be accepted.

        Args:
            name: of the resource.
            props: `owner`, the cluster; `release`, its name; `version` of its chart.
            bodies: what has to be accepted.
            kubeconfig: credential of the cluster.
            opts: parent and dependencies.
        """
        secret = pulumi.ResourceOptions(additional_secret_outputs=["kubeconfig"])
        given = {**props, "bodies": json.dumps(list(bodies)), "kubeconfig": pulumi.Output.secret(kubeconfig)}
        super().__init__(WebhooksProvider(), name, given, pulumi.ResourceOptions.merge(opts, secret))

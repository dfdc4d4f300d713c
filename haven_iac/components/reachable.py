"""The way to a cluster in a preview: one that has never answered is not asked."""

import asyncio

import pulumi

from haven_iac.errors import DeployError
from haven_iac.kube import connect


def reachable(kubeconfig: pulumi.Output[str], ready: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return a kubeconfig that is unknown to a preview as long as the cluster behind it has never answered.

    The Kubernetes plugin asks an API that it knows of in a preview too, and a run that failed half-way has told it
    where the API will be. `up` gets the kubeconfig as it is.

    Args:
        kubeconfig: of the cluster.
        ready: known when its API has answered; a preview that will look again does not know it either.
    """
    if not pulumi.runtime.is_dry_run():
        return kubeconfig

    async def known() -> bool:
        if not await kubeconfig.is_known():
            return False
        return await ready.is_known() or await asyncio.to_thread(_answers, await kubeconfig.future())

    async def text() -> str:
        return await kubeconfig.future() or ""

    return pulumi.Output(kubeconfig.resources(), text(), known(), kubeconfig.is_secret())


def _answers(kubeconfig: str | None) -> bool:
    try:
        with connect(kubeconfig or "") as kube:
            return kube.get("/version") is not None
    except DeployError:
        return False

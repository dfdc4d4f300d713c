"""One slot of the platform: its secrets, its chart, and our own objects around it."""

from typing import Any, ClassVar, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from haven_iac.components.base import HavenComponent
from haven_iac.platform.catalogue import chart_folder
from haven_iac.platform.release import Release
from haven_iac.prepare import from_document


class AddOnArgs(TypedDict):
    """Inputs of `AddOn`; the Kubernetes provider comes through the options."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    slot: str
    """Which slot of the platform, as `haven-iac plan` lists them."""


class AddOn(HavenComponent):
    """One slot of the platform; a slot that the plan leaves empty makes nothing."""

    _token: ClassVar[str] = "haven:index:AddOn"

    version: pulumi.Output[str]
    """Version of the chart; empty where the slot has objects of our own only."""

    def __init__(self, name: str, args: AddOnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        plan = from_document(args["spec"]).plan
        release = plan.release(args["slot"])
        chart = [self._chart(release)] if release else []
        objects = [dict(m.body) for m in plan.manifests if m.slot == args["slot"]]
        if objects:
            k8s.yaml.v2.ConfigGroup(
                f"{name}-objects",
                objs=objects,
                resource_prefix=name,
                opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=chart)),
            )
        self.version = pulumi.Output.from_input(release.version if release else "")
        self.register_outputs({"version": self.version})

    def _chart(self, release: Release) -> pulumi.Resource:
        secrets = [self._secret(release.namespace, ref.name, ref.entries) for ref in release.secrets]
        local = chart_folder(release.chart) if release.stand_in else None
        return k8s.helm.v4.Chart(
            release.name,
            chart=str(local) if local else _address(release),
            version=None if local else release.version,
            repository_opts=_repository(release) if not local else None,
            namespace=release.namespace,
            skip_crds=release.skip_crds,
            values=dict(release.values),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=secrets)),
        )

    def _secret(self, namespace: str, name: str, entries: Any) -> pulumi.Resource:
        config = pulumi.Config("haven")
        return k8s.core.v1.Secret(
            f"{self._name}-{name}",
            metadata={"name": name, "namespace": namespace},
            string_data={key: config.require_secret(held) for key, held in entries.items()},
            opts=self._child,
        )


def _address(release: Release) -> str:
    return f"{release.repo.rstrip('/')}/{release.chart}" if release.repo.startswith("oci://") else release.chart


def _repository(release: Release) -> Any:
    return None if release.repo.startswith("oci://") else k8s.helm.v4.RepositoryOptsArgs(repo=release.repo)

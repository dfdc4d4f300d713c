"""One slot of the platform: its secrets, its chart, and our own objects around it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NotRequired, TypedDict
from urllib.parse import urlsplit

import pulumi

from haven_iac import resources
from haven_iac.components import stand_in
from haven_iac.components.base import HavenComponent
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import late
from haven_iac.platform.gitops import handed
from haven_iac.platform.release import API_HOST, Manifest, Release, SecretRef
from haven_iac.platform.secret_forms import render
from haven_iac.prepare import from_document
from haven_iac.ready import Webhooks
from haven_iac.spec.gitops import Owner
from haven_iac.spec.platform import MirrorSpec


class AddOnArgs(TypedDict):
    """Inputs of `AddOn`; the Kubernetes provider comes through the options."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    slot: str
    """Which slot of the platform, as `haven-iac plan` lists them."""
    late: NotRequired[dict[str, pulumi.Input[str]]]
    """Values that only building tells, by name, for the marks in the plan; none when left out."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """Credential with which webhooks are waited for; nobody waits when left out.  Secret."""
    server: NotRequired[pulumi.Input[str]]
    """`ApiEndpoint.server`, for the record of the API; a name that leads nowhere when left out."""


class AddOn(HavenComponent):
    """One slot of the platform; a slot that the plan leaves empty makes nothing."""

    _token: ClassVar[str] = "haven:index:AddOn"

    version: pulumi.Output[str]
    """Version of the chart; empty where the slot has objects of our own only."""

    def __init__(self, name: str, args: AddOnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._late: Mapping[str, pulumi.Input[str]] = args.get("late", {})
        plan = from_document(args["spec"]).plan
        release = plan.release(args["slot"])
        server = args.get("server", f"https://{API_HOST}")
        self._host = pulumi.Output.from_input(server).apply(lambda url: str(urlsplit(url).hostname))
        self._authority = _authority(plan.spec.mirror)
        taken_down = opts.deleted_with if opts else None
        self._object = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(deleted_with=taken_down))
        self._marks = _marks(plan)
        inside = self._marks
        if release and plan.spec.gitops and handed(release):
            keep = resources.everything if release.owner is Owner.MOVING else inside.keep
            inside = replace(inside, keep=keep, release=(release.name, release.namespace))
        self._inside = pulumi.ResourceOptions.merge(
            self._child, pulumi.ResourceOptions(transforms=[resources.in_cluster(taken_down, inside)])
        )
        installed = self._installed(release) if release else []
        if release and release.accepts and "kubeconfig" in args:
            about = {"owner": plan.spec.name, "release": release.name, "version": release.version}
            after = pulumi.ResourceOptions.merge(self._object, pulumi.ResourceOptions(depends_on=installed))
            installed.append(Webhooks(f"{name}-webhooks", about, release.accepts, args["kubeconfig"], after))
        self._manifests([m for m in plan.manifests if m.slot == args["slot"]], installed)
        self.version = pulumi.Output.from_input(release.version if release else "")
        self.register_outputs({"version": self.version})

    def _manifests(self, manifests: list[Manifest], after: list[pulumi.Resource]) -> None:
        """Make the objects of our own; those in a namespace of this slot after it."""
        namespaces: dict[str, pulumi.Resource] = {}
        for manifest in sorted(manifests, key=lambda one: one.body["kind"] != "Namespace"):
            place = namespaces.get(manifest.body["metadata"].get("namespace", ""))
            needs = [*after, *([place] if place else [])]
            opts = pulumi.ResourceOptions.merge(self._object, pulumi.ResourceOptions(depends_on=needs))
            made = resources.make(f"{self._name}-{manifest.name}", self._filled(manifest.body), opts, self._marks)
            if manifest.body["kind"] == "Namespace":
                namespaces[manifest.body["metadata"]["name"]] = made

    def _installed(self, release: Release) -> list[pulumi.Resource]:
        """Make a release and return what comes after it; of Flux's only the Secrets, which git never has."""
        if release.manifest:
            return [resources.file(f"{self._name}-manifest", release.manifest, self._inside)]
        secrets = [self._secret(release.namespace, ref) for ref in release.secrets]
        if release.owner is Owner.FLUX:
            return secrets
        local = release.folder or (stand_in.folder(release) if release.stand_in else None)
        source = {"chart": str(local)} if local else _published(release, self._authority)
        made = resources.chart(
            release.name,
            {
                **source,
                "namespace": release.namespace,
                "skipCrds": release.skip_crds,
                "values": self._filled(release.values),
            },
            pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=secrets)),
        )
        return [made]

    def _filled(self, value: Any) -> Any:
        """Return a document with late values and the API's host in their places; the rest is known in a preview."""
        if value == API_HOST:
            return self._host
        if isinstance(value, Mapping):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(inner) for inner in value]
        names = sorted(late.found(value))
        if not names:
            return value
        given = pulumi.Output.all(**{name: self._late[name] for name in names})
        return given.apply(lambda known: late.filled(value, known))

    def _secret(self, namespace: str, ref: SecretRef) -> pulumi.Resource:
        config = pulumi.Config("haven")

        def part(key: str, held: str) -> pulumi.Output[str]:
            form = ref.forms.get(key, "")
            return pulumi.Output.secret(config.require_secret(held).apply(lambda text: render(form, text)))

        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": ref.name, "namespace": ref.namespace or namespace},
            **({"type": ref.type} if ref.type else {}),
            "stringData": {
                **self._filled(ref.plain),
                **{key: part(key, held) for key, held in ref.entries.items()},
                **{key: pulumi.Output.secret(self._late[name]) for key, name in ref.late.items()},
            },
        }
        return resources.make(f"{self._name}-{ref.name}", body, self._object, self._marks)


def _marks(plan: ClusterPlan) -> resources.Marks:
    """Return what every object of a plan is marked with.

    In a cluster that stays when we go, what others rely on stays too. Flux and we own the same objects in turn, so
    that a field which the other has set is taken over.
    """
    shared, flux = plan.facts.shared, plan.spec.gitops is not None
    return resources.Marks(
        plan.spec.name, force=flux or not shared, keep=resources.others_rely_on(flux) if shared else None
    )


def _authority(mirror: MirrorSpec) -> pulumi.Output[pulumi.Asset] | None:
    """Return the certificate of the mirror's authority, or None when the usual ones do."""
    if not (mirror.charts and mirror.ca_secret):
        return None
    held = pulumi.Config("haven").require_secret(mirror.ca_secret)
    return held.apply(lambda text: pulumi.StringAsset(text))


def _published(release: Release, authority: pulumi.Output[pulumi.Asset] | None) -> dict[str, Any]:
    """Return where a chart comes from, and which authority is trusted for that beside the usual ones."""
    trusted: dict[str, Any] = {"caFile": authority} if authority else {}
    if release.repo.startswith("oci://"):
        from_registry = {"repositoryOpts": trusted} if trusted else {}
        chart = f"{release.repo.rstrip('/')}/{release.chart}"
        return {"chart": chart, "version": release.version, **from_registry}
    return {
        "chart": release.chart,
        "version": release.version,
        "repositoryOpts": {"repo": release.repo, **trusted},
    }

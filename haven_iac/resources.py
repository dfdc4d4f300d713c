"""What the Kubernetes plugin makes, by type token: its provider, objects, charts and files of manifests.

The generated classes of `pulumi_kubernetes` are not used. The plan holds objects of any kind, those of CRDs too; what
the SDK promises (awaiting, previews, server-side apply) is in the plugin; and as soon as its classes are imported, each
object of a chart is asked for once more (`pulumi:pulumi:getResource`), which made a preview a third slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pulumi

from haven_iac.platform.common import TENANT

PLUGIN = version("pulumi-kubernetes")
"""Version of the Kubernetes plugin: that of the package."""

PATCH_FORCE = "pulumi.com/patchForce"
"""Another field manager never stops a run; drift is healed."""
OWNER = "haven-iac/owner"
"""Label with the name of the cluster that made an object: what else stands in a shared cluster is left alone."""
HELM = "meta.helm.sh"
"""Start of the two annotations with which Helm marks the objects of a release."""
SKIP_AWAIT = "pulumi.com/skipAwait"
"""Do not wait for an object: for Services inside the cluster, which the provider watches for ten seconds each."""

_NOT_OBJECTS = ("kubernetes:helm.sh", "kubernetes:kustomize", "kubernetes:yaml")


def provider(name: str, settings: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    """Return the way to one cluster.

    Args:
        name: of the resource.
        settings: as the plugin spells them: `kubeconfig`, `clusterIdentifier`, `enableSecretMutable`, ...
        opts: parent and dependencies.
    """
    props = {key: "true" if value is True else value for key, value in settings.items()}
    return pulumi.ProviderResource("kubernetes", name, props, _versioned(opts))


Keep = Callable[[str, Mapping[str, Any]], bool]
"""Tells, by type token and metadata, whether an object stays in the cluster when it goes from here."""


@dataclass(frozen=True)
class Marks:
    """What every object of one cluster is marked with."""

    owner: str = ""
    """Name of the cluster that made it, as a label; none when empty."""
    force: bool = True
    """A field that somebody else has set is taken over; otherwise that stops the run."""
    keep: Keep | None = None
    """What stays in the cluster when it goes from here; nothing when left out."""
    release: tuple[str, str] | None = None
    """Name and namespace of the Helm release that may once own it, marked as Helm does; not marked when left out.

    Kubernetes counts a Deployment as written anew when its annotations change: who finds these there changes nothing.
    """

    def kept(self, kind: str, metadata: Mapping[str, Any]) -> pulumi.ResourceOptions | None:
        """Return the option that keeps an object, or None.

        The definition of a kind always stays: whoever made objects of it keeps them when the slot is emptied.
        """
        stays = kind.endswith(":CustomResourceDefinition") or (self.keep is not None and self.keep(kind, metadata))
        return pulumi.ResourceOptions(retain_on_delete=True) if stays else None


PLAIN = Marks()


def make(
    name: str, body: Mapping[str, Any], opts: pulumi.ResourceOptions, marks: Marks = PLAIN
) -> pulumi.CustomResource:
    """Make one object.

    Args:
        name: of the resource.
        body: the whole object, as it would stand in YAML.
        opts: parent, provider and dependencies.
        marks: what it is marked with.
    """
    kind = token(body)
    props = {**body, "metadata": annotated(kind, body["metadata"], body.get("spec") or {}, marks)}
    opts = pulumi.ResourceOptions.merge(opts, marks.kept(kind, body["metadata"]))
    return pulumi.CustomResource(kind, name, props, _versioned(opts))


def chart(name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Make the objects of a Helm chart (`helm.v4.Chart`).

    Args:
        name: of the release.
        props: as the plugin spells them: `chart`, `version`, `namespace`, `values`, `repositoryOpts`, `skipCrds`.
        opts: parent, provider and dependencies.
    """
    given = {key: value for key, value in props.items() if value is not None}
    return pulumi.ComponentResource("kubernetes:helm.sh/v4:Chart", name, given, _versioned(opts), remote=True)


def file(name: str, address: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Make the objects of a file of manifests (`yaml.v2.ConfigFile`).

    Args:
        name: of the resource.
        address: path or URL.
        opts: parent, provider and dependencies.
    """
    kind = "kubernetes:yaml/v2:ConfigFile"
    return pulumi.ComponentResource(kind, name, {"file": address}, _versioned(opts), remote=True)


def everything(kind: str, metadata: Mapping[str, Any]) -> bool:
    """Return that everything stays."""
    return True


def others_rely_on(flux: bool = False) -> Keep:
    """Return what tells whether an object of ours holds what others have made, which would go with it.

    Args:
        flux: the platform's namespaces hold releases that are, or may soon be, Flux's.
    """

    def keep(kind: str, metadata: Mapping[str, Any]) -> bool:
        if kind.endswith(":CustomResourceDefinition"):
            return True
        return kind == "kubernetes:core/v1:Namespace" and (flux or TENANT in (metadata.get("labels") or {}))

    return keep


def token(body: Mapping[str, Any]) -> str:
    """Return the type token of an object: `kubernetes:core/v1:Namespace`."""
    group = str(body["apiVersion"])
    return f"kubernetes:{group if '/' in group else f'core/{group}'}:{body['kind']}"


def annotated(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any], marks: Marks = PLAIN) -> dict[str, Any]:
    """Return an object's metadata with what the provider has to know, and whose it is."""
    notes = {PATCH_FORCE: "true"} if marks.force else {}
    if kind == "kubernetes:core/v1:Service" and spec.get("type") != "LoadBalancer":
        notes[SKIP_AWAIT] = "true"
    if marks.release:
        notes |= dict(zip((f"{HELM}/release-name", f"{HELM}/release-namespace"), marks.release, strict=True))
    owner = {OWNER: marks.owner} if marks.owner else {}
    # Nothing is left out rather than empty: the API drops empty maps, which would look like a change ever after.
    more = {"labels": {**(metadata.get("labels") or {}), **owner}}
    more["annotations"] = {**(metadata.get("annotations") or {}), **notes}
    kept = {key: value for key, value in metadata.items() if key not in more}
    return {**kept, **{key: value for key, value in more.items() if value}}


def in_cluster(deleted_with: pulumi.Resource | None, marks: Marks = PLAIN) -> pulumi.ResourceTransform:
    """Return the transform for the objects of a chart: what `make` does for our own.

    Args:
        deleted_with: what takes the whole cluster with it, so that destroying one does not ask its API to delete
            each object first; each object is deleted by itself when left out.
        marks: what each object is marked with.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.type_.startswith("kubernetes:") or args.type_.startswith(_NOT_OBJECTS):
            return None
        props: dict[str, Any] = dict(args.props)
        props["metadata"] = annotated(args.type_, props.get("metadata") or {}, props.get("spec") or {}, marks)
        if props.get("aggregationRule"):
            # Its rules belong to the controller that adds them up; empty ones would be a conflict with it for ever.
            props.pop("rules", None)
        opts = pulumi.ResourceOptions.merge(args.opts, marks.kept(args.type_, props["metadata"]))
        if deleted_with:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(deleted_with=deleted_with))
        return pulumi.ResourceTransformResult(props=props, opts=opts)

    return transform


def _versioned(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=PLUGIN))

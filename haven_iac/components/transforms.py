"""Ordinary corrections to a chart's objects on their way to the API."""

from typing import Any

import pulumi

from haven_iac.components.objects import annotated

_NOT_OBJECTS = ("kubernetes:helm.sh", "kubernetes:kustomize", "kubernetes:yaml")


def in_cluster(deleted_with: pulumi.Resource | None) -> pulumi.ResourceTransform:
    """Return the transform for the objects of a chart: what `objects.make` does for our own.

    Args:
        deleted_with: what takes the whole cluster with it, so that destroying one does not ask its API to delete
            each object first; each object is deleted by itself when left out.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.type_.startswith("kubernetes:") or args.type_.startswith(_NOT_OBJECTS):
            return None
        props: dict[str, Any] = dict(args.props)
        props["metadata"] = annotated(args.type_, props.get("metadata") or {}, props.get("spec") or {})
        opts = args.opts
        if deleted_with:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(deleted_with=deleted_with))
        return pulumi.ResourceTransformResult(props=props, opts=opts)

    return transform

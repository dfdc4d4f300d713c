"""Ordinary corrections to objects on their way to the API."""

from typing import Any

import pulumi

_GROUP_PREFIX = "kubernetes:"
_NOT_OBJECTS = ("kubernetes:helm.sh", "kubernetes:kustomize", "kubernetes:yaml")


def in_cluster(control_plane: list[pulumi.Resource]) -> pulumi.ResourceTransform:
    """Return the transform for every object inside one cluster.

    - `pulumi.com/patchForce`: another field manager never stops a run; drift is healed.
    - `pulumi.com/skipAwait` on Services inside the cluster: the provider watches each for ten seconds, and whoever
      needs one waits for its pods anyway. A load balancer is waited for: its address is an output people need.
    - deleted with the control plane: destroying a cluster does not ask its API to delete each object first.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.type_.startswith(_GROUP_PREFIX) or args.type_.startswith(_NOT_OBJECTS):
            return None
        props = dict(args.props)
        metadata: dict[str, Any] = dict(props.get("metadata") or {})  # type: ignore[arg-type]
        notes = {"pulumi.com/patchForce": "true"}
        spec: Any = props.get("spec") or {}
        if args.type_ == "kubernetes:core/v1:Service" and spec.get("type") != "LoadBalancer":
            notes["pulumi.com/skipAwait"] = "true"
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **notes}
        props["metadata"] = metadata
        opts = args.opts
        if control_plane:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(deleted_with=control_plane[0]))
        return pulumi.ResourceTransformResult(props=props, opts=opts)

    return transform

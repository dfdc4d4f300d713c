"""Kubernetes objects that are plain data in the plan, as resources of their own kind."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi

PLUGIN = version("pulumi-kubernetes")
"""Version of the Kubernetes plugin: that of the package."""

PATCH_FORCE = "pulumi.com/patchForce"
"""Another field manager never stops a run; drift is healed."""
SKIP_AWAIT = "pulumi.com/skipAwait"
"""Do not wait for an object: for Services inside the cluster, which the provider watches for ten seconds each."""


def token(body: Mapping[str, Any]) -> str:
    """Return the type token of an object: `kubernetes:core/v1:Namespace`."""
    group = str(body["apiVersion"])
    return f"kubernetes:{group if '/' in group else f'core/{group}'}:{body['kind']}"


def annotated(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's metadata with what the provider has to know."""
    notes = {PATCH_FORCE: "true"}
    if kind == "kubernetes:core/v1:Service" and spec.get("type") != "LoadBalancer":
        notes[SKIP_AWAIT] = "true"
    return {**metadata, "annotations": {**(metadata.get("annotations") or {}), **notes}}


def make(name: str, body: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Make one object.

    It is made by its token, not by a class of the SDK: the plan holds objects of any kind, those of CRDs too, and
    what the SDK adds (awaiting, previews) is in the plugin.

    Args:
        name: of the resource.
        body: the whole object, as it would stand in YAML.
        opts: parent, provider and dependencies.
    """
    kind = token(body)
    props = {**body, "metadata": annotated(kind, body["metadata"], body.get("spec") or {})}
    return pulumi.CustomResource(
        kind, name, props, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=PLUGIN))
    )

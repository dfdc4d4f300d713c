"""What a plan came to, as plain data that can be kept and compared later.

Values of charts are kept as digests: enough to tell what changed, too little to tell what it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from haven_iac.plan.model import ClusterPlan, NodePlan, PoolPlan, Role
from haven_iac.platform.release import Manifest, Release
from haven_iac.spec import ClusterSpec
from haven_iac.spec.gitops import Owner

FLUX = "flux"
"""Source of a release that is Flux's."""

SCHEMA = 1
"""Version of the shape; another one is not compared."""


def snapshot(plan: ClusterPlan) -> dict[str, Any]:
    """Return a plan as a document that can be written as JSON."""
    return {
        "schema": SCHEMA,
        "cluster": plan.spec.name,
        "spec": plan.spec.model_dump(mode="json", by_alias=True),
        "storageClasses": {
            one.name: {
                "provisioner": one.provisioner,
                "accessModes": list(one.access_modes),
                "parameters": digest([one.parameters, one.binding_mode]),
            }
            for one in plan.facts.storage.classes
        },
        "pools": {pool.name: _pool(plan.spec, pool) for pool in plan.pools},
        "nodes": {node.name: _node(plan.spec, node) for node in plan.nodes},
        "releases": {release.slot: _release(release) for release in plan.releases},
        "objects": {manifest.name: _object(manifest) for manifest in plan.manifests},
    }


def _pool(spec: ClusterSpec, pool: PoolPlan) -> dict[str, Any]:
    asked = spec.pools.get(pool.name) if pool.role is Role.WORKER else None
    most = asked.most if asked else len(pool.nodes)
    return {"role": pool.role.value, "minimum": pool.minimum, "maximum": most}


def _node(spec: ClusterSpec, node: NodePlan) -> dict[str, Any]:
    asked = spec.control_plane if node.role is Role.CONTROL_PLANE else spec.pools.get(node.pool)
    disk = (asked or spec.control_plane).disk
    return {
        "role": node.role.value,
        "pool": node.pool,
        "zone": node.zone,
        "flavor": node.flavor,
        "disk": f"{disk.size} {disk.type}" if disk.type else disk.size,
        "labels": dict(node.labels),
        "taints": [list(taint) for taint in node.taints],
    }


def _release(release: Release) -> dict[str, Any]:
    around = [
        release.pod_security.value,
        {name: level.value for name, level in release.namespaces.items()},
        [[ref.name, dict(ref.entries), dict(ref.forms)] for ref in release.secrets],
        release.skip_crds,
    ]
    return {
        "name": release.name,
        "chart": release.chart,
        "version": release.version,
        "namespace": release.namespace,
        "source": _source(release),
        "values": {path: digest(value) for path, value in leaves(release.values)},
        "around": digest(around),
    }


def _source(release: Release) -> str:
    if release.owner is Owner.FLUX:
        return FLUX
    return "stand-in" if release.stand_in else release.manifest or release.repo


def _object(manifest: Manifest) -> dict[str, Any]:
    kind = str(manifest.body.get("kind", "object"))
    about = manifest.body.get("metadata") or {}
    name = "/".join(str(about[key]) for key in ("namespace", "name") if about.get(key))
    return {"kind": kind, "name": name or manifest.name, "slot": manifest.slot, "digest": digest(manifest.body)}


def digest(value: Any) -> str:
    """Return a short text that is another one when the value is another one."""
    text = json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield everything in a document that is no map of keys, with its dotted path; a list is one thing."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value

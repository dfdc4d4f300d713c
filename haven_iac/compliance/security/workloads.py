"""What may run and who may reach it: Pod Security levels, network policies, where images come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from haven_iac.compliance.live import Document, Documents
from haven_iac.compliance.model import Fact, Look
from haven_iac.compliance.security.access import _extra, _flags, _name, unread
from haven_iac.compliance.words import said

OURS = "haven-iac/managed-by"
"""Label of the platform's namespaces."""
LEVEL = "pod-security.kubernetes.io/enforce"
KUBERNETES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces of Kubernetes itself, which have to be privileged."""
SIGNATURES = {
    "policy.sigstore.dev": "Sigstore's policy-controller",
    "kyverno.io": "Kyverno",
    "config.ratify.deislabs.io": "Ratify",
}
"""API groups of what can refuse images without a signature."""
REGISTRIES = re.compile(r"allowed-registries|registr(y|ies)", re.IGNORECASE)
_FIXED = re.compile(r"(?s).*(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]{0,127})")


def podsecurity(found: Documents) -> Fact:
    """Podsecurity: the level of every namespace."""
    namespaces = _extra(found).namespaces
    if namespaces is None:
        return unread("podsecurity", "namespaces")
    own = [one for one in namespaces if _name(one) not in KUBERNETES]
    bare = [one for one in own if LEVEL not in _labels(one)]
    wide = [one for one in own if _labels(one).get(LEVEL) == "privileged" and OURS not in _labels(one)]
    counts = tuple(
        f"{level} {sum(_labels(one).get(LEVEL) == level for one in own)}"
        for level in ("restricted", "baseline", "privileged")
    )
    if wide:
        reason = said("security.podsecurity.wide", names=_names(wide), counts=counts)
        return Fact("podsecurity", Look.ATTENTION, reason, said("security.podsecurity.fix"), _objects(wide))
    if bare:
        hidden = any("admission-control-config-file" in flags for flags in _flags(found).values())
        reason = said(f"security.podsecurity.{'hidden' if hidden else 'bare'}", names=_names(bare), counts=counts)
        look = Look.UNKNOWN if hidden else Look.ATTENTION
        return Fact("podsecurity", look, reason, said("security.podsecurity.fix"), _objects(bare))
    return Fact("podsecurity", Look.OK, said("security.podsecurity.fine", counts=counts), objects=_objects(own))


def networkpolicies(found: Documents) -> Fact:
    """Networkpolicies: namespaces with pods in which everything is let in."""
    extra = _extra(found)
    if extra.network_policies is None or extra.pods is None:
        return unread("networkpolicies", "networkpolicies", "pods")
    used = {pod["metadata"].get("namespace", "") for pod in extra.pods} - KUBERNETES
    denied = {one["metadata"].get("namespace", "") for one in extra.network_policies if _denies(one)}
    open_ = sorted(used - denied)
    if open_:
        reason = said("security.networkpolicies.open", names=tuple(open_))
        fix = said("security.networkpolicies.fix")
        return Fact("networkpolicies", Look.ATTENTION, reason, fix, tuple(f"Namespace/{one}" for one in open_))
    rests = tuple(
        f"NetworkPolicy/{one['metadata'].get('namespace', '')}/{_name(one)}"
        for one in extra.network_policies
        if _denies(one)
    )
    return Fact("networkpolicies", Look.OK, said("security.networkpolicies.fine", n=len(used)), objects=rests)


def _denies(policy: Document) -> bool:
    """Return whether it covers every pod of its namespace and lets nothing in by itself."""
    spec = policy.get("spec") or {}
    return (
        not spec.get("podSelector")
        and "Ingress" in (spec.get("policyTypes") or ("Ingress",))
        and not spec.get("ingress")
    )


def images(found: Documents) -> Fact:
    """Images: where they come from, and whether somebody could exchange them unseen."""
    extra = _extra(found)
    if extra.pods is None or extra.admission is None:
        return unread("images", "pods", "validatingadmissionpolicybindings")
    used = {image: where for pod in extra.pods for image, where in _images(pod)}
    loose = sorted(image for image in used if not _FIXED.fullmatch(image))
    fixed = sum("@sha256:" in image for image in used)
    if not used:
        return Fact("images", Look.OK, said("security.images.none"))
    registries = tuple(sorted({_registry(image) for image in used}))
    about = {"n": len(used), "digests": fixed, "registries": registries}
    if loose:
        names = tuple(loose[:5])
        reason = said("security.images.loose", names=names, **about)
        return Fact("images", Look.ATTENTION, reason, said("security.images.loose_fix"), _pods(used, loose))
    guards = [f"APIGroup/{group}" for group in SIGNATURES if group in found.groups]
    guards += [
        f"ValidatingAdmissionPolicyBinding/{_name(one)}" for one in extra.admission if REGISTRIES.search(_name(one))
    ]
    if not guards:
        reason = said("security.images.open", **about)
        return Fact("images", Look.ATTENTION, reason, said("security.images.open_fix"), _pods(used, list(used)))
    return Fact("images", Look.OK, said("security.images.fine", **about), objects=tuple(guards))


def _pods(used: dict[str, str], images: list[str]) -> tuple[str, ...]:
    return tuple(sorted({used[image] for image in images}))


def _images(pod: Document) -> Iterator[tuple[str, str]]:
    spec, namespace = pod.get("spec") or {}, pod["metadata"].get("namespace", "")
    if namespace in KUBERNETES:
        return
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for one in spec.get(kind) or ():
            if image := "".join(letter for letter in str(one.get("image", "")) if letter.isprintable())[:300]:
                yield image, f"Pod/{namespace}/{_name(pod)}"


def _registry(image: str) -> str:
    """Return the host that an image comes from; Docker Hub where none is written."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _labels(found: Document) -> dict[str, str]:
    return found["metadata"].get("labels") or {}


def _names(found: list[Document]) -> tuple[str, ...]:
    return tuple(sorted(_name(one) for one in found))


def _objects(found: list[Document]) -> tuple[str, ...]:
    return tuple(f"Namespace/{name}" for name in _names(found))

"""Who may do what, and whether it is written down: anonymous access, audit log, encryption, administrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven_iac.compliance.live import Document, Documents, Extra
from haven_iac.compliance.model import Fact, Look
from haven_iac.compliance.words import said

NOBODY = ("system:anonymous", "system:unauthenticated")
"""Whom a request without a credential is taken for."""
HARMLESS = frozenset({"system:public-info-viewer"})
"""Bindings that every cluster gives to everybody: version and health."""
BUILT_IN = frozenset({"system:masters"})
"""Groups that Kubernetes itself makes administrators."""
SYSTEM = frozenset({"kube-system"})
"""Namespaces whose service accounts are part of the cluster."""
ENCRYPTED = "k8s:enc:"
"""How a value in etcd begins when it is encrypted."""
EVENTS = "apiserver_audit_event_total"
TRANSFORMED = "apiserver_storage_transformation_operations_total"
METRICS = (EVENTS, TRANSFORMED)
"""Metrics of the API server that are read."""


def _extra(found: Documents) -> Extra:
    assert found.extra is not None
    return found.extra


def unread(name: str, *parts: str) -> Fact:
    """Return a fact about something that could not be read."""
    return Fact(name, Look.UNKNOWN, said("security.refused", parts=parts), said("security.refused_fix"))


def anonymous(found: Documents) -> Fact:
    """Anonymous: what the API lets somebody do who shows no credential."""
    extra = _extra(found)
    if extra.anonymous is None:
        return Fact("anonymous", Look.UNKNOWN, said("security.anonymous.silent"))
    rests = ("/api/v1/namespaces",)
    if extra.anonymous == 200:
        fix = said("security.anonymous.fix")
        return Fact("anonymous", Look.ATTENTION, said("security.anonymous.open"), fix, rests)
    if extra.cluster_role_bindings is None or extra.role_bindings is None:
        return unread("anonymous", "clusterrolebindings", "rolebindings")
    given = [
        (kind, binding)
        for kind, bindings in (
            ("ClusterRoleBinding", extra.cluster_role_bindings),
            ("RoleBinding", extra.role_bindings),
        )
        for binding in bindings
        if _name(binding) not in HARMLESS and any(one.get("name") in NOBODY for one in _subjects(binding))
    ]
    if given:
        names = tuple(f"{kind}/{_place(binding)}" for kind, binding in given)
        reason = said("security.anonymous.bound", n=len(names))
        return Fact("anonymous", Look.ATTENTION, reason, said("security.anonymous.bound_fix"), names)
    key = "refused" if extra.anonymous == 401 else "harmless"
    return Fact("anonymous", Look.OK, said(f"security.anonymous.{key}"), objects=rests)


def audit(found: Documents) -> Fact:
    """Audit: whether the API server writes down who asked for what."""
    extra = _extra(found)
    flags = _flags(found)
    if extra.metrics is None and not flags:
        return unread("audit", "/metrics")
    events = sum(value for name, _, value in extra.metrics or () if name == EVENTS)
    if events:
        return Fact("audit", Look.OK, said("security.audit.on", events=int(events)), objects=("/metrics",))
    if flags and all("audit-policy-file" in one for one in flags.values()):
        return Fact("audit", Look.OK, said("security.audit.flag"), objects=tuple(flags))
    if extra.metrics is None:
        return Fact("audit", Look.ATTENTION, said("security.audit.no_flag"), said("security.audit.fix"), tuple(flags))
    return Fact("audit", Look.ATTENTION, said("security.audit.off"), said("security.audit.fix"), ("/metrics",))


def encryption(found: Documents) -> Fact:
    """Encryption: whether Secrets lie encrypted in etcd."""
    extra, flags = _extra(found), _flags(found)
    kinds = sorted(
        {
            labels.get("transformer_prefix", "")
            for name, labels, value in extra.metrics or ()
            if name == TRANSFORMED and value and labels.get("status", "OK") == "OK"
        }
    )
    secret = [one for one in kinds if one.startswith(ENCRYPTED)]
    if secret:
        ways = tuple(sorted({one.removeprefix(ENCRYPTED).split(":")[0] for one in secret}))
        return Fact("encryption", Look.OK, said("security.encryption.on", ways=ways), objects=("/metrics",))
    hashed = tuple(
        f"Node/{_name(node)}"
        for node in found.nodes
        if any(key.endswith("/encryption-config-hash") for key in node["metadata"].get("annotations") or {})
    )
    if hashed:
        return Fact("encryption", Look.OK, said("security.encryption.node"), objects=hashed)
    if flags:
        asked = all("encryption-provider-config" in one for one in flags.values())
        look, key = (Look.OK, "flag") if asked else (Look.ATTENTION, "no_flag")
        fix = "" if asked else said("security.encryption.fix")
        return Fact("encryption", look, said(f"security.encryption.{key}"), fix, tuple(flags))
    if extra.metrics is None:
        return unread("encryption", "/metrics")
    fix = said("security.encryption.fix")
    return Fact("encryption", Look.UNKNOWN, said("security.encryption.unseen"), fix, ("/metrics",))


def administrators(found: Documents) -> Fact:
    """Administrators: everybody who may do everything, beside Kubernetes itself."""
    extra = _extra(found)
    if extra.cluster_role_bindings is None or extra.cluster_roles is None:
        return unread("administrators", "clusterrolebindings", "clusterroles")
    all_powerful = {_name(role) for role in extra.cluster_roles if _everything(role)}
    holders: dict[str, str] = {}
    for binding in extra.cluster_role_bindings:
        if binding.get("roleRef", {}).get("name") in all_powerful:
            for subject in _subjects(binding):
                if who := _holder(subject):
                    holders[who] = f"ClusterRoleBinding/{_name(binding)}"
    if not holders:
        return Fact("administrators", Look.OK, said("security.administrators.none"), objects=("ClusterRoleBinding",))
    broad = [one for one in holders if one.startswith(("Group/system:authenticated", "Group/system:serviceaccounts"))]
    reason = said("security.administrators.some", n=len(holders), names=tuple(sorted(holders)))
    if broad:
        reason = said("security.administrators.everybody", names=tuple(broad))
    rests = tuple(sorted(set(holders.values())))
    return Fact("administrators", Look.ATTENTION, reason, said("security.administrators.fix"), rests)


def _holder(subject: Mapping[str, Any]) -> str:
    """Return who that is, or nothing for Kubernetes itself."""
    kind, name, namespace = subject.get("kind", ""), subject.get("name", ""), subject.get("namespace", "")
    if name in BUILT_IN or (kind == "ServiceAccount" and namespace in SYSTEM):
        return ""
    return f"{kind}/{namespace}/{name}" if namespace else f"{kind}/{name}"


def _everything(role: Document) -> bool:
    for rule in role.get("rules") or ():
        groups, resources, verbs = (rule.get(key) or () for key in ("apiGroups", "resources", "verbs"))
        if "*" in groups and "*" in resources and "*" in verbs:
            return True
    return False


def _flags(found: Documents) -> dict[str, str]:
    """Return the command of each API server that runs as a pod, by its name."""
    commands = {}
    for pod in _extra(found).pods or ():
        if pod["metadata"].get("namespace") == "kube-system" and _name(pod).startswith("kube-apiserver"):
            words = [
                word for one in _containers(pod) for word in (*(one.get("command") or ()), *(one.get("args") or ()))
            ]
            if any("--etcd-servers" in word for word in words):
                commands[f"Pod/{_place(pod)}"] = " ".join(words)
    return commands


def _containers(pod: Document) -> Iterator[Mapping[str, Any]]:
    yield from (pod.get("spec") or {}).get("containers") or ()


def _subjects(binding: Document) -> Sequence[Mapping[str, Any]]:
    return binding.get("subjects") or ()


def _name(found: Document) -> str:
    return str(found["metadata"]["name"])


def _place(found: Document) -> str:
    namespace = found["metadata"].get("namespace", "")
    return f"{namespace}/{_name(found)}" if namespace else _name(found)

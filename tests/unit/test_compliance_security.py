"""What the checker does not test: each fact from what the API returned, and UNKNOWN where nothing can be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from haven_iac.compliance import metrics
from haven_iac.compliance.live import Documents, Extra
from haven_iac.compliance.model import Fact, Look
from haven_iac.compliance.security import FACTS, facts
from haven_iac.compliance.words import LANGUAGES, within, word

OK, ATTENTION, UNKNOWN = Look.OK, Look.ATTENTION, Look.UNKNOWN
ENCRYPTED = {"transformation_type": "to_storage", "transformer_prefix": "k8s:enc:aescbc:v1:", "status": "OK"}


def named(name: str, namespace: str = "", labels: Any = None, **more: Any) -> Any:
    about = {"name": name, **({"namespace": namespace} if namespace else {}), **({"labels": labels} if labels else {})}
    return {"metadata": about, **more}


def pod(name: str = "p", namespace: str = "app", image: str = "registry.test/a:1.2", **more: Any) -> Any:
    return named(name, namespace, spec={"containers": [{"name": "c", "image": image, **more}]})


def server(*flags: str) -> Any:
    command = ["kube-apiserver", "--etcd-servers=https://127.0.0.1:2379", *flags]
    return pod("kube-apiserver-a", "kube-system", command=command)


def binding(name: str, role: str, *subjects: Any) -> Any:
    return named(name, roleRef={"kind": "ClusterRole", "name": role}, subjects=list(subjects))


def who(kind: str, name: str, namespace: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, **({"namespace": namespace} if namespace else {})}


EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
MASTERS = binding("cluster-admin", "cluster-admin", who("Group", "system:masters"))
VIEWERS = binding("system:public-info-viewer", "viewer", who("Group", "system:unauthenticated"))
DENY = named("deny", "app", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
LEVEL = "pod-security.kubernetes.io/enforce"
FINE = Extra(
    anonymous=401,
    namespaces=[named("kube-system"), named("app", labels={LEVEL: "restricted"})],
    network_policies=[DENY],
    pods=[pod()],
    cluster_roles=[named("cluster-admin", rules=[EVERYTHING]), named("view", rules=[])],
    cluster_role_bindings=[MASTERS, VIEWERS],
    role_bindings=[],
    admission=[named("haven-iac-allowed-registries")],
    metrics=[
        ("apiserver_audit_event_total", {}, 12.0),
        ("apiserver_storage_transformation_operations_total", ENCRYPTED, 3.0),
    ],
    results=[],
)
QUIET = [("apiserver_audit_event_total", {}, 0.0)]


def documents(groups: frozenset[str] = frozenset(), nodes: Any = (), **changes: Any) -> Documents:
    return Documents(
        version={}, groups=groups, nodes=nodes, classes=[], workloads={}, admin=True, extra=replace(FINE, **changes)
    )


def fact(name: str, found: Documents) -> Fact:
    return next(one for one in facts(found) if one.id == name)


ROLE_BINDING = named("open", "app", roleRef={"name": "view"}, subjects=[who("User", "system:anonymous")])
CASES: list[tuple[str, str, Look, dict[str, Any]]] = [
    ("anonymous", "refused", OK, {}),
    ("anonymous", "harmless", OK, {"anonymous": 403}),
    ("anonymous", "may list", ATTENTION, {"anonymous": 200}),
    ("anonymous", "no answer", UNKNOWN, {"anonymous": None}),
    ("anonymous", "bindings not readable", UNKNOWN, {"role_bindings": None}),
    (
        "anonymous",
        "bound in the whole cluster",
        ATTENTION,
        {"cluster_role_bindings": [MASTERS, binding("open", "view", who("Group", "system:unauthenticated"))]},
    ),
    ("anonymous", "bound in a namespace", ATTENTION, {"role_bindings": [ROLE_BINDING]}),
    ("audit", "events", OK, {}),
    ("audit", "no events", ATTENTION, {"metrics": QUIET}),
    ("audit", "no metrics, a policy", OK, {"metrics": None, "pods": [server("--audit-policy-file=/x")]}),
    ("audit", "no metrics, no policy", ATTENTION, {"metrics": None, "pods": [server()]}),
    ("audit", "no metrics, no server to see", UNKNOWN, {"metrics": None}),
    ("encryption", "seen in the metrics", OK, {}),
    ("encryption", "not seen", UNKNOWN, {"metrics": QUIET}),
    ("encryption", "asked for", OK, {"metrics": QUIET, "pods": [server("--encryption-provider-config=/x")]}),
    ("encryption", "not asked for", ATTENTION, {"metrics": QUIET, "pods": [server()]}),
    ("encryption", "nothing readable", UNKNOWN, {"metrics": None}),
    ("administrators", "nobody else", OK, {}),
    (
        "administrators",
        "a group",
        ATTENTION,
        {"cluster_role_bindings": [MASTERS, binding("x", "cluster-admin", who("Group", "beheer"))]},
    ),
    (
        "administrators",
        "a service account of an application",
        ATTENTION,
        {"cluster_role_bindings": [binding("x", "cluster-admin", who("ServiceAccount", "a", "app"))]},
    ),
    (
        "administrators",
        "a service account of Kubernetes",
        OK,
        {"cluster_role_bindings": [binding("x", "cluster-admin", who("ServiceAccount", "a", "kube-system"))]},
    ),
    (
        "administrators",
        "another role with all rights",
        ATTENTION,
        {
            "cluster_roles": [named("root", rules=[EVERYTHING])],
            "cluster_role_bindings": [binding("x", "root", who("User", "jan"))],
        },
    ),
    ("administrators", "roles not readable", UNKNOWN, {"cluster_roles": None}),
    ("podsecurity", "levels everywhere", OK, {}),
    ("podsecurity", "none", ATTENTION, {"namespaces": [named("app")]}),
    ("podsecurity", "privileged", ATTENTION, {"namespaces": [named("app", labels={LEVEL: "privileged"})]}),
    (
        "podsecurity",
        "privileged, and of the platform",
        OK,
        {"namespaces": [named("nodes", labels={LEVEL: "privileged", "haven-iac/managed-by": "haven-iac"})]},
    ),
    (
        "podsecurity",
        "none, and a default of the server",
        UNKNOWN,
        {"namespaces": [named("app")], "pods": [server("--admission-control-config-file=/x")]},
    ),
    ("podsecurity", "not readable", UNKNOWN, {"namespaces": None}),
    ("networkpolicies", "denied", OK, {}),
    ("networkpolicies", "none", ATTENTION, {"network_policies": []}),
    (
        "networkpolicies",
        "for some pods",
        ATTENTION,
        {"network_policies": [named("n", "app", spec={"podSelector": {"matchLabels": {"a": "b"}}})]},
    ),
    (
        "networkpolicies",
        "lets in",
        ATTENTION,
        {"network_policies": [named("n", "app", spec={"podSelector": {}, "ingress": [{}]})]},
    ),
    (
        "networkpolicies",
        "egress only",
        ATTENTION,
        {"network_policies": [named("n", "app", spec={"podSelector": {}, "policyTypes": ["Egress"]})]},
    ),
    ("networkpolicies", "no pods", OK, {"network_policies": [], "pods": [pod("p", "kube-system")]}),
    ("networkpolicies", "not readable", UNKNOWN, {"network_policies": None}),
    ("images", "limited", OK, {}),
    ("images", "not limited", ATTENTION, {"admission": []}),
    ("images", "latest", ATTENTION, {"pods": [pod(image="registry.test/a:latest")]}),
    ("images", "no tag", ATTENTION, {"pods": [pod(image="registry.test:5000/a")]}),
    ("images", "a digest", OK, {"pods": [pod(image=f"a@sha256:{'0' * 64}")]}),
    ("images", "of Kubernetes only", OK, {"pods": [pod("p", "kube-system", "x:latest")], "admission": []}),
    ("images", "not readable", UNKNOWN, {"pods": None}),
]


@pytest.mark.parametrize(("name", "what", "look", "changes"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_a_fact_comes_to(name: str, what: str, look: Look, changes: dict[str, Any]) -> None:
    found = fact(name, documents(**changes))
    assert found.look is look, found.reason
    assert bool(found.fix) is (look is ATTENTION) or look is UNKNOWN
    assert found.objects or look is UNKNOWN or what in ("no pods", "of Kubernetes only")
    for language in LANGUAGES:
        assert within(found.reason, language)
        assert word(f"security.{name}.title", language)


def test_every_fact_has_cases_for_every_look() -> None:
    for name in FACTS:
        assert {look for one, _, look, _ in CASES if one == name} == set(Look), name


def test_signatures_are_asked_for_by_what_serves_their_kinds() -> None:
    assert fact("images", documents(frozenset({"kyverno.io"}), admission=[])).look is OK


def test_a_distribution_may_say_that_encryption_is_on() -> None:
    node = {"metadata": {"name": "a", "annotations": {"rke2.io/encryption-config-hash": "start-abc"}}}
    found = fact("encryption", documents(nodes=[node], metrics=QUIET))
    assert (found.look, found.objects) == (OK, ("Node/a",))


def test_everybody_as_administrator_is_said_as_such() -> None:
    everybody = binding("x", "cluster-admin", who("Group", "system:authenticated"))
    assert "everybody who can log in" in fact("administrators", documents(cluster_role_bindings=[everybody])).reason


def test_what_an_image_is_called_cannot_command_a_terminal() -> None:
    found = fact("images", documents(pods=[pod(image="a\x1b[31m:latest")]))
    assert "\x1b" not in found.reason


def test_where_nobody_looked_everything_is_unknown() -> None:
    found = Documents(version={}, groups=frozenset(), nodes=[], classes=[], workloads={}, admin=True)
    assert {one.look for one in facts(found)} == {UNKNOWN}
    assert [one.id for one in facts(found)] == list(FACTS)


def test_the_identity_of_a_cluster_is_that_of_its_first_namespace() -> None:
    namespace = {"metadata": {"name": "kube-system", "uid": "uid-1"}}
    assert replace(FINE, namespaces=[named("a"), namespace]).identity == "uid-1"
    assert replace(FINE, namespaces=None).identity == ""


def test_metrics_are_picked_from_their_text() -> None:
    text = """\
# HELP apiserver_audit_event_total [ALPHA] Counter
apiserver_audit_event_total 1038
apiserver_audit_event_total_other 7
apiserver_storage_transformation_operations_total{resource="secrets",transformer_prefix="k8s:enc:a\\"b:v1:"} 2 1700
apiserver_storage_transformation_operations_total{broken
apiserver_audit_event_total NaNNaN
process_cpu_seconds_total 3
"""
    found = list(metrics.chosen(text))
    assert found[0] == ("apiserver_audit_event_total", {}, 1038.0)
    assert found[1][1]["transformer_prefix"].startswith("k8s:enc:")
    assert len(found) == 2

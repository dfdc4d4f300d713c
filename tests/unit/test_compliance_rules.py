"""Each check by its rule: what passes, what fails, and what only the checker can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven_iac.compliance import catalogue
from haven_iac.compliance.model import Status
from haven_iac.compliance.rules import RULES, judge
from haven_iac.compliance.subject import ClassSeen, NodeSeen, Seen, Subject
from haven_iac.versions import minors
from tests.unit.compliance_cases import GOOD, like, node, nodes

PASS, FAIL, NEEDS_EVIDENCE = Status.PASS, Status.FAIL, Status.NEEDS_EVIDENCE
NEWEST = int(minors().newest.split(".")[1])
IDLE = (Seen("Deployment/x/y", running=False),)
OTHER = (Seen("DaemonSet/logging/fluent-bit"),)


def storage(provisioner: str, *, immediate: bool = True) -> Subject:
    return like(storage=(ClassSeen("one", provisioner, immediate),))


def on(minor: str, platform: str = "rke2") -> Subject:
    return like(minor=minor, platform=platform)


def hidden(platform: str) -> Subject:
    return like(nodes=nodes(servers=0), hidden_control_plane=True, platform=platform)


CASES: list[tuple[str, str, Subject, Status]] = [
    ("clusteradmin", "an administrator", GOOD, PASS),
    ("clusteradmin", "the stack's own is none", like(admin=False), FAIL),
    ("clusteradmin", "a given one is none", like(admin=False, own_credential=False), NEEDS_EVIDENCE),
    ("clusteradmin", "a given one is", like(own_credential=False), PASS),
    ("multiaz", "three zones", GOOD, PASS),
    (
        "multiaz",
        "servers in one, workers in another",
        like(nodes=(*nodes(3, 0, zone="a"), *nodes(0, 3, zone="b"))),
        PASS,
    ),
    ("multiaz", "one zone", like(nodes=nodes(zone="az1")), FAIL),
    ("multiaz", "no labels", like(nodes=nodes(zone="")), FAIL),
    ("multiaz", "one zone and no label", like(nodes=(node("a"), node("b", ""))), FAIL),
    ("multiaz", "no nodes", like(nodes=()), FAIL),
    ("hamasters", "three", GOOD, PASS),
    ("hamasters", "five", like(nodes=nodes(servers=5)), PASS),
    ("hamasters", "two", like(nodes=nodes(servers=2)), FAIL),
    ("hamasters", "none left of a distribution that shows them", like(nodes=nodes(servers=0)), FAIL),
    ("hamasters", "eks", hidden("eks"), PASS),
    ("hamasters", "aks", hidden("aks"), PASS),
    ("hamasters", "gke", hidden("gke"), PASS),
    ("hamasters", "somebody's", hidden("gardener"), NEEDS_EVIDENCE),
    ("haworkers", "three", GOOD, PASS),
    ("haworkers", "two", like(nodes=nodes(workers=2), workers=2), FAIL),
    ("haworkers", "three now and two at the least", like(workers=2), FAIL),
    ("haworkers", "none", like(nodes=nodes(workers=0), workers=0), FAIL),
    ("nodehardening", "Ubuntu", GOOD, PASS),
    *[
        ("nodehardening", image, like(nodes=nodes(os_image=image)), status)
        for image, status in {
            "Talos (v1.12.0)": PASS,
            "Flatcar Container Linux by Kinvolk 4230.2.0 (Oklo)": PASS,
            "Debian GNU/Linux 13 (trixie)": PASS,
            "Red Hat Enterprise Linux CoreOS 9.6": PASS,
            "Rocky Linux 9.6 (Blue Onyx)": PASS,
            "openSUSE Leap 16.0": PASS,
            "ubuntu-24.04": PASS,
            "Amazon Linux 2": FAIL,
            "Amazon Linux 2023.8": NEEDS_EVIDENCE,
            "Bottlerocket OS 1.40": NEEDS_EVIDENCE,
            "Ubuntuesque 1": NEEDS_EVIDENCE,
            "": NEEDS_EVIDENCE,
        }.items()
    ],
    ("nodehardening", "one soft among hard", like(nodes=(*nodes(), node("x", image="Amazon Linux 2"))), FAIL),
    ("nodehardening", "one unknown among hard", like(nodes=(*nodes(), node("x", image="Own"))), NEEDS_EVIDENCE),
    ("nodehardening", "no nodes", like(nodes=()), FAIL),
    ("privatenetworking", "none", GOOD, PASS),
    ("privatenetworking", "one", like(nodes=(*nodes(), node("x", external=True))), FAIL),
    ("kubernetesversion", "newest", on(f"1.{NEWEST}"), PASS),
    ("kubernetesversion", "newer than our data", on(f"1.{NEWEST + 1}"), PASS),
    ("kubernetesversion", "three behind", on(f"1.{NEWEST - 3}"), PASS),
    ("kubernetesversion", "four behind", on(f"1.{NEWEST - 4}"), FAIL),
    ("rbac", "on", GOOD, PASS),
    ("rbac", "off", like(rbac=False), FAIL),
    ("basicauth", "taken out long ago", GOOD, PASS),
    ("basicauth", "still there", on("1.18"), NEEDS_EVIDENCE),
    ("rwxvolumes", "Manila beside Cinder", GOOD, PASS),
    ("rwxvolumes", "Longhorn", storage("driver.longhorn.io"), PASS),
    ("rwxvolumes", "a driver under its own name", storage("rook-ceph.cephfs.csi.ceph.com"), PASS),
    ("rwxvolumes", "the NFS server's chart", storage("cluster.local/nfs-server-provisioner"), PASS),
    ("rwxvolumes", "waits for a pod", storage("efs.csi.aws.com", immediate=False), NEEDS_EVIDENCE),
    ("rwxvolumes", "never heard of", storage("csi.example.test"), NEEDS_EVIDENCE),
    ("rwxvolumes", "sounds like block and is not known", storage("blockbuster.example.test"), NEEDS_EVIDENCE),
    ("rwxvolumes", "Cinder only", storage("cinder.csi.openstack.org"), FAIL),
    ("rwxvolumes", "Ceph block only", storage("rook-ceph.rbd.csi.ceph.com"), FAIL),
    ("rwxvolumes", "no class", like(storage=()), FAIL),
    ("cncf", "where it was seen to look", on("1.32"), PASS),
    ("cncf", "EKS", on("1.36", "eks"), PASS),
    ("cncf", "RKE2 after 1.32", on("1.36"), NEEDS_EVIDENCE),
    ("cncf", "k3s, published", on("1.36", "k3s"), NEEDS_EVIDENCE),
    ("cncf", "a minor that could not be looked up", on("1.35", "eks"), NEEDS_EVIDENCE),
    ("cncf", "unknown platform", on("1.36", "unknown"), NEEDS_EVIDENCE),
    ("autocerts", "there", GOOD, PASS),
    ("autocerts", "not there", like(certificates=(), certificate_api=False), FAIL),
    ("autocerts", "kinds without controller", like(certificates=()), NEEDS_EVIDENCE),
    ("autocerts", "controller without kinds", like(certificate_api=False), NEEDS_EVIDENCE),
    ("autocerts", "does not run", like(certificates=IDLE), NEEDS_EVIDENCE),
    ("logs", "Loki and Alloy", GOOD, PASS),
    ("logs", "nothing", like(log_store=(), log_collector=()), FAIL),
    ("logs", "Loki alone", like(log_collector=()), FAIL),
    ("logs", "Alloy alone", like(log_store=()), NEEDS_EVIDENCE),
    ("logs", "Loki with another collector", like(log_collector=(), other_logs=OTHER), NEEDS_EVIDENCE),
    ("logs", "another stack", like(log_store=(), log_collector=(), other_logs=OTHER), NEEDS_EVIDENCE),
    ("logs", "Loki does not run", like(log_store=IDLE), NEEDS_EVIDENCE),
    ("logs", "Alloy does not run", like(log_collector=IDLE), NEEDS_EVIDENCE),
    ("logs", "one part of Loki runs", like(log_store=(*IDLE, *GOOD.log_store)), PASS),
    ("metrics", "there", GOOD, PASS),
    ("metrics", "not there", like(metrics=()), FAIL),
    ("metrics", "does not run", like(metrics=IDLE), NEEDS_EVIDENCE),
    *[(name, "always", GOOD, NEEDS_EVIDENCE) for name in ("havenversion", "shavalidation", "cis", "kubescape")],
]


@pytest.mark.parametrize(("check", "what", "subject", "expected"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_a_check_comes_to(check: str, what: str, subject: Subject, expected: Status) -> None:
    outcome = judge(check, subject)
    assert outcome.status is expected, outcome.reason
    assert outcome.reason
    assert bool(outcome.fix) is (expected is not PASS)


def test_every_check_has_a_rule_and_cases_for_more_than_one_result() -> None:
    ids = {check.id for one in catalogue.lists() for check in one.checks}
    assert set(RULES) == ids
    results = {check: {status for name, _, _, status in CASES if name == check} for check in ids}
    only_the_checker = {"havenversion", "shavalidation", "cis", "kubescape"}
    assert {check for check, seen in results.items() if len(seen) < 2} == only_the_checker


def test_a_node_without_zone_is_a_flaw_that_the_checker_is_not_known_to_mind() -> None:
    outcome = judge("multiaz", like(nodes=(*nodes(), node("bare", ""))))
    assert outcome.status is PASS
    assert outcome.flaw in outcome.reason
    assert outcome.objects == ("Node/bare",)


def test_what_fails_names_the_objects_it_rests_on() -> None:
    assert judge("privatenetworking", like(nodes=(*nodes(), node("x", external=True)))).objects == ("Node/x",)
    assert judge("hamasters", like(nodes=nodes(servers=2))).objects == ("Node/server-0", "Node/server-1")
    assert judge("nodehardening", like(nodes=(node("x", image="Amazon Linux 2"),))).objects == ("Node/x",)


def test_the_last_minor_of_the_window_says_that_it_is_the_last() -> None:
    assert "next release" in judge("kubernetesversion", on(f"1.{NEWEST - 3}")).reason
    assert "next release" not in judge("kubernetesversion", on(f"1.{NEWEST - 2}")).reason


seen_nodes = st.builds(
    NodeSeen,
    st.text(min_size=1),
    st.sampled_from(["", "a", "b", "c"]),
    st.booleans(),
    st.booleans(),
    st.text(max_size=9),
)
seen = st.lists(st.builds(Seen, st.text(), st.booleans()), max_size=3).map(tuple)
subjects = st.builds(
    Subject,
    nodes=st.lists(seen_nodes, max_size=8).map(tuple),
    workers=st.integers(0, 9),
    minor=st.integers(20, 60).map("1.{}".format),
    platform=st.sampled_from(["rke2", "k3s", "eks", "unknown", "x"]),
    storage=st.lists(st.builds(ClassSeen, st.text(), st.text(), st.booleans()), max_size=3).map(tuple),
    certificates=seen,
    log_store=seen,
    log_collector=seen,
    other_logs=seen,
    metrics=seen,
)


@given(subjects)
def test_every_rule_has_an_answer_for_every_cluster(subject: Subject) -> None:
    for check in RULES:
        outcome = judge(check, subject)
        assert outcome.reason
        assert outcome.status is PASS or outcome.fix
        assert not outcome.flaw or outcome.status is PASS


@given(subjects, st.lists(seen_nodes.filter(lambda n: bool(n.zone)), max_size=4))
def test_more_nodes_in_zones_never_turn_zones_into_a_failure(subject: Subject, more: list[NodeSeen]) -> None:
    from dataclasses import replace

    if judge("multiaz", subject).status is PASS:
        assert judge("multiaz", replace(subject, nodes=(*subject.nodes, *more))).status is PASS

"""One function a check: facts in, result out.  The docstring's first word is the check's id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from haven_iac.compliance.catalogue import Inputs, inputs
from haven_iac.compliance.model import Status
from haven_iac.compliance.subject import MANAGED, Subject
from haven_iac.versions import minors

PASS, FAIL, NEEDS_EVIDENCE = Status.PASS, Status.FAIL, Status.NEEDS_EVIDENCE


@dataclass(frozen=True)
class Outcome:
    """What a rule comes to."""

    status: Status
    reason: str
    fix: str = ""
    objects: tuple[str, ...] = ()


def clusteradmin(subject: Subject, data: Inputs) -> Outcome:
    """Clusteradmin: the credential at hand may do everything."""
    if subject.admin:
        return Outcome(PASS, "the stack's own credential is cluster-admin")
    return Outcome(FAIL, "the credential at hand is not cluster-admin", "use the stack's own kubeconfig")


def multiaz(subject: Subject, data: Inputs) -> Outcome:
    """Multiaz: nodes stand in two zones or more, by their label; every node has one."""
    zones = sorted({node.zone for node in subject.nodes if node.zone})
    bare = tuple(f"Node/{node.name}" for node in subject.nodes if not node.zone)
    if len(zones) < 2:
        return Outcome(
            FAIL,
            f"nodes stand in {len(zones)} zone{'' if len(zones) == 1 else 's'}: {', '.join(zones) or 'none'}",
            "cloud.zones: name at least two zones that the cloud really has",
            bare,
        )
    if bare:
        return Outcome(
            FAIL,
            f"{len(bare)} of {len(subject.nodes)} nodes have no label topology.kubernetes.io/zone; the checker may "
            "still pass, as it counts distinct values, but the spread is not what was planned",
            "run `haven-iac up`, which puts the labels back",
            bare,
        )
    return Outcome(PASS, f"nodes stand in {len(zones)} zones: {', '.join(zones)}")


def hamasters(subject: Subject, data: Inputs) -> Outcome:
    """Hamasters: three servers or more."""
    if subject.managed_control_plane:
        if subject.platform in MANAGED:
            return Outcome(PASS, f"the checker knows the control plane of {subject.platform}")
        return Outcome(NEEDS_EVIDENCE, f"how the checker sees the control plane of {subject.platform} is not known")
    names = tuple(f"Node/{node.name}" for node in subject.nodes if node.control_plane)
    if len(names) >= 3:
        return Outcome(PASS, f"{len(names)} servers", objects=names)
    return Outcome(FAIL, f"{len(names)} server(s), 3 are needed", "controlPlane.size: 3", names)


def haworkers(subject: Subject, data: Inputs) -> Outcome:
    """Haworkers: three workers or more, at the least size that autoscaling allows."""
    if subject.workers >= 3:
        return Outcome(PASS, f"{subject.workers} workers at the least")
    return Outcome(
        FAIL,
        f"{subject.workers} worker(s) at the least, 3 are needed",
        "pools.<name>.size: 3 (or autoscale.min: 3)",
        tuple(f"Node/{node.name}" for node in subject.nodes if not node.control_plane),
    )


def nodehardening(subject: Subject, data: Inputs) -> Outcome:
    """Nodehardening: every node's operating system is one whose hardening the checker names."""
    images = sorted({node.os_image for node in subject.nodes})
    unknown = [image for image in images if not data.hardening(image)]
    if unknown:
        return Outcome(
            NEEDS_EVIDENCE,
            f"whether {', '.join(unknown)} counts as hardened is not known",
            "cloud.settings.image: ubuntu-24.04",
        )
    kinds = sorted({data.hardening(image) for image in images})
    return Outcome(PASS, f"{', '.join(images)}: {', '.join(kinds)}")


def privatenetworking(subject: Subject, data: Inputs) -> Outcome:
    """Privatenetworking: no node has an address of type ExternalIP."""
    public = tuple(f"Node/{node.name}" for node in subject.nodes if node.external)
    if public:
        return Outcome(
            FAIL, f"{len(public)} node(s) have a public address", "take the public address off the nodes", public
        )
    return Outcome(PASS, "no node has a public address")


def kubernetesversion(subject: Subject, data: Inputs) -> Outcome:
    """Kubernetesversion: at most three minors behind the newest."""
    known = minors()
    lag = known.lag(subject.minor)
    if lag > known.behind:
        return Outcome(
            FAIL,
            f"{subject.minor} is {lag} minors behind {known.newest}",
            f'kubernetes.version: "{known.default}"',
        )
    warn = "; the next release puts it outside the window" if lag == known.behind else ""
    return Outcome(PASS, f"{subject.minor} is {lag} minor(s) behind {known.newest}{warn}")


def rbac(subject: Subject, data: Inputs) -> Outcome:
    """Rbac: the API serves it."""
    if subject.rbac:
        return Outcome(PASS, "RBAC is on")
    return Outcome(FAIL, "the API does not serve rbac.authorization.k8s.io", "turn RBAC on")


def rwxvolumes(subject: Subject, data: Inputs) -> Outcome:
    """Rwxvolumes: a storage class can do ReadWriteMany."""
    able = tuple(o for seen in subject.storage if seen.value in data.read_write_many for o in seen.objects)
    if able:
        return Outcome(PASS, f"ReadWriteMany by {', '.join(able)}", objects=able)
    unknown = [s.value for s in subject.storage if "block" not in s.value and "cinder" not in s.value]
    if unknown:
        return Outcome(NEEDS_EVIDENCE, f"whether {', '.join(unknown)} counts is not known")
    return Outcome(FAIL, "no storage class can do ReadWriteMany", "storage.shared.kind: cloud")


def cncf(subject: Subject, data: Inputs) -> Outcome:
    """Cncf: a conformance result is published for platform and minor."""
    if subject.minor in data.conformance.get(subject.platform, frozenset()):
        return Outcome(PASS, f"results for {subject.platform} {subject.minor} are published")
    return Outcome(
        NEEDS_EVIDENCE,
        f"the checker may not find published results for {subject.platform} {subject.minor}",
        "run the checker, with Sonobuoy if it asks for it",
    )


def autocerts(subject: Subject, data: Inputs) -> Outcome:
    """Autocerts: cert-manager is there."""
    if subject.certificates:
        return Outcome(PASS, "cert-manager is there", objects=subject.certificates)
    return Outcome(FAIL, "cert-manager is not there", "platform.addons.certificates.enabled: true")


def logs(subject: Subject, data: Inputs) -> Outcome:
    """Logs: Loki and Alloy are there; other log stacks need the checker's word."""
    if subject.log_store and subject.log_collector:
        return Outcome(PASS, "Loki and Alloy are there", objects=(*subject.log_store, *subject.log_collector))
    missing = "the log store" if not subject.log_store else "the log collector"
    return Outcome(
        FAIL,
        f"{missing} is not there",
        "logs.enabled: true (and no platform.addons.logs or log-collector turned off)",
        (*subject.log_store, *subject.log_collector),
    )


def metrics(subject: Subject, data: Inputs) -> Outcome:
    """Metrics: metrics-server is there."""
    if subject.metrics:
        return Outcome(PASS, "metrics-server is there", objects=subject.metrics)
    return Outcome(FAIL, "metrics-server is not there", "platform.addons.metrics.enabled: true")


def checker_only(subject: Subject, data: Inputs) -> Outcome:
    """Havenversion, shavalidation, cis and kubescape: about the checker itself, or a scan that it runs."""
    return Outcome(NEEDS_EVIDENCE, "only a run of the checker can tell", "run the checker on the cluster")


Rule = Callable[[Subject, Inputs], Outcome]

_NAMED = (
    clusteradmin, multiaz, hamasters, haworkers, nodehardening, privatenetworking, kubernetesversion, rbac,
    rwxvolumes, cncf, autocerts, logs, metrics,
)  # fmt: skip
_CHECKER_ONLY = ("havenversion", "shavalidation", "cis", "kubescape")

RULES: dict[str, Rule] = {rule.__name__: rule for rule in _NAMED}
RULES.update(dict.fromkeys(_CHECKER_ONLY, checker_only))


def judge(check_id: str, subject: Subject) -> Outcome:
    """Return what one check comes to for one cluster."""
    return RULES[check_id](subject, inputs())

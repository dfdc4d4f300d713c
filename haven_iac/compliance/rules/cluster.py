"""Checks of the categories Fundamental, Cluster and External: rights, version, volumes, conformance."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import FAIL, NEEDS_EVIDENCE, PASS, RUN, Outcome, count
from haven_iac.compliance.subject import Subject
from haven_iac.versions import minors


def clusteradmin(subject: Subject, data: Inputs) -> Outcome:
    """Clusteradmin: the credential at hand may do everything."""
    if subject.admin:
        return Outcome(PASS, "the credential is cluster-admin")
    if not subject.own_credential:
        return Outcome(
            NEEDS_EVIDENCE,
            "the given credential is not cluster-admin, and the checker needs one that is",
            "give the checker an administrator: `haven-iac kubeconfig --ttl 1h`",
        )
    return Outcome(
        FAIL,
        "the stack's own credential is not cluster-admin",
        "put the ClusterRoleBinding named cluster-admin back, or look whose credential this is",
    )


def kubernetesversion(subject: Subject, data: Inputs) -> Outcome:
    """Kubernetesversion: at most three minors behind the newest."""
    known = minors()
    lag = known.lag(subject.minor)
    if lag > known.behind:
        return Outcome(
            FAIL,
            f"{subject.minor} is {lag} minors behind {known.newest}, and {known.behind} are allowed",
            f'kubernetes.version: "{known.default}", one minor at a time',
        )
    if lag <= 0:
        word = "is" if lag == 0 else "is newer than"
        return Outcome(PASS, f"{subject.minor} {word} {known.newest}, the newest known on {known.as_of}")
    warn = "; the next release puts it outside the window" if lag == known.behind else ""
    return Outcome(PASS, f"{subject.minor} is {count(lag, 'minor')} behind {known.newest}{warn}")


def rbac(subject: Subject, data: Inputs) -> Outcome:
    """Rbac: the API serves it."""
    if subject.rbac:
        return Outcome(PASS, "the API serves rbac.authorization.k8s.io")
    return Outcome(
        FAIL, "the API does not serve rbac.authorization.k8s.io", "start the API server with --authorization-mode=RBAC"
    )


def rwxvolumes(subject: Subject, data: Inputs) -> Outcome:
    """Rwxvolumes: a storage class can do ReadWriteMany; how the checker tells is not known."""
    able = [one for one in subject.storage if data.many(one.provisioner)]
    if at_once := tuple(f"StorageClass/{one.name}" for one in able if one.immediate):
        kinds = sorted({one.provisioner for one in able if one.immediate})
        return Outcome(PASS, f"ReadWriteMany by {', '.join(kinds)}", objects=at_once)
    if able:
        return Outcome(
            NEEDS_EVIDENCE,
            "the class for ReadWriteMany waits for a first pod, and the checker may try a claim without one",
            "give the class volumeBindingMode: Immediate",
            tuple(f"StorageClass/{one.name}" for one in able),
            ours=True,
        )
    if unknown := [one for one in subject.storage if data.many(one.provisioner) is None]:
        return Outcome(
            NEEDS_EVIDENCE,
            f"whether {', '.join(sorted({one.provisioner for one in unknown}))} can do ReadWriteMany is not known",
            RUN,
            tuple(f"StorageClass/{one.name}" for one in unknown),
        )
    return Outcome(
        FAIL,
        "no StorageClass can do ReadWriteMany",
        "storage.shared.kind: cloud, manila, nfs or longhorn",
        tuple(f"StorageClass/{one.name}" for one in subject.storage),
        ours=True,
    )


def cncf(subject: Subject, data: Inputs) -> Outcome:
    """Cncf: results of conformance are published where the checker looks for them."""
    known = data.conformance.get(subject.platform)
    fix = f"{RUN}; where it finds no results it needs a run of Sonobuoy, which takes hours"
    if not known:
        return Outcome(NEEDS_EVIDENCE, f"no published results of platform {subject.platform} are known", fix)
    where = f"v{subject.minor}/{known.directory}"
    if subject.minor not in known.minors:
        return Outcome(NEEDS_EVIDENCE, f"the checker looks in {where}, and no results were found there", fix)
    if not known.proven:
        return Outcome(
            NEEDS_EVIDENCE, f"there are results in {where}; whether the checker looks there is not known", fix
        )
    return Outcome(PASS, f"there are results in {where}, where the checker looks")

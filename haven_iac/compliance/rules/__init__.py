"""One function a check: facts in, result out.  The docstring's first word is the check's id.

Each says what the checker is known, or most likely, to say of such a cluster.  Where that is not known it asks for
evidence; what the checker would not mind, and a person should, is a flaw.
"""

from __future__ import annotations

from collections.abc import Callable

from haven_iac.compliance.catalogue import Inputs, inputs
from haven_iac.compliance.rules import checker, cluster, infrastructure, platform
from haven_iac.compliance.rules.outcome import Outcome
from haven_iac.compliance.subject import Subject

Rule = Callable[[Subject, Inputs], Outcome]

RULES: dict[str, Rule] = {
    "havenversion": checker.havenversion,
    "clusteradmin": cluster.clusteradmin,
    "multiaz": infrastructure.multiaz,
    "hamasters": infrastructure.hamasters,
    "haworkers": infrastructure.haworkers,
    "nodehardening": infrastructure.nodehardening,
    "privatenetworking": infrastructure.privatenetworking,
    "kubernetesversion": cluster.kubernetesversion,
    "rbac": cluster.rbac,
    "basicauth": cluster.basicauth,
    "rwxvolumes": cluster.rwxvolumes,
    "cncf": cluster.cncf,
    "autocerts": platform.autocerts,
    "logs": platform.logs,
    "metrics": platform.metrics,
    "shavalidation": checker.shavalidation,
    "cis": checker.cis,
    "kubescape": checker.kubescape,
}


def judge(check_id: str, subject: Subject) -> Outcome:
    """Return what one check comes to for one cluster.

    Raises:
        KeyError: there is no such check.
    """
    return RULES[check_id](subject, inputs())

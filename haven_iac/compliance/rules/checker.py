"""Checks about the checker itself, and scans that only it can run."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import NEEDS_EVIDENCE, RUN, Outcome
from haven_iac.compliance.subject import Subject


def havenversion(subject: Subject, data: Inputs) -> Outcome:
    """Havenversion: the checker compares its own version with its list of releases."""
    return Outcome(NEEDS_EVIDENCE, "it is about the checker's own version, not about the cluster", RUN)


def shavalidation(subject: Subject, data: Inputs) -> Outcome:
    """Shavalidation: the checker compares its own hash with its list of releases."""
    return Outcome(NEEDS_EVIDENCE, "it is about the checker's own binary, not about the cluster", RUN)


def cis(subject: Subject, data: Inputs) -> Outcome:
    """Cis: a scan that the checker runs when asked to."""
    return Outcome(NEEDS_EVIDENCE, "it is a scan of the nodes that the checker runs when asked", f"{RUN} with --cis")


def kubescape(subject: Subject, data: Inputs) -> Outcome:
    """Kubescape: a scan that the checker runs when asked to."""
    return Outcome(
        NEEDS_EVIDENCE, "it is a scan of workloads that the checker runs when asked", f"{RUN} with --kubescape"
    )

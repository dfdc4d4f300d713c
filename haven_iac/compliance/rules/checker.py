"""Checks about the checker itself, and scans that only it can run."""

from __future__ import annotations

from haven_iac.compliance.catalogue import Inputs
from haven_iac.compliance.rules.outcome import NEEDS_EVIDENCE, RUN, Outcome
from haven_iac.compliance.subject import Subject
from haven_iac.compliance.words import said


def havenversion(subject: Subject, data: Inputs) -> Outcome:
    """Havenversion: the checker compares its own version with its list of releases."""
    return Outcome(NEEDS_EVIDENCE, said("rules.havenversion.own"), RUN)


def shavalidation(subject: Subject, data: Inputs) -> Outcome:
    """Shavalidation: the checker compares its own hash with its list of releases."""
    return Outcome(NEEDS_EVIDENCE, said("rules.shavalidation.own"), RUN)


def cis(subject: Subject, data: Inputs) -> Outcome:
    """Cis: a scan that the checker runs when asked to."""
    return Outcome(NEEDS_EVIDENCE, said("rules.cis.scan"), said("fix.run_with", flag="--cis"))


def kubescape(subject: Subject, data: Inputs) -> Outcome:
    """Kubescape: a scan that the checker runs when asked to."""
    return Outcome(NEEDS_EVIDENCE, said("rules.kubescape.scan"), said("fix.run_with", flag="--kubescape"))

"""Measures about who gets in and what they may do."""

from __future__ import annotations

from haven_iac.compliance.bio2.subject import Subject, ask, missing, shown
from haven_iac.compliance.model import Look
from haven_iac.compliance.rules.outcome import Outcome


def second_factor(subject: Subject) -> Outcome:
    """5.17.01: administrators log in with a second factor."""
    oidc = subject.spec.identity.oidc
    if oidc is None:
        return missing("no_oidc", "identity.oidc")
    return ask("oidc", "identity.oidc", issuer=oidc.issuer)


def special_rights(subject: Subject) -> Outcome:
    """5.18.01: making and changing accounts with special rights is watched."""
    return _logged(subject, "rights_logged", "logs")


def _logged(subject: Subject, key: str, *objects: str) -> Outcome:
    audited = subject.audited()
    seen = subject.fact("audit")
    rests = (*objects, *(seen.objects if seen else ()))
    if audited is False:
        return missing("no_audit", *rests)
    if not subject.ships_logs():
        return missing("no_collector", *rests)
    return shown(key, *rests) if audited else ask("audit_unseen", *rests)


def yearly_review(subject: Subject) -> Outcome:
    """5.18.02: every right that was given is looked at once a year."""
    return _review(subject, "yearly")


def quarterly_review(subject: Subject) -> Outcome:
    """8.02.01: special rights are looked at every quarter."""
    return _review(subject, "quarterly")


def _review(subject: Subject, key: str) -> Outcome:
    seen = subject.fact("administrators")
    if seen is None:
        return ask(f"{key}_unseen", "identity")
    return ask(key, *seen.objects, seen=seen.reason)


def management_plane(subject: Subject) -> Outcome:
    """8.20.02: management interfaces are apart from the users' network."""
    allowed = subject.spec.network.api_allowed_cidrs
    anonymous = subject.fact("anonymous")
    if anonymous and anonymous.look is Look.ATTENTION:
        return missing("anonymous", *anonymous.objects, seen=anonymous.reason)
    if allowed:
        return shown("api_closed", "network.apiAllowedCidrs", ranges=tuple(str(one) for one in allowed))
    return missing("api_open", "network.apiAllowedCidrs")

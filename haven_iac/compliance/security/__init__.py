"""What the checker does not test and a person should know, from the documents that the API returned.

Each fact is a pure function of what was read.  What could not be read, or cannot be seen through an API, is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable

from haven_iac.compliance.live import Documents
from haven_iac.compliance.model import Fact, Look
from haven_iac.compliance.security import access, workloads
from haven_iac.compliance.words import said

FACTS: dict[str, Callable[[Documents], Fact]] = {
    "anonymous": access.anonymous,
    "audit": access.audit,
    "encryption": access.encryption,
    "administrators": access.administrators,
    "podsecurity": workloads.podsecurity,
    "networkpolicies": workloads.networkpolicies,
    "images": workloads.images,
}
"""In the order in which they are shown."""


def facts(found: Documents) -> tuple[Fact, ...]:
    """Return every fact about security; none of them counts for the standard."""
    if found.extra is None:
        return tuple(Fact(name, Look.UNKNOWN, said("security.unread")) for name in FACTS)
    return tuple(fact(found) for fact in FACTS.values())

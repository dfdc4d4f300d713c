"""Names and tags: everything of one cluster can be found by either, in the cloud and after a crash.

Servers are named as their nodes, because the cloud controller looks a new node up by its name; all else starts with
the cluster's identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

IDENTITY_KEY = "haven-iac-identity"
"""Key of the identity in a server's metadata."""


GENERATION_KEY = "haven-iac-generation"
"""Key, in a server's metadata, of what it was made from last."""


def identities(cluster: str) -> str:
    """Return the pattern of every identity that a cluster of that name may have."""
    return rf"{re.escape(cluster)}-[a-z0-9]{{5}}"


def tag(identity: str) -> str:
    """Return the tag of everything that can have tags; fits Nova, which takes 60 characters and no `/` or `,`."""
    return f"haven-iac:{identity}"


def named(identity: str, *parts: str) -> str:
    """Return the name of one part of a cluster: `<identity>-<part>-<part>`."""
    return "-".join((identity, *parts))


def metadata(identity: str, pool: str, generation: str) -> Mapping[str, str]:
    """Return the metadata that a server is born with."""
    return {IDENTITY_KEY: identity, "haven-iac-pool": pool, GENERATION_KEY: generation}


def described(what: str) -> str:
    """Return the description of something: who made it, and for what."""
    return f"{what}; made by haven-iac"


def port(identity: str, cluster: str, node: str) -> str:
    """Return the name of a node's port: the identity in place of the cluster's name."""
    return named(identity, node.removeprefix(f"{cluster}-"))

"""Identity: who people are, and which of their groups may do what."""

from __future__ import annotations

from typing import Annotated

from haven_iac.spec.model import Form, HttpsUrl, SecretName, SpecModel, Text

RESERVED = "system:"
"""How the names of users and groups start that Kubernetes keeps for itself."""


def _not_reserved(text: str) -> None:
    if text.startswith(RESERVED):
        raise ValueError("is a name that Kubernetes keeps for itself")


Claim = Annotated[
    str,
    Form("a claim of a token: letters, digits, _ . : / -", "groups", r"[A-Za-z][A-Za-z0-9_.:/-]*", 253),
]
"""The name of a claim in an ID token."""

Prefix = Annotated[
    str,
    Form("a prefix: letters, digits and _ . : / # -", "oidc:", r"([A-Za-z0-9][\w.:/#-]*)?", 64, _not_reserved),
]
"""What is put before a name of the identity provider; empty for nothing."""

Group = Annotated[str, Form("the name of a group", "platform-beheer", r"\S|\S.*\S", 253, _not_reserved)]
"""A group, as the identity provider names it."""


class OidcSpec(SpecModel):
    """Log-in through an identity provider (OpenID Connect).

    Where the cluster's API server is ours it is set up for this; where a cloud runs it, the cloud has to be told there,
    and this says how names arrive.
    """

    issuer: HttpsUrl
    """URL of the identity provider, as it stands in the tokens' `iss`."""
    client_id: Text
    """Client id of the cluster there; the tokens' `aud`."""
    username_claim: Claim = "sub"
    """Claim that names a person; `sub` never changes, `email` or `preferred_username` reads better in audit logs."""
    groups_claim: Claim = "groups"
    """Claim that names a person's groups."""
    username_prefix: Prefix = "oidc:"
    """Put before the person's name, so that nobody is taken for a user of Kubernetes itself."""
    groups_prefix: Prefix = "oidc:"
    """Put before each group, so that no group is taken for one of Kubernetes itself, such as system:masters."""
    ca_secret: SecretName | None = None
    """Name of the secret with the provider's certificate authority in PEM; the node's own list when left out."""


class IdentitySpec(SpecModel):
    """Who may do what on the whole cluster; `tenants` says it for each application."""

    oidc: OidcSpec | None = None
    """Log-in through an identity provider; certificates only when left out."""
    admins: tuple[Group, ...] = ()
    """Groups that may do everything (`cluster-admin`)."""
    viewers: tuple[Group, ...] = ()
    """Groups that may look at everything but Secrets (`view`, with nodes, volumes and classes)."""

    def group(self, name: str) -> str:
        """Return a group as Kubernetes sees it: with the prefix that the API server puts before it."""
        return f"{self.oidc.groups_prefix}{name}" if self.oidc else name

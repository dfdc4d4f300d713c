"""How the Kubernetes API knows people: structured authentication through an identity provider.

With such a file RKE2 and k3s no longer set `anonymous-auth=false` by themselves, so the flag is written beside it:
nobody is anonymous, and checks that look for the flag find it.  The API server refuses the flag when the file itself
speaks of anonymous requests, so the file does not.
Sources: the API reference of Kubernetes (AuthenticationConfiguration, v1 since 1.34); tried on a real API server.
"""

from __future__ import annotations

from typing import Any

from haven_iac.bootstrap.files import readable
from haven_iac.spec.identity import RESERVED, OidcSpec

NOT_ANONYMOUS = "anonymous-auth=false"
"""Argument of the API server that goes with the file."""


def configuration(oidc: OidcSpec, authority: str = "") -> dict[str, Any]:
    """Return the configuration.

    Args:
        oidc: what the description says of the provider.
        authority: the provider's certificate authority in PEM; the host's own list when empty.
    """
    issuer: dict[str, Any] = {"url": oidc.issuer, "audiences": [oidc.client_id]}
    if authority:
        issuer["certificateAuthority"] = authority
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [
            {
                "issuer": issuer,
                "claimMappings": {
                    "username": {"claim": oidc.username_claim, "prefix": oidc.username_prefix},
                    "groups": {"claim": oidc.groups_claim, "prefix": oidc.groups_prefix},
                },
                # Whatever the prefixes are: no provider makes anybody a user or a group of Kubernetes itself.
                "userValidationRules": [
                    {
                        "expression": f"!user.username.startsWith('{RESERVED}')",
                        "message": f"user names may not start with {RESERVED}",
                    },
                    {
                        "expression": f"user.groups.all(group, !group.startsWith('{RESERVED}'))",
                        "message": f"groups may not start with {RESERVED}",
                    },
                ],
            }
        ],
    }


def text(oidc: OidcSpec, authority: str = "") -> str:
    """Return the configuration as a file."""
    return readable(configuration(oidc, authority))

"""Private authorities that machines have to believe, out of the secrets that the description names."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from haven_iac.spec import ClusterSpec

MIRROR, IDENTITY = "mirror", "identity"


def named(spec: ClusterSpec) -> dict[str, str]:
    """Return the names of the secrets: of the mirror's authority, and of the identity provider's; pure."""
    oidc = spec.identity.oidc
    found = {MIRROR: spec.mirror.ca_secret, IDENTITY: oidc.ca_secret if oidc else None}
    return {use: secret for use, secret in found.items() if secret}


def held(spec: ClusterSpec) -> pulumi.Output[Mapping[str, str]]:
    """Return the certificates in PEM, by use; secret where there is any."""
    config = pulumi.Config("haven")
    wanted = {use: config.require_secret(secret) for use, secret in named(spec).items()}
    return pulumi.Output.all(**wanted) if wanted else pulumi.Output.from_input({})

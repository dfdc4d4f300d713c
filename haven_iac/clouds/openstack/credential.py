"""What the cluster's own controllers log in with: an application credential that can make no other."""

from __future__ import annotations

from typing import Any

import pulumi

from haven_iac.clouds.openstack import names, object_access
from haven_iac.clouds.openstack.connection import login
from haven_iac.clouds.openstack.controllers import Access, checksum, cloud_conf
from haven_iac.clouds.openstack.network import is_id
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.clouds.openstack.tokens import foreseen, look, make
from haven_iac.clouds.parts import AccessParts
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import late


def build(
    plan: ClusterPlan,
    settings: OpenStackSettings,
    identity: pulumi.Output[str],
    placed: Any,
    opts: pulumi.ResourceOptions,
) -> AccessParts:
    """Make the credential, and write with it what controllers read.

    Raising `controllers.rotation` gives it another name, so a new one is made, handed over, and the old one deleted.
    """
    wanted, where = settings.controllers, login(settings)
    credential = make(
        "identity/applicationCredential:ApplicationCredential",
        f"{plan.spec.name}-controllers",
        {
            "name": identity.apply(lambda one: names.named(one, "controllers", str(wanted.rotation))),
            "description": identity.apply(lambda one: names.described(f"Controllers in the cluster {one}")),
            "unrestricted": False,
            "roles": list(wanted.roles) or None,
        },
        pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["secret"], delete_before_replace=False)
        ),
        outputs=("secret",),
    )
    auth_url = wanted.auth_url or where.auth_url
    secret: pulumi.Output[str] = pulumi.Output.secret(credential.out("secret"))
    flavor: Any = settings.load_balancer.flavor or ""
    if flavor and not is_id(flavor):
        flavor = look("loadbalancer/getLbFlavorDeprecated:getLbFlavorDeprecated", {"name": flavor}, opts.parent)["id"]

    def written(known: list[Any]) -> str:
        identifier, password, subnet, external, kind = map(str, known)
        return cloud_conf(Access(auth_url, where.region, identifier, password, subnet, external, kind), settings)

    conf = pulumi.Output.all(credential.id, secret, placed["subnet"], placed["external"], flavor).apply(written)
    stored, made = object_access.build(plan, identity, credential.id, opts)
    return AccessParts(
        {
            **stored,
            late.CLOUD_CONFIG: pulumi.Output.secret(conf),
            # A digest of a random secret gives nothing away, and has to stand in clear in an annotation.
            late.CLOUD_CONFIG_SUM: foreseen(pulumi.Output.unsecret(conf.apply(checksum)), "another one"),
            late.CLOUD_CA: pulumi.Output.from_input(settings.ca or ""),
            "shared-authurl": pulumi.Output.from_input(auth_url),
            "shared-region": pulumi.Output.from_input(where.region),
            "shared-applicationcredentialid": credential.id,
            "shared-applicationcredentialsecret": secret,
        },
        (credential, *made),
    )

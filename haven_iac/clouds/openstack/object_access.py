"""Containers and the credential for them, and the values that only making them tells."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from haven_iac.clouds.openstack.buckets import Bucket
from haven_iac.clouds.openstack.controllers import checksum
from haven_iac.clouds.openstack.objects import containers, sides
from haven_iac.clouds.openstack.s3_endpoint import S3Endpoint
from haven_iac.clouds.openstack.s3_key import S3Key
from haven_iac.clouds.openstack.tokens import foreseen
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform import late


def build(
    plan: ClusterPlan,
    identity: pulumi.Output[str],
    credential: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> tuple[Mapping[str, pulumi.Output[str]], tuple[pulumi.Resource, ...]]:
    """Return the late values and the resources; none where nothing is in the cloud's own object storage.

    Args:
        plan: the cluster.
        identity: of the cluster.
        credential: id of the application credential whose rights the credential for S3 has.
        opts: parent.
    """
    wanted, settings, name = containers(plan), plan.spec.cloud.settings, plan.spec.name
    if not wanted:
        return {}, ()
    made = tuple(
        Bucket(
            f"{name}-bucket-{one.name}", name=one.name, ends=one.ends, identity=identity, settings=settings, opts=opts
        )
        for one in wanted
    )
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(made)))
    url = S3Endpoint(f"{name}-s3-endpoint", identity=identity, settings=settings, opts=opts).url
    key = S3Key(f"{name}-s3", identity=identity, credential=credential, settings=settings, opts=after)
    secret: pulumi.Output[str] = pulumi.Output.secret(key.secret)
    given = {
        late.OBJECT_URL: url,
        late.OBJECT_HOST: url.apply(lambda one: sides(one)["host"]),
        late.OBJECT_PORT: url.apply(lambda one: sides(one)["port"]),
        late.OBJECT_INSECURE: url.apply(lambda one: sides(one)["insecure"]),
        late.OBJECT_ACCESS_KEY: key.access,
        late.OBJECT_SECRET_KEY: secret,
        # A digest of a random secret gives nothing away, and has to stand in clear in an annotation.
        late.OBJECT_SUM: foreseen(pulumi.Output.unsecret(secret.apply(checksum)), "another one"),
    }
    return given, (*made, key)

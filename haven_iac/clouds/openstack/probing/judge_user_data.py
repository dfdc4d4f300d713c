"""How long user data and names get.  Pure: stand-ins of the same size take the place of keys."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from functools import lru_cache

from haven_iac.bootstrap.base import LIMIT, Machine
from haven_iac.bootstrap.registry import find
from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, error, warning
from haven_iac.plan.model import NodePlan, Role

TIGHT = 0.9
"""Part of the limit above which there is little room for a new version's user data."""

LONGEST_NAME = 255
"""Characters of a name or description in Neutron and Octavia."""

LONGEST_HOST = 63
"""Characters of a server's name, which becomes its host name."""

SUFFIX = 6
"""Characters that an identity is longer than the cluster's name."""

_CHAINS = ("ca", "client-ca", "request-header-ca", "etcd-ca", "etcd-peer-ca")
_DER = {"certificate": 420, "key": 138, "service key": 1794}
"""About how many bytes each is before base64."""


@lru_cache(maxsize=1)
def stand_in_keys() -> dict[str, str]:
    """Return something as long, and as hard to compress, as the key material of a cluster."""
    noise = random.Random(1)  # noqa: S311  no secret: only its size counts

    def pem(word: str, size: int) -> str:
        body = base64.encodebytes(noise.randbytes(size)).decode()
        return f"-----BEGIN {word}-----\n{body}-----END {word}-----\n"

    files = {}
    root = pem("CERTIFICATE", _DER["certificate"])
    for name in _CHAINS:
        files[f"{name}.crt"] = pem("CERTIFICATE", _DER["certificate"]) + root
        files[f"{name}.key"] = pem("PRIVATE KEY", _DER["key"])
    files["service.key"] = pem("RSA PRIVATE KEY", _DER["service key"])
    files["encryption.key"] = base64.b64encode(noise.randbytes(32)).decode()
    files["server.token"], files["agent.token"] = noise.randbytes(32).hex(), noise.randbytes(32).hex()
    return files


def user_data(case: Case) -> Iterator[Finding]:
    """Judge the longest user data of each pool against what Nova takes."""
    spec = case.plan.spec
    bootstrap = find(spec.kubernetes.distribution.value)
    for pool in case.plan.pools:
        nodes = sorted(pool.nodes, key=lambda node: (not node.first, -len(node.name)))
        if not nodes:
            continue
        size = bootstrap.user_data(spec, _machine(nodes[0]), stand_in_keys(), "255.255.255.255").size
        path = case.path(pool)
        fix = "shorten labels and taints, registries and certificates in the description"
        if size > LIMIT:
            yield error(f"user data of {nodes[0].name} is {size} bytes long, and Nova takes {LIMIT}", fix, path)
        elif size > TIGHT * LIMIT:
            yield warning(f"user data of {nodes[0].name} is {size} bytes long; Nova takes {LIMIT}", fix, path)


def _machine(node: NodePlan) -> Machine:
    return Machine(node.name, node.role is Role.CONTROL_PLANE, node.first, node.labels, node.taints)


def names(case: Case) -> Iterator[Finding]:
    """Judge the names of servers, and those that the cloud controller gives to what it makes for a Service."""
    identity = len(case.plan.spec.name) + SUFFIX
    for node in case.plan.nodes:
        if len(node.name) > LONGEST_HOST:
            yield error(
                f"the name of server {node.name} has {len(node.name)} characters, and {LONGEST_HOST} is the most",
                "shorten the cluster's name, the pool's or the zone's",
                f"pools.{node.pool}",
            )
    # listener_0_kube_service_<identity>_<namespace>_<service>: what is left for namespace and Service together.
    left = LONGEST_NAME - len("listener_00_kube_service___") - identity
    namespaces = {*(release.namespace for release in case.plan.releases), *case.plan.spec.tenants}
    for namespace in sorted(namespaces):
        if left - len(namespace) < LONGEST_HOST:
            yield warning(
                f"Services of type LoadBalancer in namespace {namespace} may have names of "
                f"{left - len(namespace)} characters",
                "shorten the cluster's name",
                "name",
            )


RULES: tuple[Rule, ...] = (user_data, names)

"""How long user data and names get.  Pure: stand-ins of the same size take the place of keys."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from functools import lru_cache

from haven_iac.bootstrap.base import LIMIT
from haven_iac.bootstrap.registry import find
from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.authorities import named
from haven_iac.clouds.openstack.probing.judge import Case, Rule, error, warning
from haven_iac.clouds.openstack.user_data import boot_facts, machine
from haven_iac.spec import ClusterSpec

TIGHT = 0.9
"""Part of the limit above which there is little room for a new version's user data."""

LONGEST_NAME = 255
"""Characters of a name or description in Neutron and Octavia."""

LONGEST_HOST = 63
"""Characters of a server's name, which becomes its host name."""

SUFFIX = 6
"""Characters that an identity is longer than the cluster's name."""

_CHAINS = ("ca", "client-ca", "request-header-ca", "etcd-ca", "etcd-peer-ca")
_DER = {"certificate": 420, "private key": 138, "rsa private key": 1794, "authority": 1600}
"""About how many bytes each is before base64; an authority is somebody else's, with RSA of 4096 bits."""

_ADDRESS = "255.255.255.255"


@lru_cache(maxsize=1)
def stand_in_keys() -> dict[str, str]:
    """Return something as long, and as hard to compress, as the key material of a cluster."""
    noise = random.Random(1)  # noqa: S311  no secret: only its size counts
    files = {}
    root = _pem(noise, "certificate")
    for name in _CHAINS:
        files[f"{name}.crt"] = _pem(noise, "certificate") + root
        files[f"{name}.key"] = _pem(noise, "private key")
    files["service.key"] = _pem(noise, "rsa private key")
    files["encryption.key"] = base64.b64encode(noise.randbytes(32)).decode()
    files["server.token"], files["agent.token"] = noise.randbytes(32).hex(), noise.randbytes(32).hex()
    return files


def stand_in_authorities(spec: ClusterSpec) -> dict[str, str]:
    """Return something as long as the certificates of the private authorities that a description names."""
    noise = random.Random(2)  # noqa: S311  no secret: only its size counts
    return {use: _pem(noise, "authority") for use in named(spec)}


def _pem(noise: random.Random, word: str) -> str:
    body, label = base64.encodebytes(noise.randbytes(_DER[word])).decode(), word.upper()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def user_data(case: Case) -> Iterator[Finding]:
    """Judge the longest user data of each pool against what Nova takes."""
    spec = case.plan.spec
    bootstrap = find(spec.kubernetes.distribution.value)
    for pool in case.plan.pools:
        nodes = sorted(pool.nodes, key=lambda node: (not node.first, -len(node.name)))
        if not nodes:
            continue
        node = machine(nodes[0])
        facts = boot_facts(
            spec,
            case.settings,
            server=node.server,
            address=_ADDRESS,
            inside=_ADDRESS,
            outside=_ADDRESS,
            peers=[_ADDRESS] * (len(nodes) - 1) if node.server else (),
            trusted=stand_in_authorities(spec),
        )
        size = bootstrap.user_data(spec, node, stand_in_keys(), _ADDRESS, facts).size
        path = case.path(pool)
        fix = "shorten labels and taints, registries and certificates in the description"
        if size > LIMIT:
            yield error(f"user data of {nodes[0].name} is {size} bytes long, and Nova takes {LIMIT}", fix, path)
        elif size > TIGHT * LIMIT:
            yield warning(f"user data of {nodes[0].name} is {size} bytes long; Nova takes {LIMIT}", fix, path)


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

"""Who holds a zone: how external-dns is told of it, and how cert-manager proves names in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.platform import flows
from haven_iac.platform.common import NO_ESCALATION, NOT_ROOT, image, resources
from haven_iac.platform.release import SecretRef
from haven_iac.platform.secret_forms import ACCESS_KEY, AWS_FILE, SECRET_KEY, TSIG_ALGORITHM, TSIG_KEY, TSIG_NAME
from haven_iac.platform.sizes import sizes
from haven_iac.spec import ClusterSpec
from haven_iac.spec.dns import DnsKind

SECRET = "dns-zone"
"""Name of the Kubernetes Secret with what changes the zone, for external-dns and for cert-manager."""
SOLVER_GROUP = "acme.syseleven.de"
SOLVER_NAME = "designatedns"
DESIGNATE_WEBHOOK = "ghcr.io/inovex/external-dns-openstack-webhook"
DESIGNATE_WEBHOOK_TAG = "2.3.0"

_TSIG = {
    "algorithm": (TSIG_ALGORITHM, "EXTERNAL_DNS_RFC2136_TSIG_SECRET_ALG"),
    "name": (TSIG_NAME, "EXTERNAL_DNS_RFC2136_TSIG_KEYNAME"),
    "secret": (TSIG_KEY, "EXTERNAL_DNS_RFC2136_TSIG_SECRET"),
}
"""Key in the Kubernetes Secret, to its form and to the variable that external-dns reads."""


@dataclass(frozen=True)
class Provider:
    """One kind of zone."""

    values: Callable[[ClusterSpec], dict[str, Any]]
    """What external-dns' chart is told."""
    records: Mapping[str, str]
    """Key of the Secret for external-dns, to the form of what it holds."""
    solver: Callable[[ClusterSpec], dict[str, Any]]
    """cert-manager's `dns01`."""
    proofs: Mapping[str, str]
    """Key of the Secret for cert-manager, to the form of what it holds; none when its webhook has one of its own."""
    egress: Callable[[ClusterSpec], list[flows.Rule]]
    images: tuple[str, ...] = ()
    """What it starts beside external-dns."""


def provider(spec: ClusterSpec) -> Provider | None:
    """Return who holds the zone of a cluster, or None when it manages none."""
    return PROVIDERS.get(spec.dns.kind)


def zone(spec: ClusterSpec) -> str:
    """Return the zone that the names of a cluster stand in."""
    return spec.dns.zone or spec.ingress.domain


def secret(spec: ClusterSpec, forms: Mapping[str, str]) -> tuple[SecretRef, ...]:
    """Return the Secret with what changes the zone, in the forms that one program wants."""
    if spec.dns.secret is None or not forms:
        return ()
    return (SecretRef(SECRET, dict.fromkeys(forms, spec.dns.secret), {k: f for k, f in forms.items() if f}),)


def _variable(name: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}}


def _reference(key: str) -> dict[str, str]:
    return {"name": SECRET, "key": key}


def _rfc2136(spec: ClusterSpec) -> dict[str, Any]:
    host, _, port = str(spec.dns.server).rpartition(":")
    return {
        "provider": {"name": "rfc2136"},
        "extraArgs": [f"--rfc2136-host={host}", f"--rfc2136-port={port}", f"--rfc2136-zone={zone(spec)}"],
        "env": [_variable(variable, key) for key, (_, variable) in _TSIG.items()],
    }


def _rfc2136_solver(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "rfc2136": {
            "nameserver": str(spec.dns.server),
            "tsigKeyName": str(spec.dns.key_name),
            "tsigAlgorithm": spec.dns.key_algorithm.value.replace("-", "").upper(),
            "tsigSecretSecretRef": _reference("secret"),
        }
    }


def _rfc2136_egress(spec: ClusterSpec) -> list[flows.Rule]:
    return [flows.outside(int(str(spec.dns.server).rpartition(":")[2]), protocols=("UDP", "TCP"))]


def _designate(spec: ClusterSpec) -> dict[str, Any]:
    webhook = {
        "image": {"repository": image(spec, DESIGNATE_WEBHOOK), "tag": DESIGNATE_WEBHOOK_TAG},
        "securityContext": {**NO_ESCALATION, **NOT_ROOT, "runAsUser": 65532},
        "extraVolumeMounts": [{"name": "clouds", "mountPath": "/etc/openstack", "readOnly": True}],
        "resources": resources(sizes(spec).external_dns),
    }
    return {
        "provider": {"name": "webhook", "webhook": webhook},
        "extraVolumes": [{"name": "clouds", "secret": {"secretName": SECRET}}],
    }


def _designate_solver(spec: ClusterSpec) -> dict[str, Any]:
    return {"webhook": {"groupName": SOLVER_GROUP, "solverName": SOLVER_NAME}}


def _cloudflare(spec: ClusterSpec) -> dict[str, Any]:
    return {"provider": {"name": "cloudflare"}, "env": [_variable("CF_API_TOKEN", "token")]}


def _cloudflare_solver(spec: ClusterSpec) -> dict[str, Any]:
    return {"cloudflare": {"apiTokenSecretRef": _reference("token")}}


def _route53(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "provider": {"name": "aws"},
        "env": [
            {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/etc/aws/credentials"},
            {"name": "AWS_DEFAULT_REGION", "value": spec.dns.region},
        ],
        "extraVolumes": [{"name": "credentials", "secret": {"secretName": SECRET}}],
        "extraVolumeMounts": [{"name": "credentials", "mountPath": "/etc/aws", "readOnly": True}],
    }


def _route53_solver(spec: ClusterSpec) -> dict[str, Any]:
    return {
        "route53": {
            "region": spec.dns.region,
            "accessKeyIDSecretRef": _reference("id"),
            "secretAccessKeySecretRef": _reference("secret"),
        }
    }


def _https(spec: ClusterSpec) -> list[flows.Rule]:
    return [flows.outside(443)]


def _keystone(spec: ClusterSpec) -> list[flows.Rule]:
    return [flows.outside(443, 5000, 9001)]


PROVIDERS: Mapping[DnsKind, Provider] = {
    DnsKind.RFC2136: Provider(
        _rfc2136,
        {key: form for key, (form, _) in _TSIG.items()},
        _rfc2136_solver,
        {"secret": TSIG_KEY},
        _rfc2136_egress,
    ),
    DnsKind.DESIGNATE: Provider(
        _designate,
        {"clouds.yaml": ""},
        _designate_solver,
        {},
        _keystone,
        (f"{DESIGNATE_WEBHOOK}:{DESIGNATE_WEBHOOK_TAG}",),
    ),
    DnsKind.CLOUDFLARE: Provider(_cloudflare, {"token": ""}, _cloudflare_solver, {"token": ""}, _https),
    DnsKind.ROUTE53: Provider(
        _route53, {"credentials": AWS_FILE}, _route53_solver, {"id": ACCESS_KEY, "secret": SECRET_KEY}, _https
    ),
}

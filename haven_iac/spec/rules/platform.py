"""Rules about what runs on the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

from haven_iac.installed import entry_points
from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.compliance import Enforce, Profile
from haven_iac.spec.describe import nearest
from haven_iac.spec.ingress import Challenge, Issuer
from haven_iac.spec.known import (
    ADD_ON_GROUP,
    CHECKS,
    CONTROLLERS,
    ENDED,
    PLATFORM_NAMESPACES,
    SLOTS,
    SYSTEM_NAMESPACES,
)
from haven_iac.spec.model import duration, quantity
from haven_iac.spec.problems import Code, Path, named_like_a_secret
from haven_iac.spec.rules.issue import Issue, Rule
from haven_iac.spec.storage import SharedKind

_CERTIFICATES: Path = ("ingress", "certificates")


def gateway(spec: ClusterSpec) -> Iterator[Issue]:
    """The gateway is one that we can install."""
    asked = spec.ingress.controller
    if asked in ENDED:
        yield Issue(("ingress", "controller"), ENDED[asked], "write traefik, or leave the line out")
    elif asked not in CONTROLLERS:
        what = f"{asked} is not one of {', '.join(CONTROLLERS)}"
        yield Issue(("ingress", "controller"), what, f"write {CONTROLLERS[0]}, or leave the line out")


def certificates(spec: ClusterSpec) -> Iterator[Issue]:
    """An issuer has what it needs."""
    given = spec.ingress.certificates
    if given.issuer is Issuer.ACME and not given.email:
        email = f"beheer@{spec.ingress.domain.split('.', 1)[-1]}"
        what = "issuer acme needs an address for its warnings"
        yield Issue(_CERTIFICATES, what, f"add `email: {email}`", ((*_CERTIFICATES, "email"),))
    if given.issuer is Issuer.SUPPLIED and not given.secret:
        what = "issuer supplied needs the name of the secret with chain and key"
        yield Issue(_CERTIFICATES, what, "add `secret: platform-certificate`", ((*_CERTIFICATES, "secret"),))
    for key, asked in (("eab", given.eab), ("challenge", given.challenge is Challenge.DNS)):
        if asked and given.issuer is not Issuer.ACME:
            what = f"{key} belongs to issuer acme, and the issuer is {given.issuer}"
            yield Issue((*_CERTIFICATES, key), what, f"write `issuer: acme`, or take {key} out")


def shared_storage(spec: ClusterSpec) -> Iterator[Issue]:
    """An existing NFS server is named."""
    shared = spec.storage.shared
    path: Path = ("storage", "shared")
    if shared.kind is SharedKind.NFS and not shared.server:
        yield Issue(path, "kind nfs needs the server", "add `server: nfs.example.nl`", ((*path, "server"),))


def retention(spec: ClusterSpec) -> Iterator[Issue]:
    """Logs are kept for a day at least, which is the least that their store can do."""
    for key, text in (("retention", spec.logs.retention), ("auditRetention", spec.logs.audit_retention)):
        if duration(text) < timedelta(days=1):
            yield Issue(("logs", key), f"'{text}' is less than a day", "write 1d or more", code=Code.VALUE)


def addons(spec: ClusterSpec) -> Iterator[Issue]:
    """What is said about an add-on belongs to a slot that exists."""
    unknown = [name for name in spec.platform.addons if name not in SLOTS]
    known = [*SLOTS, *sorted({entry.name for entry in entry_points(ADD_ON_GROUP)})] if unknown else []
    for name in unknown:
        if name not in known:
            close = nearest(name, known)
            fix = f"did you mean {close}?" if close else f"the slots are {', '.join(known)}"
            yield Issue(("platform", "addons", name), f"there is no slot {name}", fix)


def mail(spec: ClusterSpec) -> Iterator[Issue]:
    """Alerts by mail have a server to go out by."""
    alerts = spec.monitoring.alerts
    path: Path = ("monitoring", "alerts")
    if alerts.email and not alerts.smtp_server:
        what = "alerts by mail need a mail server"
        yield Issue((*path, "email"), what, "add `smtpServer: mail.example.nl:587`", ((*path, "smtpServer"),))


def ports(spec: ClusterSpec) -> Iterator[Issue]:
    """Every host:port has a port that exists."""
    given = {
        ("monitoring", "alerts", "smtpServer"): spec.monitoring.alerts.smtp_server,
        ("dns", "server"): spec.dns.server,
    }
    for path, text in given.items():
        if text and not 0 < int(text.rsplit(":", 1)[1]) < 65536:
            yield Issue(
                path, f"'{text}' has a port outside 1 to 65535", "mend the number after the colon", code=Code.VALUE
            )


def tenants(spec: ClusterSpec) -> Iterator[Issue]:
    """No application takes a namespace of Kubernetes or of the platform."""
    for name in spec.tenants:
        owner = ""
        if name in SYSTEM_NAMESPACES or name.startswith("kube-"):
            owner = "Kubernetes"
        elif name in PLATFORM_NAMESPACES:
            owner = "the platform"
        if owner:
            yield Issue(
                ("tenants", name), f"the namespace {name} belongs to {owner}", f"write another, as in app-{name}"
            )


def tenants_network(spec: ClusterSpec) -> Iterator[Issue]:
    """Who may talk to a tenant is another tenant, and its limits go together."""
    for name, tenant in spec.tenants.items():
        for position, other in enumerate(tenant.network.from_):
            path: Path = ("tenants", name, "network", "from", position)
            if other == name:
                yield Issue(path, f"{other} is this tenant itself", "take it out; `within` is about that")
            elif other not in spec.tenants:
                close = nearest(other, list(spec.tenants))
                fix = f"did you mean {close}?" if close else f"the tenants are {', '.join(spec.tenants)}"
                yield Issue(path, f"there is no tenant {other}", fix, (("tenants",),))
        limits = tenant.limits
        least = [("memory", limits.memory), ("memoryLimit", limits.memory_limit)]
        for (low, first), (high, second) in (
            *pairwise(least),
            *(((key, text), ("mostMemory", limits.most_memory)) for key, text in least if limits.most_memory),
        ):
            if second and quantity(first) > quantity(second):
                what = f"{first} is more than {high} {second}"
                place = ("tenants", name, "limits")
                yield Issue((*place, low), what, f"write {second} or less", ((*place, high),))


def repository(spec: ClusterSpec) -> Iterator[Issue]:
    """A repository over ssh is known by its key, one over https by its certificate."""
    given = spec.gitops
    if given is None or given.repository.startswith("https://"):
        return
    if given.secret and not given.known_hosts:
        what = "ssh needs the server's public key, or anybody could answer"
        yield Issue(("gitops", "knownHosts"), what, "add a line that `ssh-keyscan` prints and that you have checked")
    if given.ca_secret:
        what = "ssh knows no certificates"
        yield Issue(("gitops", "caSecret"), what, "take it out; `knownHosts` says who the server is")


def deviations(spec: ClusterSpec) -> Iterator[Issue]:
    """A deviation belongs to a check that exists."""
    for name in spec.compliance.deviations:
        if name not in CHECKS:
            close = nearest(name, list(CHECKS))
            fix = f"did you mean {close}?" if close else f"the checks are {', '.join(CHECKS)}"
            yield Issue(("compliance", "deviations", name), f"there is no check {name}", fix)


def sandbox(spec: ClusterSpec) -> Iterator[Issue]:
    """What stands outside the standard cannot be held to it."""
    if spec.compliance.profile is Profile.SANDBOX and spec.compliance.enforce is Enforce.MANDATORY:
        yield Issue(
            ("compliance", "enforce"),
            "a sandbox stands outside the standard, so its checks cannot be mandatory",
            "write `enforce: advisory`, or `profile: haven`",
            (("compliance", "profile"),),
        )


def no_clear_secrets(spec: ClusterSpec) -> Iterator[Issue]:
    """Nothing that is free to write holds what its name calls a secret."""
    yield from _clear(spec.cloud.settings, ("cloud", "settings"))
    for slot, add_on in spec.platform.addons.items():
        yield from _clear(add_on.values, ("platform", "addons", slot, "values"))


def _clear(value: Any, path: Path) -> Iterator[Issue]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str) and inner and named_like_a_secret(key):
                what = "this looks like a secret in clear, and it would end in files and in the cluster's objects"
                fix = "name an existing Kubernetes Secret instead, or take it out"
                yield Issue((*path, key), what, fix, code=Code.CLEAR_SECRET)
            else:
                yield from _clear(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _clear(inner, (*path, position))


RULES: tuple[Rule, ...] = (
    gateway,
    certificates,
    shared_storage,
    retention,
    addons,
    mail,
    ports,
    repository,
    tenants,
    tenants_network,
    deviations,
    sandbox,
    no_clear_secrets,
)

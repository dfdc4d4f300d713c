"""Rules about what the platform reaches outside the cluster: zones, a SIEM, a mail server; and names and schedules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from haven_iac.spec.cluster import ClusterSpec
from haven_iac.spec.dns import DnsKind
from haven_iac.spec.ingress import Challenge, Issuer
from haven_iac.spec.problems import Path
from haven_iac.spec.rules.issue import Issue, Rule

_WHAT_CHANGES = {
    DnsKind.RFC2136: ("the TSIG key", "dns-update"),
    DnsKind.DESIGNATE: ("a clouds.yaml", "dns-clouds"),
    DnsKind.CLOUDFLARE: ("an API token", "dns-token"),
    DnsKind.ROUTE53: ("accessKeyId:secretAccessKey", "dns-key"),
}


def records(spec: ClusterSpec) -> Iterator[Issue]:
    """A zone can be changed, and the names of the cluster stand in it."""
    given, at = spec.dns, ("dns",)
    if given.kind is DnsKind.RFC2136 and not given.server:
        what = "kind rfc2136 needs the name server"
        yield Issue(at, what, "add `server: ns.example.nl:53`", (("dns", "server"),))
    if given.kind in _WHAT_CHANGES and not given.secret:
        held, name = _WHAT_CHANGES[given.kind]
        what = f"kind {given.kind} needs the name of the secret with {held}"
        yield Issue(at, what, f"add `secret: {name}`", (("dns", "secret"),))
    if given.zone and not f".{spec.ingress.domain}".endswith(f".{given.zone}"):
        what = f"{spec.ingress.domain} does not stand in the zone {given.zone}"
        yield Issue(("dns", "zone"), what, "write the zone that the domain is in", (("ingress", "domain"),))


def challenge(spec: ClusterSpec) -> Iterator[Issue]:
    """To prove names in their zone, the zone has to be known."""
    given, at = spec.ingress.certificates, ("ingress", "certificates", "challenge")
    if given.issuer is not Issuer.ACME or given.challenge is not Challenge.DNS:
        return
    if spec.dns.kind is DnsKind.NONE:
        yield Issue(at, "challenge dns-01 needs to know who holds the zone", "fill in `dns:`", (("dns", "kind"),))
    elif spec.dns.kind is DnsKind.RFC2136 and not spec.dns.key_name:
        what = "challenge dns-01 needs the name of the TSIG key"
        yield Issue(("dns",), what, "add `keyName: update.example.nl`", (("dns", "keyName"),))


def hosts(spec: ClusterSpec) -> Iterator[Issue]:
    """Each name of the gateway is there once."""
    at: Path = ("ingress", "hosts")
    for host, times in Counter([spec.ingress.domain, *spec.ingress.hosts]).items():
        if times > 1:
            yield Issue(at, f"{host} is there twice", "the domain itself is always there; keep each other name once")


def siem(spec: ClusterSpec) -> Iterator[Issue]:
    """What is said about a SIEM belongs to one, and logs go somewhere."""
    given = spec.logs
    if given.forward:
        return
    where = "add `forward: https://siem.example.nl:4318`"
    if not given.store:
        yield Issue(("logs", "store"), "without a store of their own logs go nowhere", where, (("logs", "forward"),))
    if given.forward_secret:
        yield Issue(("logs", "forwardSecret"), "there is no SIEM that wants this token", where, (("logs", "forward"),))


def mail_login(spec: ClusterSpec) -> Iterator[Issue]:
    """Who logs in to a mail server has a name and a password."""
    given, at = spec.monitoring.alerts, ("monitoring", "alerts")
    if given.smtp_user and not given.smtp_secret:
        what = "logging in to the mail server needs the name of the secret with the password"
        yield Issue((*at, "smtpUser"), what, "add `smtpSecret: alert-mail`", ((*at, "smtpSecret"),))
    if given.smtp_secret and not given.smtp_user:
        what = "a password for the mail server needs a user"
        yield Issue((*at, "smtpSecret"), what, "add `smtpUser: alerts`", ((*at, "smtpUser"),))


def schedules(spec: ClusterSpec) -> Iterator[Issue]:
    """The schedule that is always there keeps its name."""
    if "all" in spec.backup.schedules:
        what = "the schedule all is that of `backup.schedule`"
        yield Issue(("backup", "schedules", "all"), what, "give this one another name, as in monthly")


RULES: tuple[Rule, ...] = (records, challenge, hosts, siem, mail_login, schedules)

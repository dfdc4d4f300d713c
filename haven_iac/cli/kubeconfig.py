"""`haven-iac kubeconfig`: a credential for hours, for a person or a CI job."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, emit
from haven_iac.errors import DeployError

if TYPE_CHECKING:
    from haven_iac.keys.kubeconfig import Minted
    from haven_iac.prepare import Prepared

Ttl = Annotated[str, typer.Option("--ttl", help="How long it is valid: 1m to 24h.", metavar="1h")]
User = Annotated[
    str, typer.Option("--user", metavar="NAME", help="Who the audit log names; you on this machine if unset.")
]
Group = Annotated[
    list[str] | None,
    typer.Option(
        "--group", help="A group that role bindings name; again for more. system:masters (all rights) if unset."
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", dir_okay=False, help="Write this file, for its owner only; else print.")
]
Merge = Annotated[
    bool, typer.Option("--merge", help="Add it to --output, else to the first file in KUBECONFIG or ~/.kube/config.")
]

BreakGlass = Annotated[
    bool, typer.Option("--break-glass", help="Emergency: every right, 1h at most, recorded with --reason.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why the glass is broken; recorded.")]
Uses = Annotated[bool, typer.Option("--uses", help="List the recorded uses of --break-glass, and stop.")]

BREAK_GLASS = "break-glass:"
"""What the audit log shows before the name of who uses it."""

ADMINISTRATORS = "system:masters"
"""Group that every cluster lets do everything, with no binding that somebody could take away."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def kubeconfig(
    stack: StackOption = "local",
    ttl: Ttl = "1h",
    user: User = "",
    group: Group = None,
    break_glass: BreakGlass = False,
    reason: Reason = "",
    uses: Uses = False,
    output: Output = None,
    merge: Merge = False,
    as_json: JsonOption = False,
) -> None:
    """Make a kubeconfig that ends by itself; nothing is stored in the cluster, and it cannot be taken back.

    So it lives for 24 hours at most. The cluster's audit log names the user. What it may do is up to its groups:
    everything unless you name some. A cluster whose control plane is not ours signs it itself.

    With --break-glass it has every right for an hour at most, and is recorded with its reason, in the cluster and in
    .haven-iac/break-glass.log, before you get it.
    """
    lifetime = lifetime_of(ttl)
    name = user or somebody()
    check_name("--user", name)
    for one in group or ():
        check_name("--group", one)
    if break_glass:
        _check_break_glass(reason, lifetime, group)
        name = f"{BREAK_GLASS}{name}"[:64]
    elif reason:
        raise typer.BadParameter("a reason belongs to --break-glass", param_hint="--reason")
    ready, session = run.existing(stack)
    outputs = session.outputs()
    if uses:
        _show_uses(outputs, stack, as_json=as_json)
        return
    minted = mint_from(outputs, stack, name, tuple(group or ()), lifetime)
    if break_glass:
        _record(ready, outputs, minted, reason)
    hand_over(minted, output, merge=merge, as_json=as_json)


def _check_break_glass(reason: str, lifetime: timedelta, group: list[str] | None) -> None:
    if not (reason.isprintable() and 10 <= len(reason.strip()) <= 500):
        why = "say in 10 to 500 characters, on one line, why"
        raise typer.BadParameter(why, param_hint="--reason")
    if lifetime > timedelta(hours=1):
        raise typer.BadParameter(
            "break-glass access lasts 1h at most; take it again, with a record", param_hint="--ttl"
        )
    if group:
        raise typer.BadParameter("break-glass access has every right; leave groups out", param_hint="--group")


def _record(ready: Prepared, outputs: Mapping[str, Any], minted: Minted, reason: str) -> None:
    from datetime import UTC

    from haven_iac.deploy.break_glass import Use, record

    assert ready.project is not None
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    use = Use(moment, minted.expires.isoformat(timespec="seconds"), outputs["cluster"], minted.user, reason.strip())
    place = record(ready.project, ready.stack, outputs["kubeconfig"], use)
    log = ready.project.state / "break-glass.log"
    if place:
        run.say(f"BREAK GLASS: recorded in the cluster as ConfigMap {place}, and in {log}")
    else:
        run.say(f"BREAK GLASS: the cluster did NOT take the record; it stands in {log} only. Report this use yourself.")


def _show_uses(outputs: Mapping[str, Any], stack: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from haven_iac.deploy.break_glass import uses

    found = uses(run.kubeconfig(outputs, stack))
    if as_json:
        emit({"stack": stack, "uses": [asdict(use) for use in found]})
        return
    for use in found:
        print(f"{use.at}  until {use.until}  {use.user}: {use.reason}")
    run.say(f"{len(found)} uses of break-glass access are recorded in the cluster")


def lifetime_of(text: str, option: str = "--ttl") -> timedelta:
    """Return how long a credential lives, or something may take.

    Args:
        text: as it was written.
        option: where.

    Raises:
        typer.BadParameter: it is no duration, or not between a minute and a day.
    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip(), re.ASCII)
    if not found:
        raise typer.BadParameter(f"{text!r} is not a duration such as 30m, 1h or 24h", param_hint=option)
    lifetime = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    if not timedelta(minutes=1) <= lifetime <= timedelta(hours=24):
        why = "; it cannot be taken back, so it never lives longer than a day" if option == "--ttl" else ""
        reason = f"{text} is outside 1m to 24h{why}"
        raise typer.BadParameter(reason, param_hint=option)
    return lifetime


def somebody() -> str:
    """Return who runs this, as `user@machine`."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"[:64]


def check_name(option: str, name: str) -> None:
    """Refuse a name that fits no certificate, or that would be taken for a part of Kubernetes.

    Raises:
        typer.BadParameter: it does.
    """
    from haven_iac.keys.kubeconfig import problem_with_name

    reason = problem_with_name(name)
    if not reason and option == "--user" and name.startswith("system:"):
        reason = "names that start with system: belong to Kubernetes itself"
    if reason:
        raise typer.BadParameter(f"{name!r} cannot be used: {reason}", param_hint=option)


def mint_from(
    outputs: Mapping[str, Any],
    stack: str,
    user: str,
    groups: tuple[str, ...],
    lifetime: timedelta,
    now: datetime | None = None,
) -> Minted:
    """Return a credential made with what the stack exports; all rights when no group is named.

    Raises:
        DeployError: the stack has no key that credentials are signed with, and its cluster gives none.
    """
    from datetime import UTC

    from haven_iac.keys.kubeconfig import mint

    signing = outputs.get("signing") or {}
    if outputs.get("server") and outputs.get("kubeconfig") and not signing:
        from haven_iac.deploy import access

        return access.mint(str(outputs["kubeconfig"]), str(outputs["cluster"]), user, groups, lifetime)
    if not outputs.get("server") or not all(signing.get(k) for k in ("clientCaCert", "clientCaKey", "caCert")):
        raise DeployError(
            f"the stack {stack} has no key to sign a credential with",
            fix=f"finish it with `haven-iac up -s {stack}`",
        )
    return mint(
        server=outputs["server"],
        ca=signing["caCert"],
        issuer_cert=signing["clientCaCert"],
        issuer_key=signing["clientCaKey"],
        cluster=outputs["cluster"],
        user=user,
        groups=groups or (ADMINISTRATORS,),
        now=now or datetime.now(UTC),
        ttl=lifetime,
    )


def hand_over(minted: Minted, output: Path | None, *, merge: bool, as_json: bool) -> None:
    """Print a credential, or write it to a file; say on standard error whose it is and when it ends.

    Raises:
        DeployError: the file cannot be written, or is not ours to write.
    """
    from haven_iac.keys import files

    file = (output or files.default_file()) if merge else output
    if file:
        try:
            (files.add if merge else files.write)(file, minted.kubeconfig)
        except (ValueError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise DeployError(f"{file} was left as it is: {why}", fix="name another file with --output") from None
    if as_json:
        where = {"file": str(file)} if file else {"kubeconfig": minted.kubeconfig}
        emit(
            {
                "context": minted.context,
                "user": minted.user,
                "groups": list(minted.groups),
                "expires": minted.expires.isoformat(),
                **where,
            }
        )
    elif not file:
        sys.stdout.write(minted.kubeconfig)
    place = f"; written to {file}, context {minted.context}" if file else ""
    run.say(f"for {minted.user} in {', '.join(minted.groups)}, until {minted.expires:%Y-%m-%d %H:%M:%S} UTC{place}")

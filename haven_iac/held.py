"""Secrets that Pulumi holds for a plan: that each is there, and has the parts that are taken of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from haven_iac.errors import Problem, SpecError
from haven_iac.plan.model import ClusterPlan
from haven_iac.platform.secret_forms import CERTIFICATES, render
from haven_iac.spec.problems import Code, problem
from haven_iac.spec.source import Source


def missing(plan: ClusterPlan, held: Collection[str], source: Source | None) -> list[Problem]:
    """Return a problem for each secret that a plan names and nobody has set.

    Args:
        plan: what would be made.
        held: names of the secrets that are set.
        source: the file, for its lines; without it there are none.
    """
    unset = sorted({name for name, _ in _taken(plan)} - set(held))
    what = "the secret {!r} is named and not set"
    return [
        problem(Code.SECRET_NOT_SET, _path(plan, one), what.format(one), f"run `{_set(one)}`", source) for one in unset
    ]


def strange(plan: ClusterPlan, read: Callable[[str], str | None], source: Source | None) -> list[Problem]:
    """Return a problem for each secret that does not have what is taken of it; nothing of it is in the text.

    Args:
        plan: what would be made.
        read: returns a secret by its name; None when it is not set.
        source: the file, for its lines; without it there are none.
    """
    found = {}
    for name, form in sorted(_taken(plan)):
        text = read(name)
        if text is None:
            continue
        try:
            render(form, text)
        except SpecError as error:
            what, fix = f"secret {name!r}: {error.what}", f"{error.fix}: `{_set(name)}`"
            found[what] = problem(Code.VALUE, _path(plan, name), what, fix, source)
    return list(found.values())


def _taken(plan: ClusterPlan) -> set[tuple[str, str]]:
    """Return the name of every secret, with the form in which something of it is taken."""
    refs = [ref for release in plan.releases for ref in release.secrets]
    taken = {(name, ref.forms.get(key, "")) for ref in refs for key, name in ref.entries.items()}
    oidc, mirror = plan.spec.identity.oidc, plan.spec.mirror
    if oidc and oidc.ca_secret and not plan.facts.managed_control_plane:
        taken.add((oidc.ca_secret, CERTIFICATES))
    if mirror.ca_secret:
        taken.add((mirror.ca_secret, CERTIFICATES))
    return taken


def _set(name: str) -> str:
    return f"pulumi config set --secret haven:{name}"


def _path(plan: ClusterPlan, secret: str) -> tuple[str, ...]:
    """Return where a description names a secret."""
    document = plan.spec.model_dump(mode="json", by_alias=True)
    return next(_paths(document, secret, ()), ())


def _paths(value: Any, secret: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        if inner == secret and key.lower().endswith("secret"):
            yield (*path, key)
        yield from _paths(inner, secret, (*path, key))

"""`haven-iac mirror`: what a closed network has to hold, and what its mirror lacks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import JsonOption, StackOption, emit, examples
from haven_iac.errors import ExitCode, HavenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haven_iac.mirror.check import Held
    from haven_iac.plan.artifacts import Artifacts
    from haven_iac.plan.model import ClusterPlan


class Format(StrEnum):
    """How a list is written."""

    PLAIN = "plain"
    IMAGES = "images"
    SKOPEO = "skopeo"
    SKOPEO_COPY = "skopeo-copy"
    CRANE = "crane"
    HELM = "helm"
    ZARF = "zarf"


class MirrorError(HavenError):
    """There is no mirror, or it lacks something."""

    code = "HVN311"
    exit_code = ExitCode.MIRROR


app = typer.Typer(
    no_args_is_help=True,
    help="Everything that a cluster needs from outside, for a closed network. `mirror.charts` and `mirror.images` in "
    "the description re-point all of it; `mirror.caSecret` names the secret with the authority of the mirror.",
    epilog=examples("haven-iac mirror list -s voorbeeldstad", "haven-iac mirror check -s voorbeeldstad"),
)

How = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="plain; images (one a line); skopeo (for `skopeo sync --src yaml`); skopeo-copy, crane and helm "
        "(commands that fill the mirror); zarf (a package description).",
    ),
]
Online = Annotated[bool, typer.Option("--online", help="Ask each registry for the digest of each image.")]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", dir_okay=False, exists=True, help="Authority of the mirror's certificate, in PEM."),
]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="The mirror has no TLS.")]
Output = Annotated[Path, typer.Option("--output", "-o", file_okay=False, exists=True, help="Folder to write to.")]


@app.command(
    "list",
    epilog=examples(
        "haven-iac mirror list  # charts and images of stack local",
        "haven-iac mirror list -s voorbeeldstad -f skopeo >images.yaml  # then skopeo sync --src yaml --dest dir ...",
        "haven-iac mirror list -s voorbeeldstad -f crane | sh  # fills the mirror that the description names",
    ),
)
def list_(
    stack: StackOption = "local", how: How = Format.PLAIN, online: Online = False, as_json: JsonOption = False
) -> None:
    """Print every chart and image that a stack needs, where each is published, with its digest where that is known.

    Nothing is created and, but for --online, no network is needed.
    """
    import sys

    from haven_iac.plan.artifact_lists import ANY, ANY_CHARTS, FORMATS

    plan, found = _needed(stack)
    if online:
        found = _with_digests(found)
    mirror = plan.spec.mirror
    if as_json:
        emit(_document(plan, found))
        return
    sys.stdout.write(FORMATS[how.value](found, mirror.charts or ANY_CHARTS, mirror.images or ANY))
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)


@app.command(
    "check",
    epilog=examples(
        "haven-iac mirror check -s voorbeeldstad --ca mirror-ca.pem",
        "haven-iac mirror check -s voorbeeldstad --json  # for CI: exit status 13 when something is not there",
    ),
)
def check(
    stack: StackOption = "local", ca: Ca = None, plain_http: PlainHttp = False, as_json: JsonOption = False
) -> None:
    """Ask the mirror that a stack's description names for every chart and image; say what it lacks.

    It is asked over the OCI distribution API, or for its index where it is a chart repository, with the credentials
    that `docker login` or `skopeo login` keep. Nothing is written to it.
    """
    from haven_iac.mirror.check import Mirror

    plan, found = _needed(stack)
    mirror = plan.spec.mirror
    if not (mirror.charts or mirror.images):
        raise MirrorError(
            "the description names no mirror",
            fix="write `mirror: {charts: oci://registry.example.nl/charts, images: registry.example.nl/mirror}`",
            at="mirror",
        )
    held, failed = Mirror(ca=ca, plain_http=plain_http).check(found, mirror.charts, mirror.images)
    if as_json:
        emit(_checked(held, failed, found))
    else:
        _print(held)
    if failed:
        first = failed[0]
        first.problems = tuple(dict.fromkeys(problem for error in failed for problem in error.problems))
        raise first
    lacking = sum(not one.there or one.other for one in held)
    if lacking:
        if as_json:
            raise typer.Exit(ExitCode.MIRROR)
        what = f"the mirror lacks {lacking} of {len(held)}"
        raise MirrorError(what, fix=f"fill it: `haven-iac mirror list -s {stack} -f helm` and `-f crane`")


@app.command("package", epilog=examples("haven-iac mirror package gateway-api standard-install.yaml --version 1.6.1"))
def package(
    name: Annotated[str, typer.Argument(help="Name of the chart, as `mirror list` says it.", metavar="CHART")],
    file: Annotated[Path, typer.Argument(help="The manifests.", exists=True, dir_okay=False, metavar="FILE")],
    version: Annotated[str, typer.Option("--version", help="Version of the chart, as `mirror list` says it.")],
    output: Output = Path("."),
) -> None:
    """Make a chart of what is published as a plain file of manifests: in a mirror everything is a chart."""
    from haven_iac.mirror.package import package as make

    print(make(name, version, file.read_bytes(), output))


def _needed(stack: str) -> tuple[ClusterPlan, Artifacts]:
    from haven_iac.cli import run
    from haven_iac.plan.artifacts import artifacts

    plan = run.prepared(stack).plan
    return plan, artifacts(plan)


def _with_digests(found: Artifacts) -> Artifacts:
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from haven_iac.mirror.check import AT_ONCE, Mirror

    mirror = Mirror()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        digests = list(pool.map(mirror.digest, found.images))
    images = [replace(one, digest=digest or one.digest) for one, digest in zip(found.images, digests, strict=True)]
    return replace(found, images=tuple(images))


def _document(plan: ClusterPlan, found: Artifacts) -> dict[str, Any]:
    mirror = plan.spec.mirror
    return {
        "kubernetes": plan.spec.kubernetes.version,
        "charts": [
            {
                "name": one.name,
                "version": one.version,
                "source": one.address,
                "plain": one.plain,
                "slots": list(one.slots),
                "mirror": one.mirrored(mirror.charts) if mirror.charts else None,
            }
            for one in found.charts
        ],
        "images": [
            {
                "reference": one.reference,
                "digest": one.digest or None,
                "slots": list(one.slots),
                "mirror": one.mirrored(mirror.images) if mirror.images else None,
            }
            for one in found.images
        ],
        "notes": list(found.notes),
    }


def _checked(held: Sequence[Held], failed: Sequence[HavenError], found: Artifacts) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "complete": not failed and all(one.there and not one.other for one in held),
        "held": [asdict(one) for one in held],
        "failed": [problem.as_dict() for error in failed for problem in error.problems],
        "notes": list(found.notes),
    }


def _print(held: Sequence[Held]) -> None:
    for one in held:
        state = "lacks" if not one.there else "other" if one.other else "has"
        digest = f"  {one.digest}" if one.digest else ""
        print(f"{state:5}  {one.kind:5}  {one.address}{digest}")

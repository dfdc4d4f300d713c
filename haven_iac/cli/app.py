"""The command `haven-iac`: subcommands, and how errors end."""

from __future__ import annotations

import os
import sys

import typer

import haven_iac
from haven_iac.cli import (
    data,
    detect,
    drill,
    engine,
    gitops,
    kubeconfig,
    lab,
    local,
    mirror,
    new,
    plan,
    policy_pack,
    schema,
    status,
    toolchain,
    up,
    validate,
    verify,
    versions,
)
from haven_iac.cli.options import emit, examples
from haven_iac.errors import ExitCode, HavenError

app = typer.Typer(
    name="haven-iac",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Build a reference Haven cluster; see its verdict before, and check it after.",
    epilog="Exit status: " + ", ".join(f"{code.value} {code.name.lower()}" for code in ExitCode) + ".",
)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    """Build a reference Haven cluster; see its verdict before, and check it after."""
    if version:
        print(haven_iac.__version__)
        raise typer.Exit


# Commands

app.command(
    "new",
    epilog=examples(
        "haven-iac new  # asks five questions",
        "haven-iac new --name voorbeeldstad --domain apps.voorbeeldstad.nl --zones az1,az2,az3 --yes",
        "haven-iac new --stack proef --profile sandbox --directory ~/clusters --yes",
    ),
)(new.new)
app.command(
    "validate",
    epilog=examples(
        "haven-iac validate  # stack local",
        "haven-iac validate --all --json  # for CI: every stack of the project",
    ),
)(validate.validate)
app.command(
    "plan",
    epilog=examples(
        "haven-iac plan",
        "haven-iac plan -s voorbeeldstad --online  # and whether quota, flavors, image, zones and so on suffice",
        "haven-iac plan -s voorbeeldstad --html plan.html  # a page to mail",
        "haven-iac plan -s voorbeeldstad --report verdict.html --lang nl  # the verdict, for an auditor",
        "haven-iac plan -s voorbeeldstad --strict --json  # for CI: exit status 8 when a mandatory check would fail",
    ),
)(plan.plan)
app.command("detect", epilog=examples("haven-iac detect -s klant", "haven-iac detect -s klant --json"))(detect.detect)
app.command(
    "up",
    epilog=examples(
        "haven-iac up  # builds or updates stack local",
        "haven-iac up -s voorbeeldstad --yes  # asks nothing",
        "haven-iac up --expect-no-changes  # exit status 7 when something would change",
    ),
)(up.up)
app.command("preview", epilog=examples("haven-iac preview", "haven-iac preview -s voorbeeldstad --json"))(
    engine.preview
)
app.command("refresh", epilog=examples("haven-iac refresh -s voorbeeldstad"))(engine.refresh)
app.command(
    "destroy", epilog=examples("haven-iac destroy", "haven-iac destroy -s voorbeeldstad --yes  # asks nothing")
)(engine.destroy)
app.command("status", epilog=examples("haven-iac status", "haven-iac status -s voorbeeldstad --json"))(status.status)
app.add_typer(verify.app, name="verify")
app.command(
    "policy-pack",
    epilog=examples(
        'pulumi preview -s voorbeeldstad --policy-pack "$(haven-iac policy-pack)"  # findings beside the changes',
        "haven-iac policy-pack --directory policy  # in a folder of your own",
    ),
)(policy_pack.policy_pack)
app.command(
    "versions",
    epilog=examples(
        "haven-iac versions -s voorbeeldstad",
        "haven-iac versions -s voorbeeldstad --json  # daysLeft, and behind by chart",
    ),
)(versions.versions)
app.command(
    "kubeconfig",
    epilog=examples(
        "haven-iac kubeconfig --ttl 1h --merge  # then kubectl --context <cluster> get nodes",
        "haven-iac kubeconfig -s voorbeeldstad --ttl 15m --user ci-42 --group deployers -o ci.yaml",
        'haven-iac kubeconfig --break-glass --reason "log-in is down, incident 4711"  # recorded',
    ),
)(kubeconfig.kubeconfig)
app.command(
    "schema",
    epilog=examples(
        "haven-iac schema --output cluster.schema.json  # of what is under haven:cluster",
        "haven-iac schema --file -o stack.schema.json  # of a whole Pulumi.<stack>.yaml",
        "haven-iac schema --verdict -o verdict.schema.json  # of what verify --json prints",
    ),
)(schema.schema)
app.add_typer(data.app, name="data")
app.add_typer(drill.app, name="drill")
app.add_typer(gitops.app, name="gitops")
app.add_typer(local.app, name="local")
app.add_typer(lab.app, name="lab")
app.add_typer(mirror.app, name="mirror")
app.add_typer(toolchain.app, name="toolchain")


def report(error: HavenError, *, as_json: bool) -> None:
    """Print an error: every problem on a line of its own, or one JSON document."""
    if as_json:
        emit({"error": error.code, "message": error.what, "problems": [p.as_dict() for p in error.problems]})
        return
    for problem in error.problems:
        print(problem, file=sys.stderr)


def main() -> None:
    """Run the command; no traceback ever reaches a user unless HAVEN_DEBUG is set."""
    try:
        app()
    except HavenError as error:
        if os.environ.get("HAVEN_DEBUG"):
            raise
        report(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        if os.environ.get("HAVEN_DEBUG"):
            raise
        print(
            f"HVN999 {type(error).__name__}: {error}; this is a defect in haven-iac, "
            "run again with HAVEN_DEBUG=1 and report what it prints",
            file=sys.stderr,
        )
        sys.exit(ExitCode.UNEXPECTED)


if __name__ == "__main__":
    main()

"""`haven-iac gitops`: what Flux needs to take the releases over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from haven_iac.cli import run
from haven_iac.cli.options import JsonOption, StackOption, emit, examples
from haven_iac.errors import DeployError

app = typer.Typer(no_args_is_help=True, help="Hand the platform's releases over to Flux.", rich_markup_mode=None)


@app.command("export", epilog=examples("haven-iac gitops export ../clusters -s voorbeeldstad"))
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="A clone of the repository.")],
    stack: StackOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Write what the repository has to hold, in the Haven+ layout: the same charts, versions and values as we apply.

    Nothing else in the folder is touched. Commit it, then write `gitops.owner: flux` and run `haven-iac up`. Secrets
    stay with us: a release finds them in the cluster.
    """
    from haven_iac.plan.flux import files

    ready = run.prepared(stack)
    made = files(ready.plan)
    try:
        for path, text in made.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeployError(
            f"{error.filename or folder} cannot be written: {error.strerror}", fix="name another folder"
        ) from None
    if as_json:
        emit({"stack": stack, "folder": str(folder), "files": list(made)})
        return
    print(f"{len(made)} files below {folder}")
    if ready.spec.gitops is None:
        print("Next: add `gitops: {repository: …}` to the stack, and run `haven-iac up`: Flux is installed and waits.")
    else:
        print("Next: commit and push them, write `owner: flux` below gitops, and run `haven-iac up`.")

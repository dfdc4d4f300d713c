"""`haven-iac data`: what the checks compare with, and how old it is."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from haven_iac.cli.options import JsonOption, emit, examples

if TYPE_CHECKING:
    from haven_iac.dated import Topic

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What the checks compare with, and how old it is.")

Names = Annotated[list[str] | None, typer.Argument(metavar="[TOPIC]...", help="Which topics; all of them if unset.")]
Yaml = Annotated[bool, typer.Option("--yaml", help="Print what is in them, in the form that `update` takes.")]
Source = Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or an address that starts with https://.")]


@app.command(
    "show",
    epilog=examples(
        "haven-iac data show  # date and source of every topic",
        "haven-iac data show hardening provisioners --yaml > data.yaml  # to edit, and to give to others",
    ),
)
def show(names: Names = None, as_yaml: Yaml = False, as_json: JsonOption = False) -> None:
    """Show the date and source of each topic, and whose file it is; `--yaml` prints what is in them."""
    from haven_iac import dated
    from haven_iac.dated.fetch import document

    chosen = _topics(names)
    if as_yaml:
        print(document(chosen), end="")
        return
    found = [dated.topic(name) for name in chosen]
    if as_json:
        emit({"folder": str(dated.folder()), "topics": [_document(one) for one in found]})
        return
    _print(found)


@app.command(
    "update",
    epilog=examples(
        "haven-iac data update data.yaml",
        "haven-iac data update https://example.nl/haven-iac-data.yaml",
        "haven-iac data update https://dl.k8s.io/release/stable.txt  # the newest Kubernetes",
        "haven-iac data update releases.json  # the checker's own list of releases",
    ),
)
def update(source: Source, as_json: JsonOption = False) -> None:
    """Take over newer data: checked whole first, then kept in a folder of your own, before what haven-iac came with.

    FILE is what `haven-iac data show --yaml` prints, the version marker of the Kubernetes project, or the checker's
    list of releases.
    """
    from haven_iac.dated import fetch

    done = fetch.update(source, date.today())
    if as_json:
        emit(
            {
                "updated": [
                    {"topic": one.topic, "before": one.before, "after": one.after, "file": one.file} for one in done
                ]
            }
        )
        return
    for one in done:
        print(f"{one.topic}: from {one.before} to {one.after}, in {one.file}")


@app.command("reset", epilog=examples("haven-iac data reset kubernetes", "haven-iac data reset  # everything"))
def reset(names: Names = None, as_json: JsonOption = False) -> None:
    """Go back to what haven-iac came with: remove your own files of these topics."""
    from haven_iac.dated import fetch

    removed = fetch.reset(_topics(names))
    if as_json:
        emit({"removed": [str(file) for file in removed]})
        return
    for file in removed:
        print(f"removed {file}")
    if not removed:
        print("there was nothing of your own")


def _topics(names: list[str] | None) -> list[str]:
    from difflib import get_close_matches

    from haven_iac.dated import TOPICS
    from haven_iac.errors import DataError

    for name in names or ():
        if name not in TOPICS:
            close = get_close_matches(name, TOPICS, n=1)
            fix = f"did you mean {close[0]}?" if close else f"the topics are {', '.join(TOPICS)}"
            raise DataError(f"there is no topic {name[:40]!r}", fix=fix)
    return list(dict.fromkeys(names or TOPICS))


def _document(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "asOf": topic.as_of.isoformat(),
        "source": topic.source,
        "own": topic.own,
        "file": str(topic.file),
        "days": (date.today() - topic.as_of).days,
    }


def _print(found: list[Topic]) -> None:
    from haven_iac.compliance.catalogue import STALE
    from haven_iac.dated import TOPICS

    today = date.today()
    for topic in found:
        age = (today - topic.as_of).days
        old = ", which is old: `haven-iac data update` refreshes it" if age > STALE.days else ""
        whose = f"your own, {topic.file}" if topic.own else "came with haven-iac"
        print(f"{topic.name}: {TOPICS[topic.name]}")
        print(f"  of {topic.as_of}, {age} day{'' if age == 1 else 's'} ago{old}; {whose}")
        print(f"  from {topic.source}")

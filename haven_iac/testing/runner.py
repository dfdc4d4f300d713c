"""Runs a Pulumi program without an engine and gives back what it registered, as plain values.

Every run has an event loop of its own, waits for all registrations, raises what an `apply` raised, and leaves
nothing behind.  It is the one place that may use undocumented parts of Pulumi's SDK.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto.callback_pb2 import Callback
from pulumi.runtime.settings import SETTINGS, reset_options
from pulumi.runtime.stack import wait_for_rpcs


@dataclass
class Recorded(Mocks):
    """What a program registered, in order, and what it returned."""

    resources: list[MockResourceArgs] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    made: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What making a resource adds to its inputs, by type token."""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What functions of a provider answer, by token."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Record a resource; its outputs are its inputs and what making it adds."""
        self.resources.append(args)
        inputs = dict(args.inputs)
        inputs.pop("__provider", None)
        return f"{args.name}-id", {**inputs, **self.made.get(args.typ, {})}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Answer a function call; with nothing where no answer was given."""
        return dict(self.answers.get(args.token, {})), []

    def of(self, token: str) -> list[MockResourceArgs]:
        """Return every recorded resource of one type."""
        return [resource for resource in self.resources if resource.typ == token]


class _Callbacks:
    """Stands where the callback server would be, so that hooks and transforms may be registered."""

    def __getattr__(self, name: str) -> Callable[..., Callback]:
        return lambda *args, **kwargs: Callback()


def run(
    program: Callable[[], Mapping[str, pulumi.Output[Any]]],
    config: Mapping[str, str] | None = None,
    made: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recorded:
    """Run `program` to completion and return what it recorded.

    Args:
        program: registers resources and returns outputs by name.
        config: Pulumi configuration by full key, such as `haven:cluster`; empty when left out.
        made: what making a resource adds to its inputs, by type token; nothing when left out.
        answers: what functions of a provider answer, by token; nothing when left out.
    """
    recorded = Recorded(made=made or {}, answers=answers or {})

    async def _main() -> None:
        set_mocks(recorded, project="haven", stack="test", preview=False)
        SETTINGS.callbacks = _Callbacks()
        if config:
            pulumi.runtime.set_all_config(dict(config))
        outputs = program()
        recorded.outputs = {key: await pulumi.Output.from_input(value).future() for key, value in outputs.items()}
        await wait_for_rpcs()

    try:
        asyncio.run(_main())
    finally:
        reset_options()
        with warnings.catch_warnings():  # the SDK leaves event loops open; they go here, not in somebody's test
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    return recorded

"""What is told while tools are being had; the command shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from haven_iac.toolchain.find import Found
    from haven_iac.toolchain.tools import Tool


class Progress(Protocol):
    """Is told what happens; every method may be called often."""

    def plan(self, missing: Sequence[Found]) -> None:
        """Say which tools will be had, before the first is."""

    def start(self, tool: Tool, source: str) -> None:
        """Say that a tool is being had from `mirror`, `release` or `build`."""

    def step(self, tool: Tool, done: int, total: int, what: str) -> None:
        """Say how far it is, in packages or bytes; `total` is 0 when unknown."""

    def end(self, tool: Tool, source: str) -> None:
        """Say that it is there."""

    def note(self, text: str) -> None:
        """Say something to the user."""


class Silent:
    """Says nothing."""

    def plan(self, missing: Sequence[Found]) -> None:
        """Ignore."""

    def start(self, tool: Tool, source: str) -> None:
        """Ignore."""

    def step(self, tool: Tool, done: int, total: int, what: str) -> None:
        """Ignore."""

    def end(self, tool: Tool, source: str) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""

"""Public addresses of the cloud as TCP listeners on this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from haven_iac.lab.machines.network import UnreachableError

log = logging.getLogger("machines.proxy")

SSH_PORT = 22

Key = tuple[str, int]
"""Address and port."""

Route = Callable[[str, int], tuple[str, Key]]
"""From address and port to machine id and where it is here."""


class Proxy:
    """Listens, and passes connections on.

    Args:
        route: says where a connection goes; raises UnreachableError for nowhere.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._servers: dict[Key, asyncio.Server] = {}
        self._open: dict[Key, set[tuple[str, asyncio.Task[None]]]] = {}
        self._said: dict[Key, str] = {}

    async def follow(self, endpoints: Iterable[Key]) -> None:
        """Listen on exactly these."""
        wanted = set(endpoints)
        for key in set(self._servers) - wanted:
            self._servers.pop(key).close()
            for _, task in self._open.pop(key, set()):
                task.cancel()
        for key in sorted(wanted - set(self._servers)):
            try:
                self._servers[key] = await asyncio.start_server(partial(self._serve, key), *key)
            except OSError as error:
                self._say(key, f"cannot listen: {error}")

    def endpoints(self) -> list[str]:
        """Return what it listens on."""
        return sorted(f"{address}:{port}" for address, port in self._servers)

    def drop(self, machine: str) -> None:
        """End the connections to a machine that went down."""
        for connections in self._open.values():
            for one, task in list(connections):
                if one == machine:
                    task.cancel()

    def _say(self, key: Key, text: str) -> None:
        """Log a reason, but not each time."""
        if self._said.get(key) != text:
            log.info("%s:%d: %s", *key, text)
        self._said[key] = text

    async def _serve(self, key: Key, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            machine, backend = self._route(*key)
        except UnreachableError as error:
            self._say(key, str(error))
            writer.transport.abort()
            return
        self._said.pop(key, None)
        task = asyncio.current_task()
        assert task is not None
        entry = (machine, task)
        self._open.setdefault(key, set()).add(entry)
        try:
            if backend[1] == SSH_PORT:
                await _ssh_banner(reader, writer)
            else:
                await _forward(reader, writer, backend)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._open.get(key, set()).discard(entry)
            writer.close()


async def _ssh_banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say all that machines know of SSH."""
    writer.write(b"SSH-2.0-OpenSSH_9.6p1 lab\r\n")
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.read(256), 10)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, backend: Key) -> None:
    back_reader, back_writer = await asyncio.open_connection(*backend)
    try:
        pumps = [asyncio.ensure_future(_pump(reader, back_writer)), asyncio.ensure_future(_pump(back_reader, writer))]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
    finally:
        back_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()

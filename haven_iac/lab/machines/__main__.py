"""python -m haven_iac.lab.machines FOLDER: boots the machines of the lab in that folder."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from haven_iac.lab.machines.world import World


async def main(state: Path) -> None:
    """Run until a signal says otherwise."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    os.umask(0o022)  # what machines write has the modes that they ask for; the lab's own folder is private
    loop = asyncio.get_running_loop()
    # Each cluster that starts holds a thread.
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(32))
    task = asyncio.create_task(World(state).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

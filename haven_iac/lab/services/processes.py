"""Starts and stops the services of a lab, and asks whether they answer; the caller is in the lab's namespace."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from haven_iac.clouds.local.processes import Processes
from haven_iac.errors import LabError
from haven_iac.lab.services.environment import environment
from haven_iac.lab.services.settings import PORTS, Settings

START_SECONDS = 180.0
"""How long all services may take to answer; ten seconds is usual."""

_STOP_SECONDS = 4.0
"""How long a service may take to end; its state is in the database."""

Say = Callable[[str], None]


def answers(service: str) -> bool:
    """Return whether a service's API answers with anything but an error of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", PORTS[service], timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Services:
    """The services of one lab."""

    def __init__(self, lab: Settings, say: Say) -> None:
        self._lab, self._say = lab, say
        self.processes = Processes(lab.state)

    def start(self, services: Sequence[str] | None = None) -> None:
        """Start the services that do not run, all when left out."""
        for service in services or self._lab.services:
            if not self.processes.running(service):
                argv = [f"{self._lab.venv}/bin/python", "-m", "haven_lab.run", service]
                self.processes.start(service, argv, environment(self._lab), "")

    def wait(self, services: Sequence[str] | None = None) -> None:
        """Wait until services answer; one that ends is started once more: threads can race at a first start.

        Raises:
            LabError: one does not, or ends twice.
        """
        waiting, again = list(services or self._lab.services), set()
        deadline = time.monotonic() + START_SECONDS
        while waiting:
            for service in list(waiting):
                if answers(service):
                    waiting.remove(service)
                elif not self.processes.running(service):
                    if service in again:
                        raise LabError(f"{service} ended twice", fix=f"its log is {self.processes.log(service)}")
                    again.add(service)
                    self._say(f"{service} ended; starting it once more")
                    self.start([service])
            if waiting and time.monotonic() > deadline:
                raise LabError(
                    f"no answer from {', '.join(waiting)} in {START_SECONDS:.0f} s", fix=f"logs are in {self._lab.logs}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop every service."""
        with ThreadPoolExecutor(len(PORTS)) as pool:
            list(pool.map(lambda service: self.processes.stop(service, _STOP_SECONDS), PORTS))

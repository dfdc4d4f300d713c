"""Starts a lab's database and services with a cloud in them: from a snapshot, from before, or filled anew."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from haven_iac.errors import LabError
from haven_iac.lab import packages
from haven_iac.lab.place import Place
from haven_iac.lab.services import environment, schemas, snapshot
from haven_iac.lab.services.database import Database
from haven_iac.lab.services.processes import Services
from haven_iac.lab.services.settings import Settings

_FILLED = "filled"
"""In the state folder: the cloud has been filled to its end; without it, what is there was interrupted."""
_IDENTITY = "identity-ready"

Say = Callable[[str], None]


class Filling:
    """One start of a lab's cloud.

    Args:
        place: of the lab.
        lab: what its services are configured with.
        say: is told what is done.
    """

    def __init__(self, place: Place, lab: Settings, say: Say) -> None:
        self._place, self._lab, self._say = place, lab, say

    def serve(self, *, fresh: bool) -> None:
        """Start database and services, filled.

        Args:
            fresh: fill the cloud anew, even where a snapshot would do.

        Raises:
            LabError: something does not start, or the cloud cannot be filled.
        """
        lab, services = self._lab, Services(self._lab, self._say)
        server, archive = Database(lab), snapshot.path(self._place, lab)
        filled = self._place.state / _FILLED
        if server.filled and not filled.exists():
            services.stop()
            server.remove()
        restored = not server.filled and not fresh and snapshot.restore(archive, lab)
        if restored:
            self._say("database, keys and images are from the snapshot")
            filled.touch()
        new = not server.filled
        if new:
            server.install()
        server.start()
        self._say("the database server answers")
        identity = self._place.run / _IDENTITY
        if not new:
            snapshot.adopt(lab, server)
            identity.touch()
            services.start()
            services.wait()
            self._say("all services answer")
            return
        identity.unlink(missing_ok=True)
        server.create()
        schemas.make(lab, self._say)
        services.start()
        services.wait(["keystone"])
        self.content("identity")
        identity.touch()
        services.wait()
        self._say("all services answer")
        self.content("resources")
        filled.touch()
        self._say("the cloud is filled")
        services.stop()
        server.stop()
        snapshot.keep(archive, lab)
        self._say("kept a snapshot for the next time")
        server.start()
        services.start()
        services.wait()

    def content(self, phase: str) -> None:
        """Put one part into the cloud: identity, resources or workers.

        Raises:
            LabError: it fails; its log says why.
        """
        log = self._lab.logs / "content.log"
        with log.open("ab") as output:
            done = subprocess.run(
                [str(packages.python(self._place)), str(packages.INSIDE / "content.py"), phase],
                env=environment.for_content(self._lab, self._place.clouds_file),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._lab.state,
                check=False,
            )
        if done.returncode:
            raise LabError(f"filling the cloud failed ({phase})", fix=f"its log is {log}")

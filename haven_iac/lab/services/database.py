"""MariaDB for a lab: its own data folder, durability off on purpose, as it holds nothing that anybody would miss."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import time
from pathlib import Path

from haven_iac.clouds.local.processes import Process, Processes, started
from haven_iac.errors import LabError
from haven_iac.lab.packages import database_tool
from haven_iac.lab.services.settings import DATABASE_PORT, PASSWORD, Settings

NAME = "mariadb"
_NAMES = ("keystone", "glance", "placement", "nova", "nova_api", "nova_cell0", "neutron", "cinder", "octavia")
_MORE = ("designate", "manila", "barbican")
_START_SECONDS = 60.0


class Database:
    """The database server of one lab; the caller is in the lab's namespace."""

    def __init__(self, lab: Settings) -> None:
        self._lab = lab
        self._processes = Processes(lab.state, self.folder)

    @property
    def folder(self) -> Path:
        """Return the folder of its data."""
        return self._lab.state / "mysql"

    @property
    def filled(self) -> bool:
        """Return whether there are data."""
        return (self.folder / "mysql").is_dir()

    @property
    def process(self) -> Process | None:
        """Return the server's process if it runs."""
        return self._processes.running(NAME)

    def install(self) -> None:
        """Make an empty data folder.

        Raises:
            LabError: that failed.
        """
        _run(
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={self.folder}",
            f"--user={getpass.getuser() if os.geteuid() else 'root'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=32M",
        )

    def start(self) -> None:
        """Start the server when it does not run, and wait until it answers.

        Raises:
            LabError: it does not.
        """
        pid = self.process.pid if self.process else 0
        if not pid:
            pid = self._processes.start(NAME, self._command(), {"PATH": os.environ.get("PATH", os.defpath)}, "").pid
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if not started(pid) or time.monotonic() > deadline:
                raise LabError(
                    "the database server does not start", fix=f"its log is {self._lab.logs / 'mariadb-server.log'}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server; data are whole then."""
        self._processes.stop(NAME, 60.0)

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        shutil.rmtree(self.folder)

    def create(self) -> None:
        """Make every database and the user of all."""
        grants = "".join(
            f"CREATE USER IF NOT EXISTS 'haven'@'{host}' IDENTIFIED BY '{PASSWORD}';"
            f"GRANT ALL ON *.* TO 'haven'@'{host}';"
            for host in ("127.0.0.1", "localhost")
        )
        made = "".join(f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb3;" for name in (*_NAMES, *_MORE))
        self.sql(made + grants)

    def sql(self, text: str) -> None:
        """Run statements.

        Raises:
            LabError: one failed.
        """
        _run("mariadb", "--no-defaults", "-uroot", "-S", str(self._socket), "-e", text)

    @property
    def _socket(self) -> Path:
        return self._lab.state / "run" / "mysql.sock"

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        try:
            self.sql("select 1")
        except LabError:
            return False
        return True

    def _command(self) -> list[str]:
        return [
            str(database_tool("mariadbd")),
            "--no-defaults",
            f"--datadir={self.folder}",
            f"--socket={self._socket}",
            f"--port={DATABASE_PORT}",
            "--bind-address=127.0.0.1",
            f"--user={getpass.getuser() if os.geteuid() else 'root'}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--max-connections=600",
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
            "--performance-schema=off",
            "--character-set-server=utf8mb3",
            "--collation-server=utf8mb3_general_ci",
            "--sync-frm=0",
            f"--pid-file={self._lab.state}/run/mysqld.pid",
            f"--log-error={self._lab.logs}/mariadb-server.log",
        ]


def _run(tool: str, *arguments: str) -> None:
    program = database_tool(tool)
    if program is None:
        raise LabError(f"{tool} is not here", fix="apt-get install mariadb-server-core mariadb-client-core")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{tool} failed: {(done.stderr or done.stdout).strip()[-300:]}")

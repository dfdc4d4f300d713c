"""python -m haven_iac.lab.controllers FOLDER: runs the real cloud controllers of every cluster of the lab there."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from haven_iac.lab import extras
from haven_iac.lab.controllers import podspec
from haven_iac.lab.controllers.cluster import INTERVAL, Cluster


def main(state: Path) -> None:
    """Follow the clusters until a signal says otherwise."""
    os.umask(0o077)  # the files hold credentials
    left_out = () if "backup" in extras.chosen(state / "lab.json") else podspec.BACKUP
    found = {name: shutil.which(name) for name in podspec.BINARIES if name not in left_out}
    binaries = {name: os.path.abspath(path) for name, path in found.items() if path}
    print("binaries:", *(binaries or ["none"]), flush=True)
    pods = state / "pods"
    shutil.rmtree(pods, ignore_errors=True)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    clusters: dict[Path, Cluster] = {}
    while not stopping.is_set():
        present = {path.parent for path in (state / "clusters").glob("*/kubeconfig")}
        for folder in clusters.keys() - present:
            clusters.pop(folder).end()
        for folder in present - clusters.keys():
            clusters[folder] = Cluster(folder, pods, binaries)
            clusters[folder].start()
        stopping.wait(INTERVAL)
    for cluster in clusters.values():
        cluster.stop()
    for cluster in clusters.values():
        cluster.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

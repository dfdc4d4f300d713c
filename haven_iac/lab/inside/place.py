"""Where this lab is, for what runs in OpenStack's environment."""

import os

from . import faults as _faults

STATE = os.environ["HAVEN_LAB_PLACE"]
ETC = os.path.join(STATE, "etc")
RUN = os.path.join(STATE, "run")
HOST = "127.0.0.1"

FAULTS = _faults.Faults(os.path.join(STATE, "faults.json"))
"""What goes wrong on purpose."""


def mark(service):
    """Note that a service's objects have changed, for those who follow them: a file's time moves on."""
    path = os.path.join(RUN, "changed-" + service)
    with open(path, "a", encoding="utf-8"):
        os.utime(path)


def marked(service):
    """Return the time of the last mark, as a number; 0 when there is none."""
    try:
        return os.stat(os.path.join(RUN, "changed-" + service)).st_mtime_ns
    except FileNotFoundError:
        return 0

"""What the cloud's errors mean: a plain cause and a next step, from what the engine's plugin says.

The plugin passes on HTTP answers with address and body, or that something became ERROR without saying why. What is
behind an ERROR is asked of the cloud: Nova's fault and the end of the machine's console.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven_iac.clouds.base import Explained
from haven_iac.clouds.openstack.connection import connect
from haven_iac.clouds.openstack.consoles import console
from haven_iac.clouds.openstack.settings import OpenStackSettings
from haven_iac.errors import HavenError

AGAIN = "run the same command again: it goes on from here"
LOOK = "`haven-iac plan --online` says everything that is short"

_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ANSWER = re.compile(r"accessing \[(\w+) (\S+)\], but got (\d{3}) instead:?\s*(.*)", re.DOTALL)
_BARE = re.compile(r"Error [^:{]*: (\{.*\})", re.DOTALL)
_WRAPPED = re.compile(
    r"\S*provider2?\.go:\d+: |sdk\.helper_schema: |: provider=openstack@\S+|\d+ errors? occurred:|"
    r"(?:creating|updating|deleting) urn:\S+: "
)
"""What plugin and engine put around a message."""
_QUOTA = re.compile(r"quota|OverLimit|exceeds? (the )?limit|out of .*quota", re.IGNORECASE)

_BY_TOKEN = {
    "compute": "Nova",
    "networking": "Neutron",
    "loadbalancer": "Octavia",
    "blockstorage": "Cinder",
    "sharedfilesystem": "Manila",
    "identity": "Keystone",
    "images": "Glance",
    "objectstorage": "the object storage",
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that a plugin passed on."""

    method: str
    status: int
    said: str
    """What the service says about it, on one line."""


def answer_in(text: str) -> Answer | None:
    """Return the HTTP answer in a plugin's message, or None when there is none."""
    if found := _ANSWER.search(text):
        return Answer(found[1], int(found[3]), _said(found[4]))
    if bare := _BARE.search(text):
        code = re.search(r'"code": ?(\d{3})', bare[1])
        return Answer("", int(code[1]) if code else 400, _said(bare[1]))
    return None


def _said(body: str) -> str:
    """Return the sentence in an error's body; every service wraps it differently."""
    start, end = body.find("{"), body.rfind("}")
    try:
        found = _sentence(json.loads(body[start : end + 1])) if start >= 0 else body
    except ValueError:
        found = body
    return " ".join(re.sub(r"<[^>]+>", " ", found or body).split())[:300].rstrip(".")


def _sentence(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        for key in ("message", "faultstring", "detail", *value):
            if key in value and (found := _sentence(value[key])):
                return found
    if isinstance(value, list):
        return next((found for one in value if (found := _sentence(one))), "")
    return ""


def service_of(token: str) -> str:
    """Return which service makes a type of resource."""
    return _BY_TOKEN.get(token.removeprefix("openstack:").partition("/")[0], "the cloud")


def cause(token: str, text: str) -> Explained:
    """Return what a message means, as far as it says so itself; pure."""
    service, answer = service_of(token), answer_in(text)
    if answer:
        return _answered(service, answer)
    if re.search(r"became? ERROR|'ERROR'|in ERROR|error state|ERROR state|provisioning_status.*ERROR", text):
        return Explained(f"{service} could not make it: it ended in ERROR", _after_error(service))
    if found := re.search(r"timeout while waiting for state to become '?([^' ]+)'? \(last state: '?([^',]*)", text):
        what = f"{service} did not finish in time: it was still {found[2] or 'unknown'}, and should be {found[1]}"
        return Explained(what, AGAIN)
    if re.search(r"x509|certificate", text):
        return Explained(f"the certificate of {service} is not trusted", "see `cacert` in clouds.yaml, or OS_CACERT")
    if found := re.search(r"dial tcp (?:[^ ]*?)([\w.:\[\]-]+): .*?(refused|timeout|no such host|unreachable)", text):
        return Explained(f"{service} at {found[1]} does not answer: {found[2]}", f"check network and VPN; {AGAIN}")
    if re.search(r"Authentication failed|AuthenticationRequired|401", text):
        return Explained("Keystone does not accept the credentials any more", "check clouds.yaml or the OS_* variables")
    return Explained(unwrapped(text), f"mend the cause; {AGAIN}; {LOOK}")


def unwrapped(text: str) -> str:
    """Return the message itself, on one line."""
    lines = [" ".join(line.strip(" \t*").split()) for line in _WRAPPED.sub("", text).splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line))


def _answered(service: str, answer: Answer) -> Explained:
    said = f": {answer.said}" if answer.said else ""
    if _QUOTA.search(answer.said) or answer.status == 413:
        return Explained(f"{service} refuses more: the quota is used up{said}", f"ask the operator for more; {LOOK}")
    if answer.status == 401:
        return Explained(f"{service} does not accept the credentials any more{said}", AGAIN)
    if answer.status == 403:
        return Explained(f"{service} does not allow it{said}", "ask for the role that it needs, then run this again")
    if answer.status == 404:
        return Explained(f"{service} does not have it{said}", f"{LOOK}; if somebody deleted it: `haven-iac refresh`")
    if answer.status == 409:
        return Explained(f"{service} refuses because of something else{said}", _in_the_way(answer.said))
    if answer.status == 429:
        return Explained(f"{service} is asked too often{said}", AGAIN)
    if answer.status >= 500:
        return Explained(
            f"{service} failed, HTTP {answer.status}{said}", f"{AGAIN}; if it stays so, tell the cloud's operator"
        )
    if service == "Octavia" and "is not a valid option for type" in answer.said:
        # Its words for every error of its database; two changes that lock each other out are the usual one.
        return Explained(f"Octavia could not write it down{said}", AGAIN)
    return Explained(f"{service} refuses it, HTTP {answer.status}{said}", LOOK)


def _in_the_way(said: str) -> str:
    if re.search(r"in use|still|allocation|attached|ports?", said):
        return f"remove what uses it (`openstack port list`), then {AGAIN}"
    if "immutable" in said or "PENDING" in said:
        return f"it is being changed right now; {AGAIN} in a minute"
    return AGAIN


def _after_error(service: str) -> str:
    if service == "Octavia":
        return f"ask the cloud's operator why; {AGAIN}, and makes it anew"
    return f"{AGAIN}, and makes it anew"


def fault_advice(fault: str) -> str:
    """Return what to do about a fault of Nova's."""
    if re.search(r"No valid host|not enough hosts", fault):
        return (
            "no host has room that keeps to the rules: take another flavor or zone, fewer servers in a zone, or "
            "cloud.settings.antiAffinity: soft"
        )
    if re.search(r"[Ii]mage|disk is too small|Build of instance .* aborted: (?:Volume|Image)", fault):
        return "see image and disk in the description; `haven-iac plan --online` checks them"
    if re.search(r"[Vv]olume|block device", fault):
        return "see the volume's type and zone in the description"
    return f"tell the cloud's operator; {AGAIN}"


def explain(settings: OpenStackSettings, token: str, text: str) -> Explained:
    """Return what a failure means; asks the cloud about a machine that ended in ERROR, or never got ready."""
    found = cause(token, text)
    if token != "openstack:compute/instance:Instance" or answer_in(text):
        return found
    server = re.search(_UUID, text)
    if not server:
        return found
    try:
        cloud: Any = connect(settings)
    except HavenError:
        return found
    try:
        machine = cloud.compute.find_server(server[0], details=True)
        fault = str(((machine.fault if machine else None) or {}).get("message") or "").rstrip(".")
        tail = console(cloud, server[0]) if machine else ""
    finally:
        cloud.close()
    if fault:
        return Explained(f"Nova could not start it: {fault}{tail}", fault_advice(fault))
    return Explained(f"{found.what}{tail}", found.fix)

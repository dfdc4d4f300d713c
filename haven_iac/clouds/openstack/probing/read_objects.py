"""What Swift or a Ceph Object Gateway has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from haven_iac.clouds.openstack.objects import OWNER, s3_url
from haven_iac.clouds.openstack.probing.reader import Reader, Unread


def containers(reader: Reader, names: Iterable[str]) -> dict[str, str]:
    """Return those containers that are there, each with the identity of the cluster that made it."""
    reader.head("object_store", "")
    found = {}
    for name in names:
        try:
            found[name] = reader.head("object_store", f"/{quote(name, safe='')}").get(OWNER, "")
        except Unread as error:
            if str(error) != "HTTP 404":
                raise
    return found


def s3(reader: Reader) -> str:
    """Return where S3 is, if there is any: Swift lists what it can do, and a Ceph Object Gateway always has it."""
    storage: Any = reader.connection.object_store
    url = str(storage.get_endpoint() or "")
    found = s3_url(url)
    if urlsplit(url).path.startswith("/swift"):
        return found
    try:
        return found if "s3api" in reader.get("object_store", f"{found}/info") else ""
    except Unread:
        return found

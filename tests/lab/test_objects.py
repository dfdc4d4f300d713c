"""Object storage with a real Swift: S3 with the cluster's own credential, and what is left when a cluster goes."""

from __future__ import annotations

import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from haven_iac.clouds.openstack.buckets import BucketProvider, end
from haven_iac.clouds.openstack.objects import OWNER
from haven_iac.clouds.openstack.s3_endpoint import S3EndpointProvider
from haven_iac.clouds.openstack.s3_key import S3KeyProvider

pytestmark = pytest.mark.lab

ME = "emmer-bcdfg"
SETTINGS = {"cloud": "haven-demo", "image": "haven-linux", "objectStorage": {"kind": "cloud"}}


def s3(key: Any, method: str, path: str, body: bytes = b"") -> int:
    """Ask S3 for something, signed as its clients do; return the status."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    url = (S3EndpointProvider().create({"identity": ME, "settings": SETTINGS}).outs or {})["url"]
    headers = {"host": urlsplit(url).netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    signed, scope = ";".join(headers), f"{stamp[:8]}/us-east-1/s3/aws4_request"
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    asked = hashlib.sha256("\n".join([method, path, "", lines, signed, digest]).encode()).hexdigest()
    secret = f"AWS4{key['secret']}".encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{asked}".encode(), hashlib.sha256).hexdigest()
    who = f"AWS4-HMAC-SHA256 Credential={key['access']}/{scope}, SignedHeaders={signed}, Signature={signature}"
    request = urllib.request.Request(
        url + path, data=body or None, method=method, headers={**headers, "Authorization": who}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def application_credential(cloud: Any) -> Iterator[Any]:
    made = cloud.identity.create_application_credential(cloud.current_user_id, name=f"{ME}-0", unrestricted=False)
    yield made
    cloud.identity.delete_application_credential(cloud.current_user_id, made, ignore_missing=True)


def wanted(name: str, *, ends: bool) -> dict[str, Any]:
    return {"name": name, "ends": ends, "identity": ME, "settings": SETTINGS}


def test_logs_go_and_backups_stay_and_the_credential_ends(
    cloud: Any, application_credential: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    buckets, keys = BucketProvider(), S3KeyProvider()
    given = {"emmer-logs": True, "emmer-backup": False, "emmer-empty": False}
    for name, ends in given.items():
        buckets.create(wanted(name, ends=ends))
    asked = {"identity": ME, "credential": application_credential.id, "settings": SETTINGS}
    lost, made = keys.create(asked), keys.create(asked)
    assert lost.id == made.id
    assert lost.outs
    assert made.outs
    for name in ("emmer-logs", "emmer-backup"):
        assert s3(made.outs, "PUT", f"/{name}/a/b", b"data") == 200
    assert s3(lost.outs, "GET", "/emmer-logs") == 403
    assert keys.read(str(made.id), dict(made.outs)).id == made.id
    end(cloud, ME, ["emmer-logs"])
    keys.delete(str(made.id), dict(made.outs))
    assert s3(made.outs, "GET", "/emmer-logs") == 403
    assert not keys.read(str(made.id), dict(made.outs)).id
    for name, ends in given.items():
        buckets.delete(name, wanted(name, ends=ends))
    left = {one.name for one in cloud.object_store.containers()}
    assert left & set(given) == {"emmer-backup"}
    assert cloud.object_store.head("/emmer-backup").headers[OWNER] == ME
    cloud.object_store.delete("/emmer-backup/a/b")
    buckets.delete("emmer-backup", wanted("emmer-backup", ends=False))
    assert cloud.object_store.head("/emmer-backup").status_code == 404

    assert "the container emmer-backup holds 1 objects and is kept" in capsys.readouterr().err


def test_it_may_nothing_once_the_application_credential_is_gone(cloud: Any, application_credential: Any) -> None:
    asked = {"identity": ME, "credential": application_credential.id, "settings": SETTINGS}
    made = S3KeyProvider().create(asked)
    assert made.outs
    assert s3(made.outs, "GET", "/") == 200
    cloud.identity.delete_application_credential(cloud.current_user_id, application_credential)
    assert s3(made.outs, "GET", "/") != 200
    S3KeyProvider().delete(str(made.id), dict(made.outs))

"""Secrets that a plan needs: that they are there, and have what is taken of them; said before anything is made."""

from __future__ import annotations

import pytest

from haven_iac import held
from haven_iac.plan.build import plan
from tests.unit.platform_lab import EVERYTHING, SECRETS, facts, spec

CLOUDS = "clouds: {openstack: {auth: {auth_url: https://id.example.nl, username: u, password: p}}}"
GOOD = {
    "object-storage-key": "access:secret",
    "dns-key": CLOUDS,
    **dict.fromkeys(SECRETS - {"object-storage-key", "dns-key"}, "hunter2"),
}


@pytest.fixture
def everything():
    return plan(spec(EVERYTHING), facts())


def test_each_secret_that_is_named_has_to_be_set(everything) -> None:
    found = held.missing(everything, SECRETS - {"eab-key", "hook"}, None)
    assert [one.path for one in found] == ["ingress.certificates.eab.secret", "monitoring.alerts.webhookSecret"]
    assert all("pulumi config set --secret haven:" in one.fix for one in found)


def test_secrets_with_all_that_is_taken_of_them_are_in_order(everything) -> None:
    assert held.strange(everything, GOOD.get, None) == []


@pytest.mark.parametrize(
    ("name", "path", "word"),
    [
        ("object-storage-key", "logs.objectStore.secret", "accessKeyId:secretAccessKey"),
        ("dns-key", "dns.secret", "clouds.yaml"),
    ],
)
def test_a_secret_without_the_part_that_is_taken_is_told_and_not_shown(everything, name, path, word) -> None:
    [found] = held.strange(everything, {**GOOD, name: "hunter2"}.get, None)
    assert (found.code, found.path) == ("HVN103", path)
    assert name in found.what
    assert word in found.what
    assert "hunter2" not in str(found)


def test_an_authority_is_in_pem() -> None:
    given = plan(spec(mirror={"charts": "oci://r.example.nl/c", "images": "r.example.nl", "caSecret": "ca"}), facts())
    [found] = held.strange(given, {"ca": "hunter2"}.get, None)
    assert found.path == "mirror.caSecret"
    assert "certificate in PEM" in found.what

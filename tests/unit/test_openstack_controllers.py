"""What the cloud's controllers are told, and what the cluster is promised."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import Any

import pytest

from haven_iac.clouds.openstack import CLOUD, settings_of
from haven_iac.clouds.openstack.controllers import Access, checksum, cloud_conf
from haven_iac.errors import CloudError
from haven_iac.plan.build import plan
from haven_iac.plan.changes import changes
from haven_iac.plan.snapshot import snapshot
from haven_iac.platform import late
from haven_iac.platform.common import merged
from haven_iac.spec.load import parse
from tests.unit.bootstrap_lab import PEM
from tests.unit.openstack_cases import DOCUMENT, uid

GOLDEN = Path(__file__).parents[1] / "golden" / "openstack"
ACCESS = Access("https://cloud.example.nl:5000/v3", "RegionOne", "4f1d", 'p"ss\\w;rd', uid(4), uid(1))


def written(**settings: Any) -> str:
    spec = parse(merged(DOCUMENT, {"cloud": {"settings": settings}}))
    return cloud_conf(ACCESS, settings_of(spec))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("amphora", {}),
        ("ovn", {"loadBalancer": {"provider": "ovn"}, "ignoreVolumeZone": True, "configDrive": True}),
        ("none", {"loadBalancer": {"enabled": False}}),
    ],
)
def test_cloud_conf_is_what_was_reviewed(name: str, settings: dict[str, Any]) -> None:
    text, file = written(**settings), GOLDEN / f"{name}.conf"
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


def test_every_key_is_written_as_the_controllers_spell_it() -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(written())
    assert not [key for section in parser.sections() for key in parser[section] if "_" in key]


def test_a_value_that_would_end_its_line_is_refused() -> None:
    broken = Access("https://cloud.example.nl", "Region\nOne", "1", "2", "3", "4")
    with pytest.raises(CloudError, match=r"region in cloud\.conf has a line break"):
        cloud_conf(broken, settings_of(parse(DOCUMENT)))


def test_another_secret_makes_another_checksum() -> None:
    other = Access(**{**vars(ACCESS), "credential_secret": "other"})
    assert checksum(written()) != checksum(cloud_conf(other, settings_of(parse(DOCUMENT))))
    assert ACCESS.credential_secret not in checksum(written())


def test_only_nodes_may_mount_shares() -> None:
    [shared] = [one for one in CLOUD.promise(parse(DOCUMENT)).storage.classes if one.name == "shared"]
    assert shared.parameters["nfs-shareClient"] == "10.20.0.0/20"
    assert shared.provisioner == "nfs.manila.csi.openstack.org"


def test_a_class_for_each_volume_type() -> None:
    wanted = {"block": {"type": "fast", "encryptedType": "luks"}}
    cloud = {"settings": {"volumeTypes": {"slow": "archive"}}}
    document = merged(DOCUMENT, {"storage": wanted, "cloud": cloud})
    found = {one.name: one for one in CLOUD.promise(parse(document)).storage.classes}
    assert {name: one.parameters.get("type") for name, one in found.items() if name != "shared"} == {
        "block": "fast",
        "block-encrypted": "luks",
        "slow": "archive",
    }
    assert [name for name, one in found.items() if one.default] == ["block"]
    assert found["block"].binding_mode == "WaitForFirstConsumer"


def test_the_cloud_controller_comes_before_everything_that_has_pods() -> None:
    spec = parse(DOCUMENT)
    made = plan(spec, CLOUD.promise(spec))
    first = next(release.slot for release in made.releases if release.workloads)
    assert first == "cloud-controller"
    for release in made.releases:
        assert release.slot == "cloud-controller" or not release.workloads or "cloud-controller" in release.needs


def test_every_controller_gets_the_identity_and_no_secret_in_its_values() -> None:
    spec = parse(DOCUMENT)
    made = plan(spec, CLOUD.promise(spec))
    for slot in ("cloud-controller", "block-driver", "shared-driver"):
        release = made.release(slot)
        assert release is not None
        assert late.IDENTITY in late.found(release.values)
        assert not late.found(release.values) - {late.IDENTITY, late.CLOUD_CONFIG_SUM}
        assert release.secrets[0].late


def test_manilas_driver_is_told_of_a_private_authority_and_never_of_an_empty_one() -> None:
    def keys(**settings: Any) -> set[str]:
        spec = parse(merged(DOCUMENT, {"cloud": {"settings": settings}}))
        release = plan(spec, CLOUD.promise(spec)).release("shared-driver")
        assert release is not None
        return {*release.secrets[0].late, *release.secrets[0].plain}

    assert keys(ca=PEM) - keys() == {"os-certAuthority"}


def test_late_values_are_put_in_their_places() -> None:
    value = {"a": [late.late("x"), "b"], "c": f"<{late.late('y')}>", "d": 1}
    assert late.found(value) == {"x", "y"}
    assert late.filled(value, {"x": "1", "y": "2"}) == {"a": ["1", "b"], "c": "<2>", "d": 1}
    with pytest.raises(KeyError):
        late.filled(value, {"x": "1"})


def test_a_change_of_a_setting_says_whom_it_disturbs() -> None:
    def seen(**settings: Any) -> dict[str, str]:
        before, after = (parse(merged(DOCUMENT, {"cloud": {"settings": one}})) for one in ({}, settings))
        old, new = (snapshot(plan(one, CLOUD.promise(one))) for one in (before, after))
        return {one.what: one.disruption.value for one in changes(old, new, CLOUD.disruptions) if one.kind == "cluster"}

    assert seen(image="ubuntu-26.04") == {"cloud.settings.image": "none"}
    assert seen(api={"exposure": "internal"}) == {"cloud.settings.api.exposure": "disruptive"}
    assert seen(etcdDisk={"size": "20Gi"}) == {"cloud.settings.etcdDisk.size": "none"}
    assert seen(controllers={"rotation": 1}) == {"cloud.settings.controllers.rotation": "rolling"}

"""Every installed cloud keeps to the contract, and a stranger's is found by its entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from haven_iac.clouds import registry
from haven_iac.clouds.local import CLOUD
from haven_iac.clouds.openstack import CLOUD as OPENSTACK
from haven_iac.errors import CloudError, CloudNotFoundError
from haven_iac.prepare import from_document
from haven_iac.spec.load import parse
from haven_iac.testing import contracts
from tests.unit import openstack_cases

DOCUMENT: dict[str, Any] = {
    "name": "test",
    "cloud": {"kind": "local"},
    "pools": {"general": {}},
    "ingress": {"domain": "test.nl"},
}


NOWHERE = """clouds:
  nowhere:
    auth: {auth_url: "http://127.0.0.1:1/v3", username: a, password: b, project_name: c}
    region_name: RegionOne
"""


class Stranger(type(CLOUD)):  # type: ignore[misc]
    kind = "stranger"


STRANGER = Stranger()
OLD = type("Old", (Stranger,), {"kind": "old", "api": 0})()


class TestLocal(contracts.CloudContract):
    cloud = CLOUD
    spec = parse(DOCUMENT)
    entry = "haven_iac.clouds.local:CLOUD"


class TestOpenStack(contracts.CloudContract):
    cloud = OPENSTACK
    spec = parse(openstack_cases.DOCUMENT)
    entry = "haven_iac.clouds.openstack:CLOUD"

    @pytest.fixture(autouse=True)
    def no_cloud(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Let the probe find a clouds.yaml that leads nowhere: that is what it has to say then."""
        file = tmp_path / "clouds.yaml"
        file.write_text(NOWHERE)
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
        monkeypatch.setenv("OS_CLOUD", "nowhere")


class TestStranger(contracts.CloudContract):
    cloud = STRANGER
    spec = parse({**DOCUMENT, "cloud": {"kind": "stranger"}})
    entry = "tests.contract.test_clouds:STRANGER"

    def test_promising_imports_nothing_heavy(self) -> None:
        """It is tested with the adapter that it inherits from."""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install adapters of somebody else's."""
    found = [
        EntryPoint(name, f"{__name__}:{value}", registry.GROUP)
        for name, value in (("stranger", "STRANGER"), ("old", "OLD"), ("broken", "DOCUMENT"))
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == registry.GROUP else [])


@pytest.mark.usefixtures("installed")
def test_a_strangers_cloud_is_found_and_planned_with() -> None:
    assert from_document({**DOCUMENT, "name": "stranger", "cloud": {"kind": "stranger"}}).facts.kind == "stranger"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("kind", "error"), [("old", CloudError), ("broken", CloudError), ("strangr", CloudNotFoundError)]
)
def test_what_is_no_adapter_of_this_version_is_refused(kind: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        registry.find(kind)

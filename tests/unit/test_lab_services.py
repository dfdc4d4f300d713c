"""Where a lab is, and what its services are configured with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from haven_iac.errors import LabError
from haven_iac.lab import extras
from haven_iac.lab.control import Lab
from haven_iac.lab.place import find
from haven_iac.lab.services import configuration, environment, schemas
from haven_iac.lab.services.settings import PORTS, Settings, ini

LAB = Settings(Path("/state"), Path("/venv"))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    monkeypatch.setenv("HAVEN_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HAVEN_LAB_STATE", raising=False)


@pytest.mark.parametrize("name", ["", "Lab", "-x", "a" * 21, "../x", "a b"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot be the name"):
        find(name)


def test_a_folder_too_deep_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAVEN_LAB_STATE", "/" + "x" * 60)
    with pytest.raises(LabError, match="too many for the sockets"):
        find("lab")


def test_a_lab_keeps_the_services_that_it_was_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haven_iac.lab.place._LONGEST", 1000)
    monkeypatch.setenv("HAVEN_LAB_STATE", str(tmp_path))
    lab = Lab(find("one"))
    assert not lab.exists
    lab.place.state.mkdir()
    lab.place.settings_file.write_text('{"services": ["keystone"]}')
    assert (lab.exists, lab.settings.services) == (True, ("keystone",))


def test_a_lab_runs_for_real_what_it_was_asked_to_until_it_is_asked_for_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haven_iac.lab.place._LONGEST", 1000)
    monkeypatch.setenv("HAVEN_LAB_STATE", str(tmp_path))
    lab = Lab(find("one"))
    assert lab.tools() == ("local", "lab")
    assert lab.tools(["backup"]) == ("local", "lab", "lab-backup")
    lab.place.state.mkdir()
    lab.place.settings_file.write_text('{"services": ["keystone"]}')
    assert extras.remember(lab.place.settings_file, ["backup"])
    assert not extras.remember(lab.place.settings_file, ["backup"])
    assert (lab.extras, lab.tools(), lab.settings.services) == (("backup",), lab.tools(["backup"]), ("keystone",))
    with pytest.raises(LabError, match="no wine to run for real"):
        lab.tools(["wine"])


def test_asking_for_a_lab_that_is_not_there_says_how_to_get_one() -> None:
    lab = Lab(find("none"))
    for ask in (lab.status, lambda: lab.namespace.command(["true"]), lambda: lab.namespace.inside(lab.status)):
        with pytest.raises(LabError) as error:
            ask()  # type: ignore[operator]
        assert error.value.fix == "`haven-iac lab up` starts one"


def test_everything_listens_on_loopback_and_on_ports_of_its_own() -> None:
    assert len(set(PORTS.values())) == len(PORTS)
    for name, sections in configuration.files(LAB).items():
        for option, value in sections.get("DEFAULT", {}).items():
            if option.endswith("listen") or option == "bind_host":
                assert value == "127.0.0.1", name


def test_every_service_has_tables_and_only_those_that_are_there() -> None:
    assert set(schemas.commands(LAB)) == set(PORTS)
    assert set(schemas.commands(Settings(LAB.state, LAB.venv, ("keystone", "nova")))) == {"keystone", "nova"}


def test_load_balancers_are_amphorae_unless_ovn_is_asked_for() -> None:
    section = configuration.files(LAB)["octavia.conf"]["api_settings"]
    providers = [entry.partition(":")[0] for entry in str(section["enabled_provider_drivers"]).split(",")]
    assert (providers, section["default_provider_driver"]) == (["amphora", "ovn"], "amphora")


def test_s3_asks_keystone_as_a_service_and_before_anybody_judges() -> None:
    found = configuration.files(LAB)["swift-proxy.conf"]
    order = str(found["pipeline:main"]["pipeline"]).split()
    assert [one for one in order if one in ("authtoken", "s3api", "s3token", "keystoneauth")] == [
        "authtoken",
        "s3api",
        "s3token",
        "keystoneauth",
    ]
    assert found["filter:s3token"]["username"] == "svc"
    assert {f"filter:{one}" for one in order[:-1]} <= set(found)


def test_shares_have_a_backend_in_each_zone() -> None:
    found = configuration.files(LAB)["manila.conf"]
    backends = str(found["DEFAULT"]["enabled_share_backends"]).split(",")
    assert [found[name]["backend_availability_zone"] for name in backends] == ["az1", "az2", "az3"]


def test_configuration_files_say_true_as_oslo_reads_it() -> None:
    assert ini({"a": {"b": True, "c": 1, "d": ["x", "y"]}}) == "[a]\nb = true\nc = 1\nd = x\nd = y\n\n"


def test_users_find_an_administrator_and_an_ordinary_user() -> None:
    clouds = yaml.safe_load(configuration.clouds())["clouds"]
    assert {name: entry["auth"]["username"] for name, entry in clouds.items()} == {
        "lab-admin": "admin",
        "haven-demo": "haven",
    }


def test_a_service_gets_nothing_of_the_users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_PASSWORD", "HTTPS_PROXY", "PYTHONPATH", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")
    assert "mine" not in environment.environment(LAB).values()

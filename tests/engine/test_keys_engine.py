"""Keys through the real engine: made once, renewed in time, never in clear."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pulumi
import pytest
from pulumi import automation as auto

from haven_iac.keys.authority import expires
from haven_iac.keys.provider import AdminCredential, ClusterKeys
from tests.engine.keys_lab import Stack, changes

pytestmark = pytest.mark.engine


def program(cluster: str, days: int) -> None:
    keys = ClusterKeys("keys", cluster)
    admin = AdminCredential("admin", keys.material["client-ca.crt"], keys.material["client-ca.key"], days)
    pulumi.export("identity", keys.identity)
    pulumi.export("material", keys.material)
    pulumi.export("ca_cert", keys.ca_cert)
    pulumi.export("admin_cert", admin.cert)
    pulumi.export("admin_key", admin.key)


class Lab(Stack):
    """The same, with what may be changed between runs."""

    def __init__(self, folder: Path) -> None:
        self.cluster, self.days = "demo", 365
        super().__init__(folder, lambda: program(self.cluster, self.days))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    made = Lab(tmp_path / "stack")
    # The Automation API runs the engine that is first on PATH of this process.
    for name in ("PATH", "PULUMI_PYTHON_CMD"):
        monkeypatch.setenv(name, made.env[name])
    yield made
    made.at().destroy()


def test_keys_are_made_once_and_renewed_in_time(lab: Lab) -> None:
    first = lab.up()
    assert changes(first) == {"create": 3}  # the stack, keys and credential

    again = lab.up()
    assert changes(again) == {"same": 3}
    lab.at().refresh()
    assert changes(lab.up()) == {"same": 3}
    assert {k: o.value for k, o in again.outputs.items()} == {k: o.value for k, o in first.outputs.items()}

    end = expires(first.outputs["admin_cert"].value)
    outside, inside = end - timedelta(days=90, hours=1), end - timedelta(days=89, hours=23)
    assert changes(lab.at(outside).preview()) == {"same": 3}
    assert changes(lab.at(inside).preview()) == {"same": 2, "update": 1}

    renewed = lab.up(inside)
    assert changes(renewed) == {"same": 2, "update": 1}
    assert changes(lab.up(inside)) == {"same": 3}
    differing = {k for k, o in renewed.outputs.items() if o.value != first.outputs[k].value}
    assert differing == {"admin_cert", "admin_key"}
    assert expires(renewed.outputs["admin_cert"].value) == inside + timedelta(days=365)


def test_no_secret_is_written_in_clear(lab: Lab) -> None:
    result = lab.up()
    lab.up(datetime.now(UTC) + timedelta(days=300))  # a renewal, so that there is history and a backup
    material = result.outputs["material"].value
    hidden = [material["server.token"], material["agent.token"], material["encryption.key"]]
    written = [path for path in lab.folder.rglob("*") if path.is_file()]
    assert {"stacks", "history", "backups"} <= {part for path in written for part in path.parts}
    for path in written:
        text = path.read_text(errors="replace")
        assert "PRIVATE KEY" not in text, path
        assert not [secret for secret in hidden if secret in text], path
    assert "PRIVATE KEY" not in result.stdout + result.stderr
    assert re.search(r"material\s*: \[secret\]", result.stdout)
    secret = {name for name, output in result.outputs.items() if output.secret}
    assert secret >= {"material", "admin_key"}


def test_only_another_cluster_name_makes_other_keys(lab: Lab) -> None:
    first = lab.up()
    lab.days = 30
    shorter = lab.up()
    assert changes(shorter) == {"same": 2, "update": 1}
    assert shorter.outputs["identity"].value == first.outputs["identity"].value
    lab.cluster = "other"
    replaced = lab.up()
    assert changes(replaced).get("replace") == 1
    assert re.fullmatch(r"other-[a-z0-9]{5}", replaced.outputs["identity"].value)
    assert replaced.outputs["ca_cert"].value != first.outputs["ca_cert"].value


def test_a_validity_no_certificate_can_have_is_refused_in_preview(lab: Lab) -> None:
    lab.days = 0
    with pytest.raises(auto.CommandError, match="validity_days"):
        lab.at().preview()

"""`haven-iac kubeconfig`, apart from the engine that gives it the stack's outputs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from haven_iac.cli.app import app
from haven_iac.cli.kubeconfig import check_name, hand_over, lifetime_of, mint_from, somebody
from haven_iac.errors import DeployError
from haven_iac.keys.authority import authority
from haven_iac.keys.kubeconfig import problem_with_name

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ISSUER = authority("client CA", NOW)
OUTPUTS: dict[str, Any] = {
    "cluster": "proef",
    "server": "https://127.0.0.1:6443",
    "signing": {"clientCaCert": ISSUER.cert, "clientCaKey": ISSUER.key, "caCert": "CA"},
}


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m", 60), ("60s", 60), ("90m", 5400), ("1h", 3600), ("24h", 86400), ("1d", 86400)]
)
def test_a_lifetime_is_read(text: str, seconds: int) -> None:
    assert lifetime_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "59s", "25h", "2d", "-1h", "1.5h", "1h30m", "٣h", "999999d"])
def test_any_other_lifetime_is_refused_before_anything_is_read(text: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"24h"):
        lifetime_of(text)
    done = CliRunner().invoke(app, ["kubeconfig", f"--ttl={text}"], env={"HAVEN_PROJECT": str(tmp_path)})
    assert done.exit_code == 2
    assert "--ttl" in done.output


@pytest.mark.parametrize("options", [["--user", "x" * 65], ["--user", "system:admin"], ["--group", "a\nb"]])
def test_a_name_that_cannot_be_is_refused(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["kubeconfig", *options])
    assert done.exit_code == 2
    assert options[0] in done.output
    assert "cannot be used" in done.output


def test_who_runs_this_fits_a_certificate() -> None:
    assert problem_with_name(somebody()) == ""
    assert "@" in somebody()
    check_name("--group", "system:masters")


@pytest.mark.parametrize("missing", ["signing", "server"])
def test_a_stack_without_keys_says_what_to_do(missing: str) -> None:
    outputs = {name: value for name, value in OUTPUTS.items() if name != missing}
    with pytest.raises(DeployError) as found:
        mint_from(outputs, "proef", "jan", ("g",), timedelta(hours=1), NOW)
    assert "haven-iac up -s proef" in found.value.fix


def handed(capsys: pytest.CaptureFixture[str], output: Path | None = None, **how: bool) -> tuple[str, str]:
    made = mint_from(OUTPUTS, "proef", "jan@werkplek", ("system:masters",), timedelta(hours=1), NOW)
    hand_over(made, output, **{"merge": False, "as_json": False, **how})
    return capsys.readouterr()


def test_it_is_printed_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = handed(capsys)
    assert yaml.safe_load(out)["current-context"] == "proef"
    assert err == "for jan@werkplek in system:masters, until 2026-12-01 13:00:00 UTC\n"


def test_a_file_is_named_and_its_content_not_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, err = handed(capsys, tmp_path / "config")
    assert out == ""
    assert f"written to {tmp_path / 'config'}, context proef" in err
    out, err = handed(capsys, tmp_path / "config", merge=True, as_json=True)
    found = json.loads(out)
    assert list(found) == ["context", "user", "groups", "expires", "file"]
    assert found["expires"] == "2026-12-01T13:00:00+00:00"
    assert not re.search(r"key-data|PRIVATE", out + err)


def test_json_holds_the_kubeconfig_when_there_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(handed(capsys, as_json=True)[0])
    assert yaml.safe_load(found["kubeconfig"])["kind"] == "Config"


def test_merging_goes_where_kubectl_looks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "mine"))
    handed(capsys, merge=True)
    assert (tmp_path / "mine").is_file()


def test_a_file_that_cannot_be_written_is_left_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("precious")
    for how in ({"merge": True}, {}):
        with pytest.raises(DeployError, match="left as it is"):
            handed(capsys, tmp_path / "notes", **how)
    assert (tmp_path / "notes").read_text() == "precious"
    with pytest.raises(DeployError, match="left as it is"):
        handed(capsys, tmp_path / "notes" / "below")

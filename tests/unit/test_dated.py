"""Data that ages: what came with the package, what a user has refreshed, and what is refused."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from haven_iac import dated
from haven_iac.cli.app import app
from haven_iac.compliance import catalogue
from haven_iac.compliance.predict import predict
from haven_iac.dated import fetch
from haven_iac.dated.forms import OURS, check
from haven_iac.errors import DataError
from haven_iac.versions import minors
from tests.mutations import FAIL, PASS, plan

TODAY = date(2026, 12, 1)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HAVEN_DATA", str(tmp_path / "own"))
    dated.forget()
    yield tmp_path / "own"
    monkeypatch.undo()
    dated.forget()


def given(tmp_path: Path, **topics: Any) -> str:
    file = tmp_path / "data.yaml"
    file.write_text(yaml.safe_dump({"topics": topics}))
    return str(file)


def kubernetes(**changes: Any) -> dict[str, Any]:
    content = {"asOf": "2026-11-30", "source": "a test", "newest": "1.38", "released": {"1.38": "2026-11-29"}}
    return {**content, **changes}


@pytest.mark.parametrize("name", dated.TOPICS)
def test_what_came_with_the_package_is_dated_and_in_order(name: str) -> None:
    topic = dated.packaged(name)
    content = {key: value for key, value in topic.content.items() if key not in OURS}
    assert check(name, content, date.today()) == []
    assert topic.source
    assert not topic.own


def test_what_is_shown_can_be_taken_over_again(own: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(fetch.document(dated.TOPICS))
    before = {topic.name: topic.content for topic in dated.everything()}
    done = fetch.update(str(file), TODAY)
    assert [one.topic for one in done] == list(dated.TOPICS)
    assert all(topic.own for topic in dated.everything())
    assert {topic.name: topic.content for topic in dated.everything()} == before
    assert sorted(path.name for path in own.iterdir()) == sorted(f"{name}.yaml" for name in dated.TOPICS)


def test_a_newer_kubernetes_moves_the_window_and_the_verdict(own: Path, tmp_path: Path) -> None:
    old = plan(kubernetes={"version": "1.34"})
    assert predict(old, TODAY).result("kubernetesversion").status is PASS
    fetch.update(given(tmp_path, kubernetes=kubernetes()), TODAY)
    assert minors().newest == "1.38"
    assert minors().supported == ("1.34", "1.35", "1.36")  # what we build is ours to say
    found = predict(old, TODAY)
    assert found.result("kubernetesversion").status is FAIL
    assert dict(found.data)["kubernetes"] == date(2026, 11, 30)
    assert [path.name for path in fetch.reset(["kubernetes", "hardening"])] == ["kubernetes.yaml"]
    assert minors().newest == "1.37"


def test_the_change_for_a_version_outside_the_window_is_the_nearest_one_inside(own: Path, tmp_path: Path) -> None:
    from haven_iac.compliance.suggest import suggested
    from haven_iac.prepare import replan

    fetch.update(given(tmp_path, kubernetes=kubernetes()), TODAY)
    old = plan(kubernetes={"version": "1.34"})
    [edit] = suggested(predict(old, TODAY), old, replan).result("kubernetesversion").edits
    assert (edit.path, edit.value) == (("kubernetes", "version"), "1.35")


def test_a_package_that_is_newer_goes_before_what_a_user_has(own: Path) -> None:
    own.mkdir()
    old = {"asOf": "2020-01-01", "source": "long ago", "hardened": {"Own": "AppArmor"}, "notHardened": []}
    (own / "hardening.yaml").write_text(yaml.safe_dump(old))
    assert not dated.topic("hardening").own
    assert catalogue.inputs().hardening("Own 1") is None


def test_a_file_of_the_users_own_that_was_broken_by_hand_is_named(own: Path) -> None:
    own.mkdir()
    (own / "hardening.yaml").write_text("asOf: yesterday\n")
    with pytest.raises(DataError, match=r"hardening\.yaml .*asOf is no date.*remove it"):
        predict(plan(), TODAY)
    (own / "hardening.yaml").write_bytes(b"\x00\xff")
    dated.forget()
    with pytest.raises(DataError, match="is no YAML"):
        catalogue.inputs()


def test_a_marker_of_the_kubernetes_project_is_understood(own: Path, tmp_path: Path) -> None:
    (tmp_path / "stable.txt").write_text("v1.38.2\n")
    [done] = fetch.update(str(tmp_path / "stable.txt"), TODAY)
    assert (done.topic, done.after) == ("kubernetes", TODAY)
    assert minors().newest == "1.38"
    assert minors().released["1.38"] == TODAY
    assert minors().released["1.37"] == date(2026, 8, 26)


def test_a_newest_minor_that_cannot_be_is_refused(own: Path, tmp_path: Path) -> None:
    (tmp_path / "stable.txt").write_text("v1.99.0\n")
    with pytest.raises(DataError, match=r"newest 1\.99 can not be there yet: on 2026-11-24 it was 1\.37"):
        fetch.update(str(tmp_path / "stable.txt"), TODAY)
    (tmp_path / "stable.txt").write_text("v1.43.0\n")
    assert fetch.update(str(tmp_path / "stable.txt"), TODAY + timedelta(days=2 * 365))


def test_the_checkers_own_list_of_releases_is_understood(own: Path, tmp_path: Path) -> None:
    """By the documented parts of its shape: entries with date, version and hashes."""
    releases = {
        "releases": [
            {"date": "2026-10-01T08:00:00Z", "version": "v13.0.0", "hashes": {"linux-amd64": "0" * 64}},
            {"date": "2026-04-01", "version": "12.8.0", "hashes": {}},
        ]
    }
    (tmp_path / "releases.json").write_text(json.dumps(releases))
    [done] = fetch.update(str(tmp_path / "releases.json"), TODAY)
    assert done.topic == "checkers"
    assert dated.topic("checkers").content["releases"] == {"13.0.0": "2026-10-01", "12.8.0": "2026-04-01"}


FORM = {"asOf": "2026-11-30", "source": "a test"}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("a topic nobody knows", {"weather": FORM}, "topics that are not known: weather"),
    ("nothing in it", {}, "holds no `topics:`"),
    ("not a map", {"kubernetes": [1]}, "it is no map"),
    ("no date", {"kubernetes": {**kubernetes(), "asOf": "soon"}}, "asOf is no date"),
    ("a date to come", {"kubernetes": kubernetes(asOf="2027-01-01")}, "has not come yet"),
    ("older than ours", {"kubernetes": kubernetes(asOf="2026-01-01")}, "what is used now is of"),
    ("no source", {"kubernetes": {**kubernetes(), "source": " "}}, "source is no text"),
    ("a source of two lines", {"kubernetes": kubernetes(source="a\nb")}, "source is no text"),
    ("a key nobody knows", {"kubernetes": kubernetes(extra=1)}, "the key extra is not known"),
    ("a key that is missing", {"hardening": {**FORM, "hardened": {}}}, "notHardened is missing"),
    ("what we build", {"kubernetes": kubernetes(supported=["1.38"])}, "which data cannot change"),
    ("not in released", {"kubernetes": kubernetes(newest="1.39")}, "newest 1.39 is not in released"),
    (
        "not the newest",
        {"kubernetes": kubernetes(newest="1.37", released={"1.37": "2026-08-26", "1.38": "2026-11-01"})},
        "after newest",
    ),
    (
        "a step back",
        {"kubernetes": kubernetes(newest="1.30", released={"1.30": "2024-04-17"})},
        "older than what haven-iac came with",
    ),
    ("no minor", {"kubernetes": kubernetes(newest="v2")}, "newest is no minor version"),
    ("a silly window", {"kubernetes": kubernetes(behind=99)}, "behind is not 0 to 9"),
    ("true is no number", {"kubernetes": kubernetes(behind=True)}, "behind is not a whole number"),
    ("both ways", {"provisioners": {**FORM, "readWriteMany": ["a"], "readWriteOnce": ["a"]}}, "a can and cannot"),
    (
        "no word",
        {"provisioners": {**FORM, "readWriteMany": ["a b"], "readWriteOnce": []}},
        "readWriteMany\\[0\\] is no word",
    ),
    ("half of the parts", {"workloads": {**FORM, "parts": {"metrics": {"names": [], "not": []}}}}, "parts is not"),
    ("no releases", {"checkers": {**FORM, "releases": {}}}, "releases is empty"),
    (
        "no truth",
        {"platforms": {**FORM, "managed": {"eks": {"known": "yes", "why": "x"}}}},
        "known is not true or false",
    ),
]


@pytest.mark.parametrize(("topics", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_data_is_refused_whole(topics: dict[str, Any], said: str, own: Path, tmp_path: Path) -> None:
    good = {**FORM, "hardened": {"Own": "AppArmor"}, "notHardened": []}
    both = {**({"hardening": good} if topics and "hardening" not in topics else {}), **topics}
    with pytest.raises(DataError, match=said) as found:
        fetch.update(given(tmp_path, **both), TODAY)
    assert all(problem.fix for problem in found.value.problems)
    assert not own.exists()


def test_files_that_hold_no_data_are_refused(own: Path, tmp_path: Path) -> None:
    for content in (b"", b"\x00", b"[1, 2]", b"{", b"a: &a [*a]", b"topics: !!python/object:os.system x", b"hello"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(DataError):
            fetch.update(str(tmp_path / "x"), TODAY)
    (tmp_path / "x").write_bytes(b"#" * (fetch.MOST + 1))
    with pytest.raises(DataError, match="more than 2 MiB"):
        fetch.update(str(tmp_path / "x"), TODAY)
    with pytest.raises(DataError, match="cannot be read"):
        fetch.update(str(tmp_path / "nowhere"), TODAY)


class _Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = {
            "/data": (200, {}, yaml.safe_dump({"topics": {"kubernetes": kubernetes()}}).encode()),
            "/there": (302, {"Location": "/data"}, b""),
            "/away": (302, {"Location": "http://example.test/data"}, b""),
            "/disk": (302, {"Location": "file:///etc/hostname"}, b""),
            "/slow": (200, {}, b"#"),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/slow":
            with contextlib.suppress(OSError):
                for _ in range(100):
                    time.sleep(0.05)
                    self.wfile.write(b"#")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_data_is_fetched_from_an_address(own: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch.update(f"{web}/there", TODAY)[0].topic == "kubernetes"
    for path, said in {"/away": "is not https", "/disk": "answers 302", "/nothing": "answers 404"}.items():
        with pytest.raises(DataError, match=said):
            fetch.update(web + path, TODAY)
    for address, said in {
        "http://example.test/data": "is not https",
        "ftp://example.test/data": "is not https",
        "file:///etc/hostname": "is not https",
        "https://name:word@example.test/": "with a name or password",
        "https://127.0.0.1:9/": "cannot be reached",
    }.items():
        with pytest.raises(DataError, match=said) as found:
            fetch.update(address, TODAY)
        assert "word@" not in str(found.value)


def test_an_address_that_answers_by_drops_is_given_up(own: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "TIMEOUT", 0.3)
    with pytest.raises(DataError, match="to answer"):
        fetch.update(f"{web}/slow", TODAY)


def test_the_command_shows_updates_and_resets(own: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    assert "came with haven-iac" in runner.invoke(app, ["data", "show"]).output
    file = given(tmp_path, kubernetes=kubernetes(asOf=date.today().isoformat()))
    done = runner.invoke(app, ["data", "update", file])
    assert done.exit_code == 0, done.output
    assert "kubernetes: from" in done.output
    shown = json.loads(runner.invoke(app, ["data", "show", "kubernetes", "--json"]).output)
    assert shown["topics"][0]["own"]
    assert "newest: '1.38'" in runner.invoke(app, ["data", "show", "kubernetes", "--yaml"]).output
    assert "removed" in runner.invoke(app, ["data", "reset"]).output
    assert "nothing of your own" in runner.invoke(app, ["data", "reset"]).output
    with pytest.raises(DataError, match="did you mean kubernetes"):
        runner.invoke(app, ["data", "show", "kubernets"], catch_exceptions=False)


def test_a_folder_that_cannot_be_written_is_said(own: Path, tmp_path: Path) -> None:
    own.write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        fetch.update(given(tmp_path, kubernetes=kubernetes()), TODAY)

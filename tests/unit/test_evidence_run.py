"""A checker that the user supplies is run with care, and what it says is kept.  The checkers here are stand-ins."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest

from haven_iac.compliance.evidence import store
from haven_iac.compliance.evidence.model import Binary, Source
from haven_iac.compliance.evidence.releases import listed
from haven_iac.compliance.evidence.runner import run
from haven_iac.errors import EvidenceError
from tests.checker_fixtures import ENDED, NOW, raw

KUBECONFIG = "kind: Config\n"


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def checker(tmp_path: Path, script: str, **files: bytes) -> Path:
    """Return a stand-in for the checker: a script, and what it may print."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    file = tmp_path / "haven-v12.8.0"
    file.write_text(f"#!/bin/sh\n{script.replace('@', f'{tmp_path}/')}\n")
    return file


def test_a_checker_gets_a_credential_of_its_own_and_nothing_else(
    tmp_path: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_PASSWORD", "geheim")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "geheim")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    script = (
        "printenv > @env; stat -c %a $KUBECONFIG > @mode; cp $KUBECONFIG @seen; echo $* > @args; pwd > @where; cat @out"
    )
    file = checker(tmp_path, script, out=raw())
    ran = run(file, KUBECONFIG, seconds=20)
    assert ran.output == raw()
    assert ran.binary == Binary("haven-v12.8.0", hashlib.sha256(file.read_bytes()).hexdigest(), "")
    assert (tmp_path / "args").read_text() == "check --output=json\n"
    assert (tmp_path / "mode").read_text() == "600\n"
    assert (tmp_path / "seen").read_text() == KUBECONFIG
    environment = (tmp_path / "env").read_text()
    assert "geheim" not in environment
    assert "HTTPS_PROXY=http://proxy.test:3128" in environment
    assert f"HOME={(tmp_path / 'where').read_text().strip()}" in environment
    assert list(private.iterdir()) == []


def test_what_is_run_is_the_copy_that_was_hashed(tmp_path: Path) -> None:
    file = checker(tmp_path, "echo $0 > @ran; cat @out", out=raw())
    file.chmod(0o644)
    run(file, KUBECONFIG, seconds=20)
    assert not (tmp_path / "ran").read_text().startswith(str(tmp_path / "haven"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_lines_around_the_result_are_left_out(tmp_path: Path) -> None:
    noise = b"I0101 starting {braces}\n" + raw() + b"\nDone.\n"
    file = checker(tmp_path, "echo a banner >&2; cat @out; exit 1", out=noise)
    assert run(file, KUBECONFIG, seconds=20).output == raw()


def test_a_checker_that_does_not_end_is_stopped_with_all_it_started(tmp_path: Path, private: Path) -> None:
    file = checker(tmp_path, "sleep 300 & echo $! > @pid; trap '' TERM; echo $$ > @own; while :; do sleep 1; done")
    began = time.monotonic()
    with pytest.raises(EvidenceError, match=r"had not ended after 1 seconds, and was stopped.*--checker-timeout"):
        run(file, KUBECONFIG, seconds=1)
    assert time.monotonic() - began < 15
    for name in ("pid", "own"):
        status = Path(f"/proc/{(tmp_path / name).read_text().strip()}/stat")
        assert not status.exists() or " Z " in status.read_text()
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_stop_ends_its_checker_and_leaves_no_credential(
    tmp_path: Path, private: Path, number: signal.Signals
) -> None:
    file = checker(tmp_path, f"echo $$ > @own; kill -{number.value} {os.getpid()}; sleep 300")
    before = signal.signal(number, signal.SIG_DFL)  # below nohup it is ignored, and then it is not heeded
    try:
        with pytest.raises(KeyboardInterrupt):
            run(file, KUBECONFIG, seconds=20)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    status = Path(f"/proc/{(tmp_path / 'own').read_text().strip()}/stat")
    assert not status.exists() or " Z " in status.read_text()
    assert list(private.iterdir()) == []


def test_a_checker_that_says_too_much_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"printed more than \d+ bytes"):
        run(checker(tmp_path, "yes haven"), KUBECONFIG, seconds=20)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo cannot reach gitlab.com >&2; exit 3",
            "ended with status 3 and printed no result; it said: cannot reach",
        ),
        ("echo only words", "it said: only words"),
        ("exit 0", "status 0 and printed no result; it said: nothing"),
        ("printf 'x\\033[31my' >&2; exit 1", "it said: x[31my"),
    ],
)
def test_a_checker_that_prints_no_result_is_quoted(script: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as found:
        run(checker(tmp_path, script), KUBECONFIG, seconds=20)
    assert said in found.value.what


def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 100)
    with pytest.raises(EvidenceError, match=r"cannot be run: Exec format error.*for this machine"):
        run(tmp_path / "other", KUBECONFIG, seconds=5)
    with pytest.raises(EvidenceError, match="cannot be read: No such file"):
        run(tmp_path / "nowhere", KUBECONFIG, seconds=5)
    for strange in (tmp_path, Path("/dev/zero")):
        with pytest.raises(EvidenceError, match="is no ordinary file"):
            run(strange, KUBECONFIG, seconds=5)


def test_the_hash_is_looked_up_in_the_list_of_releases(tmp_path: Path) -> None:
    file = checker(tmp_path, "touch @was-run; cat @out", out=raw())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for number, document in enumerate(
        (
            {"releases": [{"version": "12.8.0", "date": "2026-04-01", "hashes": {"linux-amd64": digest}}]},
            [{"Version": "12.8.0", "Hashes": {"linux": {"amd64": digest.upper()}}}],
            {"releases": [{"version": "12.8.0", "linux-amd64": {"sha256": digest}}]},
        )
    ):
        releases = tmp_path / f"releases-{number}.json"
        releases.write_text(json.dumps(document))
        ran = run(file, KUBECONFIG, seconds=20, releases=releases)
        assert ran.binary.listed.replace(" ", "-") == "12.8.0-linux-amd64"
    (tmp_path / "was-run").unlink()
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"releases": [{"version": "12.8.0", "hashes": {"linux-amd64": "0" * 64}}]}))
    with pytest.raises(EvidenceError, match=r"which is not in .*it was not run"):
        run(file, KUBECONFIG, seconds=20, releases=other)
    assert not (tmp_path / "was-run").exists()
    for text, said in {"{}": "no list of releases", "<html>": r"is no JSON.*give docs/public/releases\.json"}.items():
        other.write_text(text)
        with pytest.raises(EvidenceError, match=said):
            listed(other, digest)


def test_a_result_is_kept_once_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "evidence" / "local"
    older = ENDED - timedelta(days=3)
    binary = Binary("haven", "0" * 64, "12.8.0 linux-amd64")
    for source, output in ((Source.RUN, raw()), (Source.FILE, raw(ended=older)), (Source.FILE, raw())):
        taken = store.take(
            output,
            name="x",
            source=source,
            now=NOW,
            cluster="uid-1",
            spec="abc",
            binary=binary if source is Source.RUN else None,
        )
        store.save(folder, taken, output)
    names = sorted(path.name for path in folder.iterdir())
    assert [name[:16] for name in names] == ["20261127T091508Z", "20261130T091508Z"]
    good, bad = store.read(folder, NOW)
    assert bad == []
    assert [(one.source, one.binary, one.cluster, one.spec) for one in good] == [
        (Source.RUN, binary, "uid-1", "abc"),
        (Source.FILE, None, "uid-1", "abc"),
    ]
    assert good[0].sha256 == hashlib.sha256(raw()).hexdigest()
    assert stat.S_IMODE((folder / names[0]).stat().st_mode) == 0o644


def test_a_kept_result_that_was_changed_is_seen(tmp_path: Path) -> None:
    taken = store.take(raw(), name="x", source=Source.FILE, now=NOW)
    file = store.save(tmp_path, taken, raw())
    whole = json.loads(file.read_text())
    forged = raw(answers={"multiaz": "NO"}).decode()
    for number, (change, said) in enumerate(
        [
            ({"output": forged}, "was changed after it was kept: its hash"),
            ({"output": None}, "was changed after it was kept: its hash"),
            ({"taken": "2020-01-01T00:00:00+00:00"}, "was changed after it was kept: its hash"),
            ({"source": "heaven"}, "parts of it are missing"),
            ({"binary": {"x": 1}}, "parts of it are missing"),
            ({"schema": 2}, "another version of haven-iac"),
            ({"kind": "x"}, "is not kept by haven-iac"),
        ]
    ):
        forgery = {**whole, **change}
        if "parts" in said:
            forgery["seal"] = store._seal(forgery)
        (tmp_path / f"{number}.json").write_text(json.dumps(forgery))
        good, [error] = store.read(tmp_path, NOW)
        assert said in error.what
        assert len(good) == 1
        (tmp_path / f"{number}.json").unlink()
    assert store.read(tmp_path / "nowhere", NOW) == ([], [])


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    taken = store.take(raw(), name="x", source=Source.FILE, now=NOW)
    with pytest.raises(EvidenceError, match="cannot be written"):
        store.save(tmp_path / "file", taken, raw())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be anybody else")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read"):
        store.given(tmp_path / "nowhere.json")

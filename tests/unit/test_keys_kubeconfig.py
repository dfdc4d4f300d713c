"""Kubeconfigs: how long they live, who they name, and how they join others in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from haven_iac.keys import files
from haven_iac.keys.authority import Pair, authority, certificate, expires
from haven_iac.keys.kubeconfig import Minted, contexts, merge, mint, problem_with_name, render
from haven_iac.keys.material import AUTHORITIES, Material, make

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ISSUER = authority("proef client CA", NOW)


def minted(
    ttl: timedelta = timedelta(hours=1), user: str = "jan", groups: tuple[str, ...] = ("g",), **more: str
) -> Minted:
    given = {"server": "https://127.0.0.1:6443", "ca": "CA", "cluster": "proef", **more}
    return mint(**given, issuer_cert=ISSUER.cert, issuer_key=ISSUER.key, user=user, groups=groups, now=NOW, ttl=ttl)


@pytest.mark.parametrize(
    "ttl", [timedelta(0), timedelta(seconds=-1), timedelta(hours=24, seconds=1), timedelta(days=9)]
)
def test_a_credential_never_lives_longer_than_a_day(ttl: timedelta) -> None:
    with pytest.raises(ValueError, match="24h"):
        minted(ttl)


@given(st.integers(1, 24 * 3600))
def test_a_credential_ends_when_it_says(seconds: int) -> None:
    assert minted(timedelta(seconds=seconds)).expires == NOW + timedelta(seconds=seconds)


def test_a_credential_ends_with_its_authority_at_the_latest() -> None:
    ending = authority("old", NOW - timedelta(days=3650) + timedelta(minutes=5))
    pair = certificate(ending, "jan", NOW, timedelta(hours=9), client=True)
    assert expires(pair.cert) == expires(ending.cert) < NOW + timedelta(hours=9)


def leaf(text: str) -> x509.Certificate:
    import base64

    return x509.load_pem_x509_certificate(
        base64.b64decode(yaml.safe_load(text)["users"][0]["user"]["client-certificate-data"])
    )


def test_user_and_groups_stand_in_the_certificate_once_each() -> None:
    made = minted(user="jan@werkplek", groups=("a", "b", "a"))
    subject = leaf(made.kubeconfig).subject
    assert [a.value for a in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)] == ["jan@werkplek"]
    assert [a.value for a in subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)] == ["a", "b"]
    assert made.groups == ("a", "b")


def test_a_minted_certificate_may_log_in_and_nothing_more() -> None:
    cert = leaf(minted().kubeconfig)
    uses = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not cert.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "a\x00b"])
def test_a_name_that_fits_no_certificate_is_refused(name: str) -> None:
    assert problem_with_name(name)
    with pytest.raises(ValueError, match="cannot be"):
        minted(user=name)
    with pytest.raises(ValueError, match="cannot be"):
        minted(groups=(name,))


def test_two_credentials_never_share_a_key() -> None:
    one, two = minted().kubeconfig, minted().kubeconfig
    assert leaf(one).public_key() != leaf(two).public_key()
    assert leaf(one).serial_number != leaf(two).serial_number


OTHER = render(server="https://192.0.2.1:6443", ca="X", cert="c", key="k", cluster="elders", user="piet")


def test_merging_keeps_everything_else_and_makes_ours_current() -> None:
    before = yaml.safe_load(OTHER) | {"preferences": {"colors": True}}
    merged = yaml.safe_load(merge(yaml.safe_dump(before), minted().kubeconfig))
    assert merged["current-context"] == "proef"
    assert merged["preferences"] == {"colors": True}
    for kind in ("clusters", "users", "contexts"):
        assert before[kind][0] in merged[kind]
        assert len(merged[kind]) == 2


def test_merging_twice_leaves_one_entry_and_the_newest_user() -> None:
    text = merge(merge(OTHER, minted(user="jan").kubeconfig), minted(user="els").kubeconfig)
    assert contexts(text) == ["elders", "proef"]
    assert [entry["name"] for entry in yaml.safe_load(text)["users"]] == ["piet", "els@proef"]
    assert merge(text, minted(user="els").kubeconfig).count("els@proef") == text.count("els@proef")


def test_a_user_that_another_context_needs_stays() -> None:
    document = yaml.safe_load(minted().kubeconfig)
    document["contexts"].append({"name": "second", "context": {"cluster": "proef", "user": "jan@proef"}})
    text = merge(yaml.safe_dump(document), minted(user="els").kubeconfig)
    assert {entry["name"] for entry in yaml.safe_load(text)["users"]} == {"jan@proef", "els@proef"}


@pytest.mark.parametrize(
    "text", ["a: [", "[]", "hello", "kind: Pod", "clusters: {a: 1}", "contexts: [1]", "users: [{name: x}]"]
)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        merge(text, minted().kubeconfig)


def test_an_empty_file_is_an_empty_kubeconfig() -> None:
    assert contexts(merge("", minted().kubeconfig)) == ["proef"]


def test_a_file_is_written_for_its_owner_only_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config"
    files.write(file, minted().kubeconfig)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["config"]
    files.write(file, minted(user="els").kubeconfig)
    assert "els@proef" in file.read_text()


@pytest.mark.parametrize("before", [OTHER, "precious notes", "kind: Pod"])
def test_a_file_with_anything_else_is_not_overwritten(tmp_path: Path, before: str) -> None:
    file = tmp_path / "config"
    file.write_text(before)
    with pytest.raises(ValueError, match="it"):
        files.write(file, minted().kubeconfig)
    assert file.read_text() == before


def test_adding_to_a_file_closes_it_to_others_and_follows_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text(OTHER)
    real.chmod(0o644)
    link.symlink_to(real)
    files.add(link, minted().kubeconfig)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert contexts(real.read_text()) == ["elders", "proef"]


def test_another_cluster_of_the_same_name_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "config"
    files.add(file, minted().kubeconfig)
    before = file.read_text()
    files.add(file, minted(ca="NEW").kubeconfig)  # built again at the same address
    files.add(file, minted(ca="NEW", server="https://127.0.0.2:6443").kubeconfig)  # moved
    file.write_text(before)
    with pytest.raises(ValueError, match="another cluster under the name proef"):
        files.add(file, minted(ca="FOREIGN", server="https://192.0.2.9:6443").kubeconfig)
    assert file.read_text() == before


def test_the_file_that_kubectl_would_use_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    assert files.default_file() == tmp_path / "a"
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.default_file() == tmp_path / ".kube" / "config"


@pytest.fixture(scope="module")
def material() -> Material:
    return make("proef-abcde", NOW)


def test_the_material_holds_no_root_key_and_every_authority_hangs_on_the_root(material: Material) -> None:
    assert not [name for name, text in material.files.items() if material.root.key in text]
    root = x509.load_pem_x509_certificate(material.root.cert.encode())
    for name in AUTHORITIES:
        own, above = x509.load_pem_x509_certificates(material.files[f"{name}.crt"].encode())
        own.verify_directly_issued_by(root)
        assert above == root
        assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_no_two_secrets_of_one_cluster_or_of_two_are_the_same(material: Material) -> None:
    secrets = [
        text for made in (material, make("proef-abcde", NOW)) for n, text in made.files.items() if ".crt" not in n
    ]
    assert len(secrets) == len(set(secrets)) == 2 * (len(AUTHORITIES) + 4)
    assert len(material.files["server.token"]) == 64


def test_an_intermediate_cannot_make_another_authority(material: Material) -> None:
    issuer = Pair(material.files["client-ca.crt"], material.files["client-ca.key"])
    below = authority("below", NOW, issuer)
    chain = x509.load_pem_x509_certificates(below.cert.encode())
    assert len(chain) == 3  # it can be written; path_length 0 above makes everybody refuse it
    assert chain[1].extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_the_rendered_file_is_one_that_kubectl_reads() -> None:
    document: dict[str, Any] = yaml.safe_load(minted().kubeconfig)
    assert document["kind"] == "Config"
    assert document["contexts"][0]["context"] == {"cluster": "proef", "user": "jan@proef"}
    assert document["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"

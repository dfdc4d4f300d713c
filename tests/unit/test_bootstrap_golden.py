"""User data as it is, to be read; `HAVEN_UPDATE_GOLDEN=1` writes it anew.  The keys in it are no keys."""

import os
from pathlib import Path

import pytest

from haven_iac.bootstrap.facts import BootFacts
from haven_iac.bootstrap.rancher import AUTHORITIES
from haven_iac.bootstrap.registry import find
from tests.unit.bootstrap_lab import ALL_FACTS, ENDPOINT, EVERYTHING, MACHINES, PEM, PLAIN, spec

GOLDEN = Path(__file__).parents[1] / "golden" / "bootstrap"
NO_KEY = "-----BEGIN EC PRIVATE KEY-----\nbm8ga2V5\n-----END EC PRIVATE KEY-----\n"
DUMMY = {f"{name}.{kind}": text for name in AUTHORITIES for kind, text in (("crt", 2 * PEM), ("key", NO_KEY))}
DUMMY |= {"service.key": NO_KEY, "server.token": "0123", "agent.token": "0456"}

CASES = {f"{distribution}-{role}": (distribution, role, PLAIN, BootFacts(external_cloud=True))
         for distribution in ("rke2", "k3s") for role in MACHINES}  # fmt: skip
CASES["rke2-everything"] = ("rke2", "first", EVERYTHING, ALL_FACTS)
CASES["rke2-everything-agent"] = ("rke2", "agent", EVERYTHING, ALL_FACTS)


@pytest.mark.parametrize("name", CASES)
def test_user_data_is_what_was_reviewed(name: str) -> None:
    distribution, role, given, facts = CASES[name]
    data = find(distribution).user_data(spec(distribution, given), MACHINES[role], DUMMY, ENDPOINT, facts)
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("HAVEN_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(data.text)
    assert data.text == golden.read_text()


def test_nothing_else_lies_there() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)

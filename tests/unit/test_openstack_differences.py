"""What a change of a resource's inputs means."""

from __future__ import annotations

from haven_iac.clouds.openstack.differences import compared


def test_some_keys_make_another_one_some_are_done_in_place_and_the_rest_is_nothing() -> None:
    def seen(**news: int) -> tuple[bool | None, list[str] | None]:
        olds = {"name": 1, "size": 1, "other": 1}
        found = compared(olds, {**olds, **news}, replaces=("name",), noted=("size",))
        return found.changes, found.replaces

    assert seen() == (False, [])
    assert seen(other=2) == (False, [])
    assert seen(size=2) == (True, [])
    assert seen(name=2, size=2) == (True, ["name"])

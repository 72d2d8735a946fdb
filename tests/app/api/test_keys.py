"""API keys come from the environment or a file, and tell nothing of themselves."""

from pathlib import Path

import pytest

from amends.api.keys import Allowance, read_keys
from amends.errors import UsageError

ONE, TWO = "a" * 24, "b" * 24


def test_several_keys_are_active_at_once() -> None:
    keys = read_keys({"AMENDS_API_KEYS": f"{ONE},{TWO}"})
    names = {keys.find({b"x-api-key": key.encode()}).name for key in (ONE, TWO)}  # type: ignore[union-attr]
    assert len(names) == 2
    assert keys.find({b"authorization": b"bearer " + ONE.encode()})
    assert not keys.find({b"authorization": b"Basic " + ONE.encode()})
    assert ONE not in repr(keys)


def test_a_file_may_hold_them(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{ONE} {TWO}\n")
    assert len(read_keys({"AMENDS_API_KEYS_FILE": str(tmp_path / "keys")}).known) == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({}, "there is no API key"),
        ({"AMENDS_API_KEYS": "short"}, "shorter than 16"),
        ({"AMENDS_API_KEYS": ONE, "AMENDS_API_KEYS_FILE": "x"}, "both set"),
        ({"AMENDS_API_KEYS": ONE, "AMENDS_EVENTS_PER_SECOND": "fast"}, "write a number"),
        ({"AMENDS_API_KEYS": ONE, "AMENDS_EVENTS_PER_SECOND": "nan"}, "write a number"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(setting: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_keys(setting)


def test_an_allowance_fills_up_with_time() -> None:
    times = iter([100.0, 100.1, 101.2])
    allowance = Allowance(10, lambda: next(times))
    assert allowance.has_room()
    allowance.spend(15)
    assert not allowance.has_room()
    assert allowance.has_room()

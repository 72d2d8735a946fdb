from typing import Any

from amends_store.types import Quarantined


def _line(number: int = 18, reason: str = "'9' is text", raw: bytes = b"a,b") -> Quarantined:
    return Quarantined("shop", "reviews.csv", number, reason, raw)


def test_a_broken_line_is_kept_with_its_place_and_reason(world: Any) -> None:
    assert world.store.quarantine([_line()]) == 1
    [kept] = world.store.quarantined()
    assert (kept.source, kept.file, kept.line, kept.reason, kept.raw) == (
        "shop",
        "reviews.csv",
        18,
        "'9' is text",
        b"a,b",
    )
    assert kept.quarantined_at == world.clock()


def test_the_same_broken_line_again_is_one_row_with_the_present_reason(world: Any) -> None:
    world.store.quarantine([_line()])
    assert world.store.quarantine([_line(reason="another mapping, another reason")]) == 0
    assert [kept.reason for kept in world.store.quarantined()] == ["another mapping, another reason"]


def test_equal_lines_at_different_places_are_two_rows(world: Any) -> None:
    assert world.store.quarantine([_line(18), _line(19), _line(18)]) == 2
    assert [kept.line for kept in world.store.quarantined()] == [18, 19]


def test_a_reason_may_quote_what_no_database_takes_as_text(world: Any) -> None:
    world.store.quarantine([_line(reason="half a character \ud800 and a NUL \x00", raw=b"\x00\xed\xa0\x80")])
    [kept] = world.store.quarantined()
    assert kept.reason == "half a character \\ud800 and a NUL \\x00"
    assert kept.raw == b"\x00\xed\xa0\x80"

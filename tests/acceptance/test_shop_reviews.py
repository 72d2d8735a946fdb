"""All 1,000 shop reviews: every row accounted for, no row silently changed."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Answer, Desk, forget_settings, leave_prefect_out

from amends_engine.plans import event_id
from amends_store.views import StoredEvent

pytestmark = pytest.mark.xdist_group("shop")

RETAIL = Path(__file__).parents[2] / "rules" / "retail"
REVIEWS = RETAIL / "data" / "clothing_reviews_1000.csv"
SOURCE = "shop-reviews"
TEXTS = {"title": "Title", "comment": "Review Text", "product": "Clothing ID", "class": "Class Name"}


def read_rows() -> list[dict[str, str]]:
    """As the standard library reads them."""
    with REVIEWS.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The retail workspace with the profiles of its shoppers."""
    here = tmp_path_factory.mktemp("shop")
    desk = Desk(RETAIL, here / "home", here)
    with pytest.MonkeyPatch.context() as patched:
        forget_settings(patched)
        leave_prefect_out(patched)
        assert desk.amends("import", RETAIL / "data" / "shoppers.csv", "--as", "customers").code == 0
        yield desk


@pytest.fixture(scope="module")
def first(shop: Desk) -> Answer:
    return shop.amends("run", REVIEWS, "--source", SOURCE, "--json")


@pytest.fixture(scope="module")
def kept(shop: Desk, first: Answer) -> dict[str, StoredEvent]:
    """The stored events by the number of their row."""
    with shop.store() as store:
        found = {row[""]: store.event(event_id(SOURCE, f"review-{row['']}")) for row in read_rows()}
    return {number: one for number, one in found.items() if one}


def test_every_row_is_accounted_for(first: Answer, kept: dict[str, StoredEvent]) -> None:
    events = first.json()["events"]
    assert events["read"] == len(read_rows()) == 1000
    assert events["accepted"] + events["quarantined"] == 1000
    assert len(kept) == events["accepted"]
    assert first.code == (1 if events["quarantined"] else 0)


def test_texts_are_those_of_the_file_byte_for_byte_and_empty_ones_are_absent(kept: dict[str, StoredEvent]) -> None:
    assert any('"' in row["Review Text"] for row in read_rows())
    assert any(not row["Review Text"] for row in read_rows())
    for row in read_rows():
        fields = kept[row[""]].event.fields
        for name, column in TEXTS.items():
            assert fields.get(name, "") == row[column]
            assert (name in fields) is bool(row[column])


def test_numbers_and_answers_are_what_the_cells_say(kept: dict[str, StoredEvent]) -> None:
    for row in read_rows():
        event = kept[row[""]].event
        assert event.fields["csat"] == int(row["Rating"])
        assert event.fields["helpful_votes"] == int(row["Positive Feedback Count"])
        assert event.fields["recommends"] is (row["Recommended IND"] == "1")
        assert event.attributes == {"age": int(row["Age"])}


def test_the_column_without_a_name_is_the_key(kept: dict[str, StoredEvent]) -> None:
    for number, one in kept.items():
        assert (one.event.key, one.event.customer_id) == (f"review-{number}", f"shopper-{number}")


def test_the_bytes_that_were_kept_are_the_file(kept: dict[str, StoredEvent]) -> None:
    whole = REVIEWS.read_bytes()
    end = b"\r\n" if b"\r\n" in whole else b"\n"
    header, _, _ = whole.partition(end)
    bodies = [kept[row[""]].bodies[0].body for row in read_rows()]
    assert end.join([header, *bodies]) == whole.removesuffix(end)


def test_every_effect_has_a_column_and_none_failed(first: Answer) -> None:
    effects = first.json()["effects"]
    assert effects["planned"] == sum(count for state, count in effects.items() if state != "planned") > 0
    assert (effects["failed"], effects["unknown"], effects["waiting"]) == (0, 0, 0)


def test_the_dry_run_promised_what_was_decided(shop: Desk, first: Answer, tmp_path: Path) -> None:
    other = Desk(RETAIL, tmp_path / "home", tmp_path)
    other.amends("import", RETAIL / "data" / "shoppers.csv", "--as", "customers")
    rehearsed = other.amends("run", REVIEWS, "--source", SOURCE, "--dry-run", "--json")
    assert rehearsed.json()["decisions"] == first.json()["decisions"]
    assert rehearsed.json()["effects"]["planned"] == first.json()["effects"]["planned"]


def test_the_same_file_again_changes_nothing(shop: Desk, first: Answer) -> None:
    before = shop.outbox
    again = shop.amends("run", REVIEWS, "--source", SOURCE, "--json")
    assert again.counts == {"events": {"read": 1000, "duplicate": 1000}, "decisions": {}, "effects": {}}
    assert shop.outbox == before

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.documents import load
from amends_engine.events import Broken, Event, Profile
from amends_engine.fields import EventType, Field, Fields, FieldType, Kind
from amends_engine.plans import event_id
from amends_engine.sources import read_source
from amends_engine.sources.mapping import check_header, map_row, name_columns, read_time
from amends_engine.values import BadValue

RECEIVED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def field(name, kind, low=None, high=None, **options):
    return Field(name, FieldType(kind, low, high), **options)


FEEDBACK = {
    "csat": field("feedback.csat", Kind.WHOLE, 1, 5, is_required=True),
    "comment": field("feedback.comment", Kind.TEXT),
    "department": field("feedback.department", Kind.TEXT),
    "again": field("feedback.again", Kind.YES_NO),
}
COMPLAINT = {"comment": field("complaint.comment", Kind.TEXT), "route": field("complaint.route", Kind.TEXT)}
FIELDS = Fields(
    {"age": field("customer.age", Kind.WHOLE, 0, 120)},
    {
        "feedback.received": EventType("feedback.received", "", FEEDBACK),
        "complaint.received": EventType("complaint.received", "", COMPLAINT),
    },
)
SHOP = """\
version: 1
means: Reviews from the web shop
format: csv
gives: event
type: feedback.received
key: <Order>
customer: shopper-<Order>
occurred_at: {column: When, timezone: Europe/Berlin}
fields:
  csat: {column: Rating, values: {five: 5, "n/a": null}}
  comment: Review Text
  department: {column: Department, values: {Initmates: Intimates}}
  again: {column: Again, empty: reject}
attributes: {age: Age}
unnamed: Row
ignore: [Row, Class]
reject:
  - {column: Rating, is: ["", "0"], why: a review without a rating}
"""
ROW = {
    "Row": "0",
    "Order": "17",
    "When": "2026-03-01T09:30:00",
    "Rating": "4",
    "Review Text": "Lovely",
    "Department": "Dresses",
    "Again": "yes",
    "Age": "33",
    "Class": "",
}
CRM = """\
version: 1
means: Profiles
format: jsonl
gives: customer
customer: crm-<id>
fields: {age: person.age}
ignore: [person.phone, meta]
"""


def source(text: str = SHOP, name: str = "shop"):
    root, _ = load(text.encode(), f"sources/{name}.yaml")
    found, findings = read_source(root, name, FIELDS)
    assert findings == []
    return found


def mapped(**cells: str):
    return map_row(source(), {**ROW, **cells}, RECEIVED)


def reason(**cells: str) -> str:
    broken = mapped(**cells)
    assert isinstance(broken, Broken)
    return broken.reason


def profile(row):
    return map_row(source(CRM, "crm"), row, RECEIVED)


def test_a_row_becomes_an_event():
    assert mapped() == Event(
        id=event_id("shop", "17"),
        source="shop",
        key="17",
        type="feedback.received",
        occurred_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        customer_id="shopper-17",
        fields={"csat": 4, "comment": "Lovely", "department": "Dresses", "again": True},
        attributes={"age": 33},
    )


def test_a_row_becomes_a_profile():
    assert profile({"id": 9, "person": {"age": 41}}) == Profile("crm-9", "crm", {"age": 41}, RECEIVED)


def test_an_empty_cell_is_a_missing_value():
    assert "comment" not in mapped(**{"Review Text": ""}).fields
    assert "comment" not in mapped(**{"Review Text": " \t"}).fields


def test_text_is_taken_as_it_stands():
    assert mapped(**{"Review Text": "  5'8\" "}).fields["comment"] == "  5'8\" "


def test_an_empty_cell_breaks_the_row_where_the_mapping_says_so():
    assert reason(Again="") == "Again is empty; yes or no is due"


def test_a_listed_value_is_replaced_and_others_pass():
    assert mapped(Department="Initmates").fields["department"] == "Intimates"
    assert mapped(Rating="five").fields["csat"] == 5


def test_a_value_replaced_by_nothing_is_empty():
    assert reason(Rating="n/a") == "Rating is empty; whole number from 1 to 5 is due"


@pytest.mark.parametrize("rating", ["4.5", "6", "-1", "four", "4 ", "+4", "٤", "1e1", "True", "0x4"])
def test_a_cell_that_does_not_fit_its_field_breaks_the_row(rating):
    assert reason(Rating=rating).startswith("Rating: ")


@pytest.mark.parametrize("rating", ["", " ", "0"])
def test_a_rejected_row_is_broken_with_the_authors_why(rating):
    assert mapped(Rating=rating) == Broken("a review without a rating")


@pytest.mark.parametrize("order", ["", "  "])
def test_a_key_that_comes_out_empty_breaks_the_row(order):
    assert reason(Order=order).startswith("the key comes out empty, because Order is empty")


@pytest.mark.parametrize("order", ["x" * 501, "a\nb", " 17"])
def test_a_key_that_cannot_be_stored_breaks_the_row(order):
    assert reason(Order=order).startswith("key ")


def test_a_customer_may_be_missing_where_the_mapping_says_so():
    anonymous = source(SHOP.replace("shopper-<Order>", "{id: <Class>, empty: missing}").replace(", Class", ""))
    assert map_row(anonymous, ROW, RECEIVED).customer_id is None
    assert map_row(anonymous, {**ROW, "Class": "c1"}, RECEIVED).customer_id == "c1"


def test_the_time_of_intake_stands_in_where_the_mapping_says_so():
    received = source(SHOP.replace("{column: When, timezone: Europe/Berlin}", "received").replace("[Row", "[When, Row"))
    assert map_row(received, ROW, RECEIVED).occurred_at == RECEIVED


def test_a_time_with_an_offset_needs_no_zone():
    assert mapped(When="2026-03-01T09:30:00-05:00").occurred_at == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("when", ["", "soon", "01.03.2026", " 2026-03-01", "0001-01-01", "2026-03-29T02:30:00"])
def test_a_time_that_is_no_moment_breaks_the_row(when):
    assert reason(When=when).startswith("When")


def test_local_time_is_refused_without_a_zone():
    with pytest.raises(BadValue, match="has no time zone; add it to the time, or `timezone:`"):
        read_time("2026-03-01T09:30:00", None)


BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_that_a_clock_change_skips_is_refused():
    with pytest.raises(BadValue, match="does not exist in Europe/Berlin"):
        read_time("2026-03-29T02:30:00", BERLIN)


def test_of_a_time_that_a_clock_change_repeats_the_first_is_meant():
    assert read_time("2026-10-25T02:30:00", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_bare_date_begins_its_day_in_the_zone():
    assert read_time("2026-07-01", BERLIN) == datetime(2026, 6, 30, 22, 0, tzinfo=UTC)


@given(st.datetimes(), st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "UTC"]))
def test_local_time_read_is_the_same_local_time_again(moment, zone):
    try:
        found = read_time(moment.isoformat(), ZoneInfo(zone))
    except BadValue:
        return
    assert found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment


TYPED = (
    SHOP.replace(
        "type: feedback.received", 'type: {column: Class, values: {praise: feedback.received, "": complaint.received}}'
    )
    .replace("attributes: {age: Age}", "  route: Age")
    .replace(", Class", "")
)
ANGRY = {**ROW, "Class": "", "Rating": "", "Department": "", "Again": "", "Age": "LH1"}


def typed(**cells: str):
    return map_row(source(TYPED.replace('["", "0"]', '["0"]')), {**ANGRY, **cells}, RECEIVED)


def test_a_column_says_the_type_of_event():
    assert typed().type == "complaint.received"
    assert typed().fields == {"comment": "Lovely", "route": "LH1"}
    assert typed(Class="praise", Age="", Rating="5", Again="no").type == "feedback.received"


def test_an_unknown_type_breaks_the_row():
    assert typed(Class="prais").reason == "Class: 'prais' says no type of event; did you mean praise?"


def test_a_value_for_which_the_type_has_no_field_breaks_the_row():
    assert typed(Rating="5").reason.startswith("Rating holds a value, and complaint.received has no field for it")


def test_numbers_of_json_stay_strict():
    assert profile({"id": "9", "person": {"age": "41"}}).reason.startswith("person.age: '41' is not")
    assert profile({"id": "9", "person": {"age": True}}).reason.startswith("person.age: True is not")


def test_a_name_with_dots_reaches_into_objects():
    row = {"id": "9", "person": {"age": 41, "phone": {"home": "1"}}, "meta": {"trace": [1]}}
    assert profile(row).attributes == {"age": 41}


@pytest.mark.parametrize("row", [{"id": "9"}, {"id": "9", "person": None}, {"id": "9", "person": {"age": None}}])
def test_what_json_leaves_out_is_missing(row):
    assert profile(row).attributes == {}


def test_a_key_of_json_that_is_neither_used_nor_ignored_breaks_the_row():
    told = profile({"id": "9", "person": {"agee": 41}}).reason
    assert told == "'person.agee' is neither used nor ignored by the mapping; did you mean person.age?"


def test_two_ways_to_the_same_column_break_the_row():
    assert "stands twice" in profile({"id": "9", "person.age": 1, "person": {"age": 2}}).reason


@pytest.mark.parametrize("customer_id", [True, 1.5, [], {}, None])
def test_only_text_and_whole_numbers_make_an_id(customer_id):
    assert isinstance(profile({"id": customer_id}), Broken)


@pytest.mark.parametrize("row", [[], "x", 3, None, True])
def test_a_row_that_is_no_object_is_broken(row):
    assert profile(row).reason.endswith("an object in braces is due")


def messages(header: list[str]) -> list[tuple[str, str]]:
    columns = name_columns(source(), header)
    return [(finding.message, finding.remedy) for finding in check_header(source(), columns, "reviews.csv")]


HEADER = ["", "Order", "When", "Rating", "Review Text", "Department", "Again", "Age", "Class"]


def test_a_header_with_every_column_is_fine():
    assert messages(HEADER) == []


def test_an_ignored_column_may_be_absent():
    assert messages(HEADER[1:-1]) == []


def test_doubled_columns_are_one_finding():
    (found,) = messages([*HEADER, "Age", "Age", "Order"])
    assert found[0] == "The header names 'Order', 'Age' more than once"


def test_missing_columns_are_one_finding():
    (found,) = messages([name for name in HEADER if name not in {"Rating", "When"}])
    assert found[0] == "The header has no column 'Rating', 'When', which sources/shop.yaml uses"


def test_unused_columns_are_one_finding():
    (found,) = messages([*HEADER, "Title", "Size"])
    assert found[0] == "sources/shop.yaml neither uses nor ignores the column 'Title', 'Size'"
    assert found[1] == "add `ignore: [Title, Size]`, or a field that takes it"


def test_a_misspelt_column_is_named_with_the_one_that_was_meant():
    missing, unused = messages([name.replace("Rating", "rating") for name in HEADER])
    assert missing[1] == "did you mean 'rating'?"
    assert "'rating'" in unused[0]


@pytest.mark.parametrize(("delimiter", "words", "written"), [(";", "semicolons", "';'"), ("\t", "tabs", "tab")])
def test_columns_that_are_separated_otherwise_are_one_finding_that_says_how(delimiter, words, written):
    [found] = messages([delimiter.join(HEADER)])
    assert found == (
        f"The columns are separated by {words}, and sources/shop.yaml reads commas",
        f"write `delimiter: {written}` in sources/shop.yaml",
    )


def test_a_header_of_one_column_that_nobody_knows_is_a_missing_column():
    assert len(messages(["some; thing; else"])) == 2


def test_a_column_without_a_name_needs_one():
    nameless = source(SHOP.replace("unnamed: Row\n", "").replace("[Row, Class]", "[Class]"))
    (found,) = check_header(nameless, name_columns(nameless, HEADER), "reviews.csv")
    assert "unnamed: row" in found.remedy


CELLS = st.text(max_size=8) | st.sampled_from(["", "0", "5", "yes", "2026-03-01", "praise"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries(dict.fromkeys(ROW, CELLS)))
def test_any_cells_give_exactly_one_result(row):
    for text in (SHOP, TYPED):
        assert isinstance(map_row(source(text), row, RECEIVED), Event | Broken)


@given(st.fixed_dictionaries({"id": st.just("1") | JSON}, optional={"person": JSON, "meta": JSON, "x": JSON}) | JSON)
def test_any_json_gives_exactly_one_result(row):
    assert isinstance(profile(row), Profile | Broken)

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from amends_engine.documents import load
from amends_engine.field_reading import read_fields
from amends_engine.fields import Entity, EventType, Field, Fields, FieldType, Kind
from amends_engine.sources import SHAPES, read_source
from amends_engine.sources.parts import Customer, Format, Gives, Moment, Pattern, Reject, Target

CSAT = Field("feedback.csat", FieldType(Kind.WHOLE, 1, 5), is_required=True)
COMMENT = Field("feedback.comment", FieldType(Kind.TEXT))
ROUTE = Field("complaint.route", FieldType(Kind.TEXT))
AGE = Field("customer.age", FieldType(Kind.WHOLE, 0, 120))
FIELDS = Fields(
    {"age": AGE},
    {
        "feedback.received": EventType("feedback.received", "", {"csat": CSAT, "comment": COMMENT}),
        "complaint.received": EventType("complaint.received", "", {"comment": COMMENT, "route": ROUTE}),
    },
    entities={"flight": Entity("flight", "flight_id", {"gate": Field("flight.gate", FieldType(Kind.TEXT))})},
)

REVIEWS = """\
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
attributes:
  age: {column: Age, empty: reject}
unnamed: row
ignore: [Clothing ID, row]
reject:
  - {column: Rating, is: ["", "0"], why: a review without a rating}
"""
CUSTOMERS = """\
version: 1
means: Profiles of the CRM
format: jsonl
gives: customer
customer: <id>
fields:
  age: person.age
"""


def read(text: str, name: str = "shop"):
    root, _ = load(text.encode(), f"sources/{name}.yaml")
    return read_source(root, name, FIELDS)


def findings(old: str, new: str, text: str = REVIEWS) -> list[tuple[str, str, str, int]]:
    assert old in text
    source, found = read(text.replace(old, new))
    assert (source is None) == bool(found)
    return [(finding.code, finding.message, finding.remedy, finding.place.line) for finding in found]


def only_finding(old: str, new: str, text: str = REVIEWS) -> tuple[str, str, str, int]:
    (found,) = findings(old, new, text)
    return found


def test_a_mapping_of_events_becomes_typed():
    source, found = read(REVIEWS)
    assert found == []
    assert (source.name, source.format, source.gives) == ("shop", Format.CSV, Gives.EVENT)
    assert source.key == Pattern(("", ""), ("Order",))
    assert source.customer == Customer(Pattern(("shopper-", ""), ("Order",)))
    assert source.occurred_at == Moment("When", ZoneInfo("Europe/Berlin"))
    assert source.variants[""].targets == (
        Target(CSAT, "Rating", {"five": 5, "n/a": None}, refuses_empty=True),
        Target(COMMENT, "Review Text"),
    )
    assert source.attributes == (Target(AGE, "Age", {}, refuses_empty=True),)
    assert source.rejects == (Reject("Rating", frozenset({"", "0"}), "a review without a rating"),)
    assert source.columns == {"Order", "When", "Rating", "Review Text", "Age"}
    assert source.ignored == {"Clothing ID", "row"}


def test_a_mapping_of_customers_becomes_typed():
    source, found = read(CUSTOMERS)
    assert found == []
    assert (source.gives, source.key, source.variants) == (Gives.CUSTOMER, None, {})
    assert source.attributes == (Target(AGE, "person.age"),)
    assert source.occurred_at == Moment()


FLIGHTS = """\
version: 1
means: The flight plan
format: csv
gives: flight
id: <Flight>-<Date>
fields:
  gate: Gate
"""


def test_a_mapping_of_an_entity_becomes_typed():
    source, found = read(FLIGHTS)
    assert found == []
    assert (source.gives, source.entity, source.customer) == (Gives.ENTITY, "flight", None)
    assert source.id == Pattern(("", "-", ""), ("Flight", "Date"))
    assert source.columns == {"Flight", "Date", "Gate"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("gives: flight", "gives: fligth", "gives takes event, customer, flight, not 'fligth'"),
        ("  gate: Gate", "  gat: Gate", "a flight has no field gat"),
        ("id: <Flight>-<Date>", "id: flight", "id names no column, so it would be the same in every row"),
    ],
)
def test_a_wrong_mapping_of_an_entity_is_told(old, new, expected):
    assert only_finding(old, new, FLIGHTS)[1] == expected


def test_the_type_may_stand_in_a_column():
    typed = "type: {column: kind, values: {praise: feedback.received, anger: complaint.received}}"
    source, found = read(
        REVIEWS.replace("type: feedback.received", typed).replace("fields:", "fields:\n  route: Route")
    )
    assert found == []
    assert source.type_column == "kind"
    assert set(source.variants) == {"praise", "anger"}
    assert source.variants["praise"].strays == ("Route",)
    assert source.variants["anger"].strays == ("Rating",)
    assert "kind" in source.columns


def test_a_type_column_without_values_holds_the_names_of_event_types():
    source, found = read(REVIEWS.replace("type: feedback.received", "type: {column: kind}"))
    assert found == []
    assert set(source.variants) == {"feedback.received", "complaint.received"}


def test_blanks_in_a_replacement_mean_the_empty_cell():
    source, _ = read(REVIEWS.replace('"n/a": null', '" ": 1'))
    assert source.variants[""].targets[0].values == {"five": 5, "": 1}


def test_a_tab_is_a_delimiter_by_its_name():
    source, _ = read(REVIEWS.replace("format: csv", "format: csv\ndelimiter: tab"))
    assert source.delimiter == "\t"


def test_an_unknown_event_type_is_named_with_the_one_that_was_meant():
    code, message, remedy, line = only_finding("type: feedback.received", "type: feedback.recieved")
    assert (code, remedy, line) == ("unknown-event", "did you mean feedback.received?", 5)
    assert "'feedback.recieved'" in message


def test_an_unknown_field_is_named_with_the_one_that_was_meant():
    code, message, remedy, line = only_finding("  comment: ", "  coment: ")
    assert (code, message) == ("unknown-field", "feedback.received has no field coment")
    assert (remedy, line) == ("did you mean comment?", 11)


def test_an_unknown_attribute_is_named():
    assert only_finding("  age: ", "  aeg: ")[:3] == (
        "unknown-field",
        "a customer has no field aeg",
        "did you mean age?",
    )


def test_a_required_field_needs_a_column():
    code, message, _, line = only_finding('  csat: {column: Rating, values: {five: 5, "n/a": null}}\n', "")
    assert (code, line) == ("missing-key", 10)
    assert message == "feedback.received requires csat, and the source has no column for it"


def test_a_required_field_cannot_be_missing_where_empty():
    code, message, remedy, _ = only_finding("column: Rating, values", "column: Rating, empty: missing, values")
    assert (code, remedy) == ("wrong-type", "write empty: reject")
    assert message.startswith("csat is required")


def test_a_replacement_that_does_not_fit_the_field_is_found_at_once():
    code, message, _, line = only_finding("five: 5", "five: 6")
    assert (code, line) == ("unknown-value", 10)
    assert message == "csat: 6 is not a whole number from 1 to 5"


@pytest.mark.parametrize(
    ("key", "part"), [("order", "the same in every row"), ("<Order", "<Column>"), ("a>b", "<Column>")]
)
def test_a_key_that_is_no_pattern_is_found(key, part):
    code, message, remedy, line = only_finding("key: <Order>", f"key: {key}")
    assert (code, line) == ("wrong-type", 6)
    assert part in message
    assert "write for example <" in remedy


def test_a_column_both_used_and_ignored_is_found():
    code, message, *_ = only_finding("ignore: [Clothing ID,", "ignore: [Rating,")
    assert (code, message) == ("doubled-name", "The column 'Rating' is ignored, and 'Rating' is used")


def test_an_object_that_is_ignored_while_its_inside_is_used_is_found():
    code, message, *_ = only_finding("fields:", "ignore: [person]\nfields:", CUSTOMERS)
    assert (code, message) == ("doubled-name", "The column 'person' is ignored, and 'person.age' is used")


def test_a_column_of_a_csv_file_may_hold_a_dot():
    assert findings("ignore: [Clothing ID,", "ignore: [When.zone, Age.group,") == []


@pytest.mark.parametrize("zone", ["Europe/Berln", "../etc/passwd", "Europe", "''"])
def test_a_time_zone_that_is_none_is_found(zone):
    (first, *_) = findings("Europe/Berlin", zone)
    assert first[0] == "wrong-type"


def test_a_time_is_a_column_or_received():
    assert findings("{column: When, timezone: Europe/Berlin}", "received") == []
    assert only_finding("{column: When, timezone: Europe/Berlin}", "When")[2].startswith("write occurred_at: {column:")


def test_attributes_need_a_customer():
    assert "which customer" in only_finding("customer: shopper-<Order>\n", "")[1]


def test_a_customer_may_be_missing_for_events_and_not_for_profiles():
    source, _ = read(REVIEWS.replace("shopper-<Order>", "{id: <Order>, empty: missing}"))
    assert source.customer == Customer(Pattern(("", ""), ("Order",)), may_be_missing=True)
    assert "nobody" in only_finding("<id>", "{id: <id>, empty: missing}", CUSTOMERS)[1]


@pytest.mark.parametrize("line", ["unnamed: row", "delimiter: ;"])
def test_what_is_for_csv_is_refused_for_json(line):
    code, message, *_ = only_finding("gives:", f"{line}\ngives:", CUSTOMERS)
    assert code == "unknown-key"
    assert "is for csv, not for jsonl" in message


@pytest.mark.parametrize("key", ["version", "means", "format", "gives", "type", "key", "occurred_at"])
def test_a_required_key_that_is_missing_is_named(key):
    text = "\n".join(line for line in REVIEWS.splitlines() if not line.startswith(f"{key}:"))
    _, found = read(text)
    assert [(finding.code, finding.message) for finding in found] == [
        ("missing-key", f"{key} is missing in the source")
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version: 1", "version: 2", "wrong-version"),
        ("format: csv", "format: xml", "wrong-type"),
        ("gives: event", "gives: events", "wrong-type"),
        ("unnamed: row", "unamed: row", "unknown-key"),
        ("unnamed: row", "unnamed: row\ndelimiter: tabs", "wrong-type"),
        ("  comment: Review Text", "  comment: 5", "wrong-type"),
        ("  comment: Review Text", "  comment: {colum: Review Text}", "unknown-key"),
        ("empty: reject", "empty: skip", "wrong-type"),
        ('is: ["", "0"]', "is: [0]", "wrong-type"),
        ("{column: Rating, is", "{colunm: Rating, is", "unknown-key"),
        ('  - {column: Rating, is: ["", "0"], why: a review without a rating}', "  - Rating", "wrong-type"),
        ("type: feedback.received", "type: 5", "wrong-type"),
        ("customer: shopper-<Order>", "customer: {of: <Order>}", "unknown-key"),
        ("customer: shopper-<Order>", "customer: 5", "wrong-type"),
        ("column: When,", "colum: When,", "unknown-key"),
    ],
)
def test_everything_odd_is_a_finding(old, new, code):
    assert code in {found[0] for found in findings(old, new)}


def test_the_name_of_the_file_must_be_a_name():
    source, (found,) = read(REVIEWS, "Web Shop")
    assert source is None
    assert "'Web Shop' is the name of the source and does not fit" in found.message


def test_all_findings_of_a_file_are_told_at_once():
    broken = REVIEWS.replace("  comment:", "  coment:").replace("key: <Order>", "key: x").replace("Europe/", "Asia/")
    assert {finding.code for finding in read(broken)[1]} == {"unknown-field", "wrong-type"}
    assert len(read(broken)[1]) == 3


REFERENCE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted({key for shape in SHAPES.values() for key in shape["properties"]}))
def test_every_key_of_a_mapping_is_on_the_reference_page(key):
    assert f"| `{key}` |" in REFERENCE


def test_the_examples_of_the_reference_page_are_right():
    declared, *mappings = re.findall(r"```yaml\n(version.*?)```", REFERENCE, re.DOTALL)
    findings = []
    fields = read_fields(load(declared.encode(), "fields.yaml")[0], findings)
    for text in mappings:
        root, found = load(text.encode(), "sources/shop.yaml")
        findings += [*found, *read_source(root, "shop", fields)[1]]
    assert findings == []
    assert len(mappings) == 4

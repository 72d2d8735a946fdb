"""Sources: how the rows of one sender become events or profiles, read from sources/NAME.yaml."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from amends_engine.documents import Node
from amends_engine.events import suggest
from amends_engine.fields import EventType, Field, Fields
from amends_engine.findings import Finding, Place, has_errors
from amends_engine.shapes import ANY, LIST, NAME, TEXT, VERSION, Schema, check_shape, describe, mapping, names_to
from amends_engine.sources.parts import RECEIVED, Customer, Format, Gives, Moment, Pattern, Reject, Target, Variant
from amends_engine.values import BadValue, Value


@dataclass(frozen=True, slots=True)
class Source:
    """One mapping file. variants are keyed by the text of type_column, or by "" where the type is fixed.

    columns: every column the source reads; unnamed: what the column without a name is called (CSV); entity, id: what
    profiles besides those of customers are about.
    """

    name: str
    means: str
    format: Format
    gives: Gives
    key: Pattern | None = None
    customer: Customer | None = None
    type_column: str | None = None
    variants: Mapping[str, Variant] = field(default_factory=dict)
    attributes: tuple[Target, ...] = ()
    occurred_at: Moment = RECEIVED
    rejects: tuple[Reject, ...] = ()
    ignored: frozenset[str] = frozenset()
    unnamed: str | None = None
    delimiter: str = ","
    entity: str = ""
    id: Pattern | None = None
    columns: frozenset[str] = frozenset()


_DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}

_REQUIRED = {
    "version": VERSION,
    "means": TEXT,
    "format": {"enum": list(Format)},
    "gives": TEXT,
}
_OPTIONAL = {"ignore": {"type": "array", "items": TEXT}, "reject": LIST}
_FOR_CSV = {"unnamed": TEXT, "delimiter": {"enum": list(_DELIMITERS)}}
SHAPES: dict[Gives, Schema] = {
    Gives.EVENT: mapping(
        {**_REQUIRED, "type": ANY, "key": TEXT, "occurred_at": ANY},
        {**_OPTIONAL, **_FOR_CSV, "customer": ANY, "fields": names_to(ANY), "attributes": names_to(ANY)},
    ),
    Gives.CUSTOMER: mapping(
        {**_REQUIRED, "customer": ANY, "fields": names_to(ANY)},
        {**_OPTIONAL, **_FOR_CSV, "occurred_at": ANY},
    ),
    Gives.ENTITY: mapping(
        {**_REQUIRED, "id": TEXT, "fields": names_to(ANY)},
        {**_OPTIONAL, **_FOR_CSV, "occurred_at": ANY},
    ),
}
_TYPE = mapping({"column": TEXT}, {"values": {"type": "object", "additionalProperties": TEXT}})
_CUSTOMER = mapping({"id": TEXT}, {"empty": {"enum": ["missing", "reject"]}})
_MOMENT = mapping({"column": TEXT}, {"timezone": TEXT})
_TARGET = mapping({"column": TEXT}, {"empty": {"enum": ["missing", "reject"]}, "values": {"type": "object"}})
_REJECT = mapping({"column": TEXT, "is": {**LIST, "items": {"type": "string"}}, "why": TEXT})


def read_source(root: Node, name: str, fields: Fields) -> tuple[Source | None, list[Finding]]:
    """One source from the tree of its file; name is the file's stem. None if a finding is an error."""
    findings: list[Finding] = []
    if not re.match(NAME["pattern"], name):
        message = f"The file's name {name!r} is the name of the source and does not fit"
        findings.append(Finding("wrong-type", message, Place(root.place.file), f"use {NAME['description']}"))
    gives = _given(root.get("gives"), fields)
    if gives is None:
        known, said = [Gives.EVENT.value, Gives.CUSTOMER.value, *fields.entities], root.fields["gives"]
        message = f"gives takes {', '.join(known)}, not {describe(said)}"
        return None, [*findings, Finding("wrong-type", message, said.place, suggest(said.text, known))]
    if not check_shape(root, SHAPES[gives], "the source", findings):
        return None, findings
    source = _Reader(root, fields, findings).source(name)
    return (None if has_errors(findings) else source), findings


def _given(node: Node | None, fields: Fields) -> Gives | None:
    """What its rows are; None for a word that says nothing."""
    if node is None or node.value in (Gives.EVENT, Gives.CUSTOMER):
        return Gives(node.text) if node else Gives.EVENT
    return Gives.ENTITY if node.text in fields.entities else None


class _Reader:
    """Reads the parts of one well-shaped mapping file and collects what is wrong with them."""

    def __init__(self, root: Node, fields: Fields, findings: list[Finding]) -> None:
        self.root = root
        self.fields = fields
        self.findings = findings

    def source(self, name: str) -> Source:
        gives = _given(self.root.fields["gives"], self.fields) or Gives.EVENT
        format_ = Format(self.root.fields["format"].text)
        self._refuse_csv_keys(format_)
        type_column, types = self._types() if gives is Gives.EVENT else (None, {})
        parts = Source(
            name=name,
            means=self._text("means"),
            format=format_,
            gives=gives,
            key=self._pattern(self.root.get("key"), "key"),
            customer=self._customer(),
            type_column=type_column,
            variants=self._variants(types),
            attributes=self._attributes(gives),
            entity=self._text("gives") if gives is Gives.ENTITY else "",
            id=self._pattern(self.root.get("id"), "id"),
            occurred_at=self._moment(),
            rejects=tuple(self._rejects()),
            ignored=frozenset(item.text for item in self._items("ignore")),
            unnamed=self._text("unnamed") or None,
            delimiter=_DELIMITERS[self._text("delimiter") or ","],
        )
        return self._with_columns(parts)

    def _with_columns(self, source: Source) -> Source:
        columns = frozenset(_columns(source))
        for item in self._items("ignore"):
            within = "\0" if source.format is Format.CSV else f"{item.text}."
            if used := sorted(name for name in columns if name == item.text or name.startswith(within)):
                message = f"The column {item.text!r} is ignored, and {used[0]!r} is used"
                self._find("doubled-name", message, item, "keep one of the two")
        if self.root.get("attributes") and not source.customer:
            message = "The source gives attributes of a customer and does not say which customer"
            self._find("missing-key", message, self.root.fields["attributes"], "add a line `customer: <Column>`")
        return replace(source, columns=columns)

    def _refuse_csv_keys(self, format_: Format) -> None:
        for key in _FOR_CSV:
            if format_ is not Format.CSV and key in self.root.fields:
                place = self.root.key_place(key)
                self.findings.append(Finding("unknown-key", f"{key} is for csv, not for {format_}", place, "remove it"))

    def _types(self) -> tuple[str | None, dict[str, EventType]]:
        """The column that says the type, and the event types by the text of that column."""
        node = self.root.fields["type"]
        if node.is_text:
            return None, self._known_types({"": node})
        if not check_shape(node, _TYPE, "type", self.findings):
            return None, {}
        values = node.get("values")
        chosen = self._known_types(values.fields) if values else dict(self.fields.events)
        return node.fields["column"].text, chosen

    def _known_types(self, names: Mapping[str, Node]) -> dict[str, EventType]:
        for node in names.values():
            if node.text not in self.fields.events:
                remedy = suggest(node.text, self.fields.events)
                self._find("unknown-event", f"{node.text!r} is not an event type of fields.yaml", node, remedy)
        return {cell: self.fields.events[n.text] for cell, n in names.items() if n.text in self.fields.events}

    def _variants(self, types: Mapping[str, EventType]) -> dict[str, Variant]:
        node = self.root.get("fields")
        kinds = {kind.name: kind for kind in types.values()}
        if types and node:
            known = {name for kind in kinds.values() for name in kind.fields}
            self._refuse_unknown(node, known, " or ".join(sorted(kinds)))
        variants = {name: self._variant(node, kind) for name, kind in kinds.items()}
        return {cell: variants[kind.name] for cell, kind in types.items()}

    def _variant(self, node: Node | None, kind: EventType) -> Variant:
        members = node.fields if node else {}
        for name, declared in kind.fields.items():
            if declared.is_required and name not in members:
                message = f"{kind.name} requires {name}, and the source has no column for it"
                self._find("missing-key", message, node or self.root, f"add `{name}: Name of the column` to fields")
        strays = [member for name, member in members.items() if name not in kind.fields]
        return Variant(kind, self._targets(node, kind.fields), tuple(_column(member) for member in strays))

    def _attributes(self, gives: Gives) -> tuple[Target, ...]:
        node = self.root.get("attributes" if gives is Gives.EVENT else "fields")
        name = self._text("gives") if gives is Gives.ENTITY else "customer"
        known = self.fields.entities[name].fields if gives is Gives.ENTITY else self.fields.customer
        if node:
            self._refuse_unknown(node, known, f"a {name}")
        return self._targets(node, known)

    def _refuse_unknown(self, node: Node, known: Collection[str], owner: str) -> None:
        for name in node.fields:
            if name not in known:
                place = node.key_place(name)
                message = f"{owner} has no field {name}"
                self.findings.append(Finding("unknown-field", message, place, suggest(name, known)))

    def _targets(self, node: Node | None, declared: Mapping[str, Field]) -> tuple[Target, ...]:
        members = node.fields if node else {}
        found = [self._target(member, declared[name]) for name, member in members.items() if name in declared]
        return tuple(target for target in found if target)

    def _target(self, node: Node, known: Field) -> Target | None:
        name = known.short_name
        if node.is_text and node.text:
            return Target(known, node.text, refuses_empty=known.is_required)
        if not node.is_mapping:
            message = f"{name} takes the name of a column, not {describe(node)}"
            self._find("wrong-type", message, node, f"write {name}: {{column: Name of the column}}")
            return None
        return self._long_target(node, known) if check_shape(node, _TARGET, name, self.findings) else None

    def _long_target(self, node: Node, known: Field) -> Target:
        empty = node.get("empty")
        if known.is_required and empty and empty.text == "missing":
            message = f"{known.short_name} is required, so an empty cell cannot be a missing value"
            self._find("wrong-type", message, empty, "write empty: reject")
        return Target(
            known,
            node.fields["column"].text,
            self._values(node.get("values"), known),
            known.is_required or (empty is not None and empty.text == "reject"),
        )

    def _values(self, node: Node | None, known: Field) -> dict[str, Value | None]:
        values: dict[str, Value | None] = {}
        for cell, item in (node.fields if node else {}).items():
            try:
                values["" if cell.isspace() else cell] = (
                    None if item.value in (None, "") else known.type.read(item.plain())
                )
            except BadValue as error:
                self._find("unknown-value", f"{known.short_name}: {error}", item, "")
        return values

    def _customer(self) -> Customer | None:
        node = self.root.get("customer")
        if node is None:
            return None
        if not node.is_mapping:
            return _maybe_customer(self._pattern(node, "customer"))
        if not check_shape(node, _CUSTOMER, "customer", self.findings):
            return None
        empty = node.get("empty")
        may_be_missing = empty is not None and empty.text == "missing"
        if may_be_missing and "key" not in self.root.fields:
            self._find("wrong-type", "A profile without a customer is nobody's", empty or node, "write empty: reject")
        return _maybe_customer(self._pattern(node.fields["id"], "customer"), may_be_missing)

    def _pattern(self, node: Node | None, what: str) -> Pattern | None:
        if node is None:
            return None
        parts = re.split(r"<([^<>]+)>", node.text)
        pattern = Pattern(tuple(parts[0::2]), tuple(parts[1::2]))
        if not node.is_text or any("<" in text or ">" in text for text in pattern.literals):
            self._find("wrong-type", f"{what} takes text with <Column> in it", node, "write for example <Order>")
        elif not pattern.columns:
            message = f"{what} names no column, so it would be the same in every row"
            self._find("wrong-type", message, node, f"write for example <{node.text}>")
        return pattern

    def _moment(self) -> Moment:
        node = self.root.get("occurred_at")
        if node is None or node.value == "received":
            return RECEIVED
        if not node.is_mapping:
            message = f"occurred_at takes a column or the word received, not {describe(node)}"
            self._find("wrong-type", message, node, "write occurred_at: {column: Name of the column}")
            return RECEIVED
        if not check_shape(node, _MOMENT, "occurred_at", self.findings):
            return RECEIVED
        return Moment(node.fields["column"].text, self._zone(node.get("timezone")))

    def _zone(self, node: Node | None) -> ZoneInfo | None:
        if node is None:
            return None
        try:
            return ZoneInfo(node.text)
        except (KeyError, ValueError, OSError):
            self._find("wrong-type", f"{node.text!r} is not a time zone", node, "write for example Europe/Berlin")
            return None

    def _rejects(self) -> Iterator[Reject]:
        for node in self._items("reject"):
            if not node.is_mapping:
                remedy = "write - {column: …, is: […], why: …}"
                self._find("wrong-type", "reject takes a list of mappings", node, remedy)
            elif check_shape(node, _REJECT, "reject", self.findings):
                texts = frozenset(item.text for item in node.fields["is"].items)
                yield Reject(node.fields["column"].text, texts, node.fields["why"].text)

    def _items(self, key: str) -> tuple[Node, ...]:
        node = self.root.get(key)
        return node.items if node else ()

    def _text(self, key: str) -> str:
        node = self.root.get(key)
        return node.text if node else ""

    def _find(self, code: str, message: str, node: Node, remedy: str) -> None:
        self.findings.append(Finding(code, message, node.place, remedy))


def _maybe_customer(pattern: Pattern | None, may_be_missing: bool = False) -> Customer | None:
    return Customer(pattern, may_be_missing) if pattern else None


def _column(node: Node) -> str:
    column = node.get("column")
    return column.text if column else node.text


def _columns(source: Source) -> Iterator[str]:
    for pattern in (source.key, source.id, source.customer and source.customer.id):
        yield from pattern.columns if pattern else ()
    for variant in source.variants.values():
        yield from (target.column for target in variant.targets)
    yield from (target.column for target in source.attributes)
    yield from (reject.column for reject in source.rejects)
    yield from (column for column in (source.type_column, source.occurred_at.column) if column)

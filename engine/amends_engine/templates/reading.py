"""One template file, `NAME.LANG.md`, becomes a template, or findings with a place inside the file."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from markdown_it.token import Token

from amends_engine.documents import MAX_BYTES, Node, load
from amends_engine.fields import Fields
from amends_engine.findings import Finding, Place, has_errors
from amends_engine.messages import Form, Promise, Purpose
from amends_engine.shapes import LIST, TEXT, VERSION, Schema, check_shape, mapping
from amends_engine.templates.escaping import Sink, mrkdwn
from amends_engine.templates.excerpts import Excerpt, scalar_excerpt
from amends_engine.templates.expressions import Refused, Scope
from amends_engine.templates.marked_text import MarkedText, mark_tags
from amends_engine.templates.plain_prose import PLAIN, SLACK, to_text
from amends_engine.templates.prose import check_nesting, check_presence, read_markdown, to_html
from amends_engine.templates.rendering import (
    MAX_CARD_TEXT,
    MAX_SUBJECT,
    MAX_TITLE,
    CardParts,
    EmailParts,
    Parts,
    Template,
)
from amends_engine.templates.scripts import Script
from amends_engine.values import BadValue, parse_duration
from amends_engine.writing import clean

MAX_FRONT = 10_000
MAX_BODY = 10_000
MAX_FACTS = 10
MAX_LABEL = 75

_FENCE = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_UNQUOTED = re.compile(r":[ \t]+\{\{")
_SKELETON = "begin the file with a line ---, then `kind: email` and `subject: …`, then a line ---, then the text"

_LINE: Schema = {"type": "string"}
_SHARED: Mapping[str, Schema] = {"version": VERSION, "means": TEXT, "fallbacks": {"type": "object"}}
_KIND: Schema = {"enum": [form.value for form in Form]}
_PURPOSE: Schema = {"enum": [purpose.value for purpose in Purpose]}
_FORM: Schema = {"type": "object", "properties": {"kind": _KIND}, "required": ["kind"]}
_SHAPES: Mapping[Form, Schema] = {
    Form.EMAIL: mapping(
        {"kind": _KIND, "subject": _LINE, "purpose": _PURPOSE}, {**_SHARED, "promises": {"type": "array"}}
    ),
    Form.CARD: mapping({"kind": _KIND, "title": _LINE}, {**_SHARED, "facts": LIST}),
}
_PROMISE = mapping({"says": TEXT, "within": TEXT})
_FACT = mapping({"label": TEXT, "value": TEXT})


@dataclass
class _File:
    """One template while it is read; scope: what its placeholders may name."""

    name: str
    language: str
    lines: list[str]
    root: Node
    body: Excerpt
    scope: Scope
    uses: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def report(self, code: str, message: str, place: Place, remedy: str = "") -> None:
        self.findings.append(Finding(code, message, place, remedy))

    def mark(self, excerpt: Excerpt) -> MarkedText:
        marked = mark_tags(excerpt, self.scope, self.findings)
        self.uses |= marked.uses
        return marked


def read_template(
    path: str, name: str, language: str, raw: bytes, fields: Fields
) -> tuple[Template | None, Form | None, list[Finding]]:
    """Read one file; without a template the findings say why. The form is known even of most broken files."""
    text, findings = _decode(raw, path)
    if text is None:
        return None, None, findings
    front, body = _separate(text)
    if body is None:
        finding = Finding("template-syntax", "The file has no front matter", Place(path), _SKELETON)
        return None, None, [finding]
    root, findings = _load_front(front, path)
    form = _read_form(root, findings) if root else None
    if root is None or form is None:
        return None, None, findings
    line = front.count("\n") + 3
    scope = Scope(fields, _read_fallbacks(root, fields, findings))
    file = _File(name, language, text.split("\n"), root, Excerpt(body, Place(path, line)), scope, findings=findings)
    check_shape(root, _SHAPES[form], f"a template of kind {form}", findings)
    template = _read(file, form)
    return (None if has_errors(findings) else template), form, findings


def _read(file: _File, form: Form) -> Template:
    """The template, fit for use only if it has no findings that are errors."""
    parts, promises = _READ[form](file), _read_promises(file)
    uses = frozenset(file.uses)
    purpose = _purpose(file) if form is Form.EMAIL else None
    return Template(file.name, file.language, form, purpose, promises, uses, file.root.place, parts)


def _decode(raw: bytes, path: str) -> tuple[str | None, list[Finding]]:
    try:
        text = raw.decode("utf-8-sig") if len(raw) <= MAX_BYTES else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        return None, load(raw, path)[1]
    if not text.strip():
        return None, [Finding("empty-file", "The file holds nothing", Place(path), _SKELETON)]
    return text.replace("\r\n", "\n").replace("\r", "\n"), []


def _separate(text: str) -> tuple[str, str | None]:
    """Front matter and text; no text at all without two lines of ---."""
    opening = _FENCE.match(text)
    closing = _FENCE.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return "", None
    return text[opening.end() : closing.start()], text[closing.end() :]


def _load_front(front: str, path: str) -> tuple[Node | None, list[Finding]]:
    if len(front) > MAX_FRONT:
        message = f"The front matter has more than {MAX_FRONT:,} characters"
        return None, [Finding("too-long", message, Place(path), "long texts belong below the second ---")]
    root, findings = load(front.encode(), path, first_line=2)
    if root is None and (found := _UNQUOTED.search(front)):
        place = Excerpt(front, Place(path, 2)).place(found.end() - 2)
        message = "A text that holds {{ … }} needs quotes in the front matter"
        return None, [Finding("template-syntax", message, place, 'put "quotes" around the whole text')]
    if root and not root.is_mapping:
        return None, [Finding("wrong-type", "The front matter is not a mapping", root.place, _SKELETON)]
    return root, findings


def _read_form(root: Node, findings: list[Finding]) -> Form | None:
    return Form(root.fields["kind"].text) if check_shape(root, _FORM, "the template", findings) else None


def _read_fallbacks(root: Node, fields: Fields, findings: list[Finding]) -> dict[str, str]:
    node = root.get("fallbacks")
    given = dict(node.fields) if node else {}
    if len(given) > MAX_FACTS * 10:
        findings.append(Finding("too-long", "There are more than 100 fallbacks", root.key_place("fallbacks")))
        return {}
    texts = {}
    for name, value in given.items():
        texts[name] = clean(value.text)
        if value.is_mapping or value.is_list:
            message = f"The fallback of {name} is not a text"
            findings.append(Finding("wrong-type", message, value.place, f'write {name}: ""'))
        _check_name(name, root.fields["fallbacks"].key_place(name), fields, findings)
    return texts


def _check_name(name: str, place: Place, fields: Fields, findings: list[Finding]) -> None:
    try:
        Scope(fields).find(name)
    except Refused as refused:
        findings.append(Finding(refused.code, refused.message, place, refused.remedy))


def _read_line(file: _File, key: str, limit: int, sink: Sink) -> Script:
    """A front matter text of one line with placeholders: subject or title."""
    node = file.root.get(key)
    excerpt = scalar_excerpt(node, file.lines) if node else Excerpt("", file.root.place)
    marked = file.mark(excerpt)
    if node and node.is_text:
        if not node.text.strip():
            file.report("missing-key", f"The {key} is empty", node.place, f"write `{key}: …`")
        elif "\n" in node.text.strip():
            file.report("wrong-type", f"The {key} has more than one line", node.place, "write it in one line")
        _check_length(file, f"The {key}", marked, limit, node.place)
    return Script(marked.text.replace("\n", " "), marked.marks, sink)


def _check_length(file: _File, what: str, marked: MarkedText, limit: int, place: Place) -> None:
    length = len(marked.literal)
    if length > limit:
        message = f"{what} has {length:,} characters without its values; {limit:,} are allowed"
        file.report("too-long", message, place, "make it shorter")


def _read_email(file: _File) -> Parts:
    if not file.body.text.strip():
        file.report("missing-key", "The e-mail has no text", file.body.start, "write it below the second ---")
    subject = _read_line(file, "subject", MAX_SUBJECT, Sink.SUBJECT)
    marked, tokens, html = _read_body(file)
    return EmailParts(
        subject=subject,
        text=Script(to_text(tokens, PLAIN), marked.marks, Sink.TEXT),
        html=Script(html, marked.marks, Sink.HTML),
        purpose=_purpose(file),
    )


def _purpose(file: _File) -> Purpose:
    node = file.root.get("purpose")
    return Purpose(node.text) if node and node.text in set(Purpose) else Purpose.SERVICE


def _read_body(file: _File) -> tuple[MarkedText, list[Token], str]:
    """The text below the front matter: its tags, its Markdown, its HTML; without the last two if it has findings."""
    if len(file.body.text) > MAX_BODY:
        message = f"The text has {len(file.body.text):,} characters; {MAX_BODY:,} are allowed"
        file.report("too-long", message, file.body.start, "make it shorter")
        return MarkedText("", (), file.body), [], ""
    known = len(file.findings)
    marked = file.mark(file.body)
    tokens = read_markdown(marked, file.findings) if len(file.findings) == known else []
    if len(file.findings) > known:
        return marked, [], ""
    html = to_html(tokens)
    check_presence(html, marked, file.findings)
    check_nesting(html, marked, file.findings)
    return marked, tokens, html


def _read_card(file: _File) -> Parts:
    title = _read_line(file, "title", MAX_TITLE, Sink.TITLE)
    marked, tokens, _ = _read_body(file)
    text = to_text(tokens, SLACK)
    _check_length(file, "The text", MarkedText(text, marked.marks, file.body), MAX_CARD_TEXT, file.body.start)
    return CardParts(
        title=title,
        text=Script(text, marked.marks, Sink.MRKDWN),
        plain=Script(to_text(tokens, PLAIN), marked.marks, Sink.CARD_TEXT),
        facts=tuple(_read_facts(file)),
        name=file.name,
    )


def _read_facts(file: _File) -> Iterator[tuple[str, Script, Script]]:
    node = file.root.get("facts")
    items = node.items if node else ()
    if len(items) > MAX_FACTS:
        message = f"The card has {len(items)} facts; {MAX_FACTS} are allowed"
        file.report("too-long", message, items[MAX_FACTS].place, "leave out what nobody acts on")
    for item in items[:MAX_FACTS]:
        if check_shape(item, _FACT, "a fact", file.findings):
            yield _read_fact(file, item.fields["label"], item.fields["value"])


def _read_fact(file: _File, label: Node, value: Node) -> tuple[str, Script, Script]:
    if len(label.text) > MAX_LABEL:
        file.report("too-long", f"The label has more than {MAX_LABEL} characters", label.place)
    marked = file.mark(scalar_excerpt(value, file.lines))
    _check_length(file, "The value", marked, MAX_TITLE, value.place)
    slack = Script(mrkdwn(marked.text), marked.marks, Sink.MRKDWN)
    return clean(label.text), slack, Script(marked.text, marked.marks, Sink.CARD_TEXT)


def _read_promises(file: _File) -> tuple[Promise, ...]:
    node = file.root.get("promises")
    return tuple(promise for item in (node.items if node else ()) if (promise := _read_promise(file, item)))


def _read_promise(file: _File, node: Node) -> Promise | None:
    if not check_shape(node, _PROMISE, "a promise", file.findings):
        return None
    try:
        return Promise(clean(node.fields["says"].text), parse_duration(node.fields["within"].text))
    except BadValue as error:
        file.report("bad-duration", f"within: {error}", node.fields["within"].place)
        return None


_READ: Mapping[Form, Callable[[_File], Parts]] = {Form.EMAIL: _read_email, Form.CARD: _read_card}

"""Files that do the worst they may: up to 256 KiB each, by name."""

from collections.abc import Callable, Mapping

LIMIT = 256 * 1024

WORKSPACE = b"version: 1\ncompany: Northwind Air\ncurrency: EUR\ntimezone: Europe/Berlin\nlanguage: en\n"
FIELDS = b"""\
version: 1
entities:
  customer:
    fields:
      name: {type: text, fallback: there}
      tier: "one of [basic, silver, gold]"
      spend: money
      tags: list of text
events:
  feedback.received:
    means: Somebody said what they think
    fields:
      nps: whole number from 0 to 10
      comment: text
"""
RULE = """\
version: 1
rules:
  - id: nasty
    why: To see what happens
    owner: nobody
    status: live
    when: {event: feedback.received}
    if:
%s
    then:
      - case: {open: nasty}
"""
EMAIL = """\
---
kind: email
subject: "Sorry"
purpose: service
---
%s
"""


def rule(conditions: str) -> dict[str, bytes]:
    return {"rules.yaml": (RULE % conditions).encode()[:LIMIT]}


def each(line: Callable[[int], str], count: int) -> dict[str, bytes]:
    return rule("\n".join(f"      - {line(number)}" for number in range(count)))


def deep(words: str, depth: int, width: int) -> dict[str, bytes]:
    """Groups in groups, each with some tests before the next."""
    lines = []
    for level in range(depth):
        indent = "      " + "    " * level
        lines += [f"{indent}- feedback.nps: {{at_most: {number % 11}}}" for number in range(width)]
        lines.append(f"{indent}- {words}:")
    indent = "      " + "    " * depth
    lines.append(f"{indent}- feedback.nps: 3")
    return rule("\n".join(lines))


def products(parts: int, width: int) -> dict[str, bytes]:
    """Alternatives of pairs: its normal form has width to the power of parts."""
    lines = []
    for part in range(parts):
        lines.append("      - any:")
        for number in range(width):
            lines += [f"          - all:\n              - feedback.comment: {{mentions: w{part}x{number}}}"]
            lines += [f"              - customer.tags: t{part}x{number}"]
    return rule("\n".join(lines))


def template(body: str, front: str = EMAIL) -> dict[str, bytes]:
    return {"templates/nasty.en.md": (front % body).encode()[:LIMIT]}


def filled(piece: str, size: int) -> str:
    return (piece * (size // max(len(piece), 1) + 1))[:size]


def raw(piece: str) -> dict[str, bytes]:
    return {"rules.yaml": filled(piece, LIMIT).encode()[:LIMIT]}


def definitions(count: int) -> dict[str, bytes]:
    """Each definition uses the one before it twice."""
    parts = ["version: 1\ndefinitions:\n"]
    for number in range(count):
        uses = f"[{{is: d{number - 1}}}, {{is: d{number - 1}}}]" if number else "[{feedback.nps: 3}]"
        parts.append(f"  d{number}: {{means: m, owner: o, if: {uses}}}\n")
    return {"definitions.yaml": "".join(parts).encode(), **rule(f"      - is: d{count - 1}")}


def aliases() -> dict[str, bytes]:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    return {"rules.yaml": "\n".join(lines).encode()}


BODIES = (
    "*", "_", "**", "[", "]", "![", "`", "``` ", "# x\n", "> ", "- ", "1. ", "  - x\n", "<", "&", "\\", "[x](",
    "[](a) ",
    "*a **b ", "*a_ ", "~~", "|a", "|a\n|-\n", "<a@", "<!--", "&#x26;", "x\n===\n", "[a]: b\n", "[a][a] ", "a  \n",
    "> - ", "{{ customer.name }}", "{{", "{%", "{#", "{{ customer.name }} *", "{% if customer.name %}x{% endif %}",
    "{% if customer.name %}", "{{ customer.name|upper }}", "{% for x in range(9) %}", "{{ 'a' * 999999999 }}",
    "{{ 9 ** 9 ** 9 }}", "{{ customer.name|default('x'*9) }}", "((", "http://a.b/", "[x](http://a.b) ", "\u202e", "\t",
    "\0", "é", "👩‍👩‍👧", "*é", "![a](b) ", "*" * 50 + "a", "`" * 40 + " ", "1) - > ",
)  # fmt: skip

NASTY: Mapping[str, Callable[[], dict[str, bytes]]] = {
    "ten thousand conditions": lambda: each(lambda n: f"feedback.nps: {n % 11}", 3_200),
    "more conditions than are read": lambda: each(lambda n: f"feedback.nps: {n % 11}", 20_000),
    "a wrong field in every condition": lambda: each(lambda n: f"feedback.nqs{n}: 1", 3_200),
    "a wrong value in every condition": lambda: each(lambda n: f"customer.tier: gould{n}", 3_200),
    "a wrong operator in every condition": lambda: each(lambda n: f"feedback.nps: {{at_mots{n}: 1}}", 2_400),
    "a name that is like none": lambda: each(lambda n: f"is: {'x' * 40}{n}", 3_200),
    "one long unknown name": lambda: rule(f"      - {'x' * 200_000}: 1"),
    "a long list": lambda: rule(f"      - feedback.comment: [{', '.join(f'w{n}' for n in range(9_000))}]"),
    "a long list of words": lambda: rule(
        f"      - feedback.comment: {{mentions: [{', '.join(f'w{n}' for n in range(9_000))}]}}"
    ),
    "a long list of phrases in any form": lambda: rule(
        f"      - feedback.comment: {{speaks_of: [{', '.join(f'word{n} more' for n in range(9_000))}]}}"
    ),
    "one long word": lambda: rule(f"      - feedback.comment: {{mentions: {'x' * 250_000}}}"),
    "a phrase of many words": lambda: rule(f"      - feedback.comment: {{says: '{'late ' * 50_000}'}}"),
    "a long pattern": lambda: rule(f"      - feedback.comment: {{matches: '{'(a|b)' * 50_000}'}}"),
    "a pattern that repeats": lambda: rule(
        "      - feedback.comment: {matches: '((((a{1,99}){1,99}){1,99}){1,99}){1,99}'}"
    ),
    "many patterns that repeat": lambda: each(
        lambda n: f"feedback.comment: {{matches: '(a{{1,9{n % 10}}}b?){{1,1{n % 9}}}{n}'}}", 1_900
    ),
    "patterns of all letters": lambda: each(
        lambda n: f"feedback.comment: {{matches: '(?i)[\\pL\\pN]{{{n % 900}}}'}}", 1_900
    ),
    "any in any": lambda: deep("any", 7, 100),
    "not in not": lambda: deep("not", 7, 100),
    "deeper than may be": lambda: deep("any", 40, 1),
    "brackets without end": lambda: raw("["),
    "braces without end": lambda: raw("{a: "),
    "dashes without end": lambda: raw("- "),
    "question marks": lambda: raw("? "),
    "colons": lambda: raw("a: "),
    "quotes": lambda: raw("'"),
    "double quotes": lambda: raw('"\\'),
    "one long line": lambda: raw("x"),
    "one long comment": lambda: raw("#"),
    "tabs": lambda: raw("\t"),
    "blanks": lambda: raw(" "),
    "lines": lambda: raw("\n"),
    "bars": lambda: raw("|\n"),
    "keys": lambda: {"rules.yaml": "".join(f"k{n}: 1\n" for n in range(25_000)).encode()[:LIMIT]},
    "the same key": lambda: {"rules.yaml": (b"a: 1\n" * 60_000)[:LIMIT]},
    "numbers": lambda: rule(f"      - feedback.nps: {'9' * 250_000}"),
    "aliases in aliases": aliases,
    "products of alternatives": lambda: products(20, 20),
    "definitions in definitions": lambda: definitions(200),
    "placeholders": lambda: {
        "rules.yaml": (RULE % "      - feedback.nps: 3")
        .replace("open: nasty", f'open: nasty, title: "{"<customer.name> " * 16_000}"')
        .encode()[:LIMIT]
    },
    "tasks with placeholders": lambda: {
        "rules.yaml": (
            (RULE % "      - feedback.nps: 3")
            + "".join(f"      - task: {{title: '{'<customer.name>' * 20}', to: x}}\n" for _ in range(700))
        ).encode()[:LIMIT]
    },
    "many rules": lambda: {
        "rules.yaml": (
            "version: 1\nrules:\n"
            + "".join(
                f"  - {{id: r{n}, why: w, owner: o, status: live, when: {{event: feedback.received}}, "
                f"if: [{{feedback.nps: {n % 11}}}], then: [{{case: {{open: c{n}}}}}]}}\n"
                for n in range(320)
            )
        ).encode()[:LIMIT]
    },
    "many empty rules": lambda: {
        "rules.yaml": ("version: 1\nrules:\n" + "".join("  - {}\n" for n in range(9_000))).encode()
    },
    "many fields": lambda: {
        "fields.yaml": FIELDS + "".join(f"      f{n}: text\n" for n in range(3_200)).encode()[:250_000]
    },
    "many choices": lambda: {
        "fields.yaml": FIELDS + f'      f: "one of [{", ".join(f"c{n}" for n in range(30_000))}]"\n'.encode()
    },
    "front matter of braces": lambda: template("x", "---\n" + "{" * 250_000 + "\n---\n%s"),
    "many fences": lambda: {"templates/nasty.en.md": (b"---\n" * 70_000)[:LIMIT]},
    **{f"text of {piece[:24]!r}": (lambda piece=piece: template(filled(piece, 9_990))) for piece in BODIES},
    **{
        f"whole file of {piece[:24]!r}": (lambda piece=piece: template(filled(piece, LIMIT - 200)))
        for piece in BODIES[::6]
    },
}


def workspace_of(name: str) -> dict[str, bytes]:
    return {"workspace.yaml": WORKSPACE, "fields.yaml": FIELDS, **NASTY[name]()}

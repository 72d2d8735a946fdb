"""The examples in the documentation, each completed to what can be loaded in the sample company of tests/docs.

What completes a fragment follows from its first key, as a reader would do it: steps go into a rule, conditions below
its `if`, tests beside the rules of the company, fields into fields.yaml. A key that stands twice in one fragment begins
another example. Each step and each condition is tried alone, and has to fit the events of the company that it is for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

ROOT = Path(__file__).parents[2]
COMPANY = Path(__file__).parent / "company"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FENCE = re.compile(r"^ *```(yaml|markdown)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
EMAILS = ("apology-general", "apology-downgrade", "how-was-your-flight", "how-was-it", "are-you-happy-now")
CARDS = ("detractor", "weekly-loop", "apologise", "apologise-in-person", "problem")
EMAIL = "---\nkind: email\nsubject: We are sorry\npurpose: service\n---\nDear {{ customer.name }}\n"
CARD = "---\nkind: card\ntitle: Look at this\n---\n{{ rule.why }}\n"
RULE = "version: 1\nrules:\n  - id: example\n    why: It stands in the documentation\n    owner: docs\n"
THEN = "then: [{case: {open: example}}]\n"
ON = "when: {{event: {}}}\n"


@dataclass(frozen=True)
class Fragment:
    """page: with the line at which the text begins."""

    page: str
    language: str
    text: str


def fragments() -> Iterator[Fragment]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            line = text[: found.start()].count("\n") + 2
            yield Fragment(f"{page.relative_to(ROOT)}:{line}", found[1], dedent(found[2]))


def company() -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in COMPANY.glob("*.yaml")}
    letters = {f"templates/{name}.en.md": EMAIL.encode() for name in EMAILS}
    return {**files, **letters, **{f"templates/{name}.en.md": CARD.encode() for name in CARDS}}


def examples(text: str) -> Iterator[str]:
    """A fragment, cut where one of its own keys, or an item of its list, begins anew."""
    is_list = text.lstrip().startswith("- ")
    seen: set[str] = set()
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        key = re.match(r"- " if is_list else r"[a-z_]+(?=:)", line)
        if key and (key[0] in seen):
            yield "".join(kept)
            seen, kept = set(), []
        seen.update([key[0]] if key else [])
        kept.append(line)
    yield "".join(kept)


def files_of(fragment: Fragment, example: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Ways to complete an example, each with what it is for; one of them has to load."""
    key = _first_key(example)
    if fragment.language == "markdown":
        front = "" if example.startswith("---") else EMAIL.partition("Dear")[0]
        yield "a template", {"templates/example.en.md": f"{front}{example}"}
    elif key == "version":
        whole = f"{example.rstrip()}{_A_RULE if example.rstrip().endswith('rules:') else ''}\n"
        yield "a file", _in_its_place(_file_of(example), whole)
    elif key in _FILES:
        yield "a part of a file", _in_its_place(_FILES[key], _with(_FILES[key], example))
    elif key in {"name", "tests"}:
        tests = example if key == "tests" else f"tests:\n{indent(example, '  ')}"
        yield "tests", {"tests.yaml": f"version: 1\n{tests}"}
    elif key == "when":
        yield "a rule", {"example.yaml": _rule(f"{example}{THEN}")}
    elif "." in key or key in {"is", "any", "all", "not", "if", "then"} or example.startswith("- "):
        yield from ((kind, {"example.yaml": _rule(_body(example, kind))}) for kind in EVENTS)
    else:
        fields = f"events:\n  example.happened:\n    means: An example\n    fields:\n{indent(example, '      ')}"
        yield "fields", _in_its_place("fields.yaml", f"version: 1\n{fields}")


EVENTS = ("feedback.received", "complaint.received", "seat.changed", "voucher.redeemed", "flight.landed")
_A_RULE = f"\n{RULE.partition('rules:')[2].strip(chr(10))}\n    {ON.format(EVENTS[0])}    {THEN}"
_FILES = {"calendars": "workspace.yaml", "roles": "workspace.yaml", "entities": "fields.yaml", "events": "fields.yaml"}


def _first_key(example: str) -> str:
    found = re.search(r"^(?:- )?(?:\{)?([a-z_.0-9]+):", example, re.MULTILINE)
    return found[1] if found else ""


def _in_its_place(file: str, text: str) -> Mapping[str, str]:
    """With other fields the company's own rules and letters do not fit, so they are left out."""
    unfit = {name: "" for name in company() if name != "workspace.yaml"} if file == "fields.yaml" else {}
    return {**unfit, file: text}


def _file_of(example: str) -> str:
    """By its keys, as the loader's table of files has it."""
    if re.search(r"^(entities|events):", example, re.MULTILINE):
        return "fields.yaml"
    return "sources/example.yaml" if re.search(r"^gives:", example, re.MULTILINE) else "rules.yaml"


def _with(file: str, example: str) -> str:
    """The company's file with the keys of the example instead of its own."""
    if file != "workspace.yaml":
        return f"version: 1\n{example}"
    own = (COMPANY / file).read_text(encoding="utf-8")
    said = re.findall(r"^[a-z]+(?=:)", example, re.MULTILINE)
    return re.sub(rf"^({'|'.join(said)}):\n(?: .*\n)*", "", own, flags=re.MULTILINE) + example


def _rule(body: str) -> str:
    return f"{RULE}{indent(body, '    ')}"


def _body(example: str, kind: str) -> str:
    key = _first_key(example)
    if key == "then":
        return f"{ON.format(kind)}{example}"
    if key == "if":
        return f"{ON.format(kind)}{example}{THEN}"
    steps = "then:" if re.match(r"- [a-z_]+:", example) and key not in {"is", "any", "all", "not"} else "if:"
    return f"{ON.format(kind)}{steps}\n{indent(example, '  ')}{'' if steps == 'then:' else THEN}"

"""Files, names, languages and front matter of templates."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from amends_engine.messages import Form, Promise, Purpose
from amends_engine.templates import Templates, languages, normal_language

Read = Callable[..., Any]
Write = Callable[..., str]


def test_a_template_is_known_by_its_name_and_kind(read: Read, email: Write, card: Write) -> None:
    templates, findings = read({"apology.en.md": email("Hello"), "alert.en.md": card("Hello")})
    assert findings == []
    assert templates.has("apology", "email")
    assert not templates.has("apology", "card")
    assert templates.names("card") == ["alert"]


def test_a_template_says_what_it_is_and_what_it_uses(read: Read, email: Write) -> None:
    more = "promises: [{says: miles back, within: 72h}]\nfallbacks: {customer.tier: basic}\n"
    body = "{{ customer.tier }} {% if feedback.score > 1 %}{{ event.id }}{% endif %}"
    templates, findings = read({"apology.en.md": email(body, subject='"Dear {{ customer.name }}"', more=more)})
    assert findings == []
    template = templates.get("apology", ["en"])
    assert (template.name, template.language, template.kind) == ("apology", "en", Form.EMAIL)
    assert template.purpose is Purpose.SERVICE
    assert template.promises == (Promise("miles back", timedelta(hours=72)),)
    assert template.uses == {"customer.tier", "customer.name", "feedback.score", "event.id"}


@pytest.mark.parametrize(
    ("wanted", "default", "chain"),
    [
        ("de-AT", "en", ("de-AT", "de", "en")),
        ("de", "de", ("de",)),
        ("zh-hans-cn", "en-GB", ("zh-Hans-CN", "zh-Hans", "zh", "en-GB", "en")),
        ("DE_at", "en", ("de-AT", "de", "en")),
        (None, "en", ("en",)),
        ("", "en", ("en",)),
        ("German!", "en", ("en",)),
        ("{{ 7*7 }}", "en", ("en",)),
        ("../../etc/passwd", "en", ("en",)),
        ("", "English, please", ("English, please",)),
    ],
)
def test_languages_are_tried_from_the_closest_to_the_workspaces_own(
    wanted: str | None, default: str, chain: tuple[str, ...]
) -> None:
    assert languages(wanted, default) == chain


@pytest.mark.parametrize(("tag", "normal"), [("EN", "en"), ("pt-br", "pt-BR"), ("sr_latn_rs", "sr-Latn-RS")])
def test_language_tags_have_one_spelling(tag: str, normal: str) -> None:
    assert normal_language(tag) == normal


def test_the_closest_language_that_is_written_is_taken(read: Read, email: Write) -> None:
    files = {f"apology.{language}.md": email(language) for language in ("en", "de", "de-AT", "pt-br")}
    templates, findings = read(files)
    assert findings == []
    assert templates.get("apology", languages("de-AT", "en")).language == "de-AT"
    assert templates.get("apology", languages("de-CH", "en")).language == "de"
    assert templates.get("apology", languages("pt-BR", "en")).language == "pt-BR"
    assert templates.get("apology", languages("fr", "en")).language == "en"


def test_a_template_in_none_of_the_languages_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="apology in de, en"):
        Templates().get("apology", ["de", "en"])


def test_a_template_must_be_there_in_the_language_of_the_workspace(read: Read, email: Write) -> None:
    _, (finding,) = read({"apology.de.md": email("Hallo")})
    assert finding.code == "unknown-template"
    assert finding.message == "apology is not there in en, the language of the workspace"
    assert finding.remedy == "write templates/apology.en.md"
    assert finding.place.file == "templates/apology.de.md"


def test_the_workspaces_language_may_be_narrower_than_the_file(read: Read, email: Write) -> None:
    _, findings = read({"apology.en.md": email("Hello")}, "en-GB")
    assert findings == []


@pytest.mark.parametrize(
    "name", ["apology.md", "apology.xx.md", "a b.en.md", "apology.en.markdown", ".en.md", "a.b.en.md"]
)
def test_a_file_that_is_not_named_as_a_template_is_reported(read: Read, email: Write, name: str) -> None:
    _, (finding,) = read({name: email("Hello")})
    assert finding.code == "wrong-type"
    assert "NAME.LANGUAGE.md" in finding.remedy


def test_a_readme_is_left_alone(read: Read) -> None:
    assert read({"README.md": "How we write"})[1] == []


def test_the_same_language_twice_is_reported(read: Read, email: Write) -> None:
    _, findings = read({"a.en.md": email("Hello"), "a.de-AT.md": email("Servus"), "a.de-at.md": email("Servus")})
    assert [finding.code for finding in findings] == ["doubled-name"]


def test_all_languages_are_of_one_kind_and_purpose(read: Read, email: Write, card: Write) -> None:
    other = email("Salut").replace("service", "marketing")
    _, findings = read({"a.en.md": email("Hello"), "a.de.md": card("Hallo"), "a.fr.md": other})
    assert [(finding.place.file, finding.message.split(" in ")[0]) for finding in findings] == [
        ("templates/a.en.md", "a is of kind email here and of kind card"),
        ("templates/a.fr.md", "a is of kind email here and of kind card"),
        ("templates/a.en.md", "The purpose is service here and None"),
        ("templates/a.fr.md", "The purpose is marketing here and service"),
    ]


def test_a_broken_file_still_counts_as_there(read: Read, email: Write) -> None:
    templates, findings = read({"apology.en.md": email("{{ customer.nome }}"), "alert.en.md": "no front matter"})
    assert [finding.code for finding in findings] == ["template-syntax", "unknown-field"]
    assert templates.has("apology", "email")
    assert not templates.has("apology", "card")
    assert templates.has("alert", "card")
    with pytest.raises(KeyError):
        templates.get("apology", ["en"])


def test_a_workspace_without_templates_does_not_wait_for_their_libraries() -> None:
    program = (
        "import sys; from amends_engine.templates import read_templates; from amends_engine.fields import Fields; "
        "read_templates({}, Fields(), 'en'); "
        "print({'jinja2', 'markdown_it', 'babel.dates', 'babel.numbers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_windows_line_ends_and_a_byte_order_mark_are_read(read: Read, email: Write) -> None:
    raw = b"\xef\xbb\xbf" + email("Hello").replace("\n", "\r\n").encode()
    assert read({"apology.en.md": raw})[1] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "1:1 template-syntax The file has no front matter"),
        ("---\nkind: email\n", "1:1 template-syntax The file has no front matter"),
        ("", "1:1 empty-file The file holds nothing"),
        ("---\n---\nHello", "2:1 empty-file"),
        ("---\n- a\n---\nHello", "2:1 wrong-type The front matter is not a mapping"),
        ("---\nsubject: x\n---\nHello", "2:1 missing-key kind is missing"),
        ("---\nkind: emial\nsubject: x\n---\nHello", "2:7 wrong-type 'emial' is not a value of kind"),
        ("---\nkind: email\npurpose: service\n---\nHello", "2:1 missing-key subject is missing"),
        ("---\nkind: email\nsubject: x\n---\nHello", "2:1 missing-key purpose is missing"),
        ("---\nkind: email\nsubject: x\npurpose: sales\n---\nHello", "4:10 wrong-type 'sales' is not a value"),
        ("---\nkind: email\nsubjet: x\nsubject: x\npurpose: service\n---\nHello", "3:1 unknown-key subjet"),
        ("---\nkind: email\nsubject: x\npurpose: service\ntitle: x\n---\nHello", "5:1 unknown-key title"),
        ("---\nkind: email\nsubject: x\nsubject: y\npurpose: service\n---\nHello", "4:1 doubled-key"),
        ('---\nkind: email\nsubject: ""\npurpose: service\n---\nHello', "3:10 missing-key The subject is empty"),
        ('---\nkind: email\nsubject: "a\\nb"\npurpose: service\n---\nHello', "3:10 wrong-type The subject has more"),
        ('---\nkind: email\nsubject: "a\\r\\nBcc: x"\npurpose: service\n---\nHello', "3:10 wrong-type The subject has"),
        (
            "---\nkind: email\nsubject: |\n  a\n  b\npurpose: service\n---\nHello",
            "3:10 wrong-type The subject has more",
        ),
        ('---\nkind: email\nsubject: "a\\ab"\npurpose: service\n---\nHello', "3:10 template-syntax The invisible"),
        (
            "---\nkind: email\nsubject: " + "x" * 256 + "\npurpose: service\n---\nHello",
            "3:10 too-long The subject has 256",
        ),
        ("---\nkind: email\nsubject: 2024\npurpose: service\n---\nHello", "3:10 wrong-type subject takes text"),
        ("---\nkind: email\nsubject: x\npurpose: service\n---\n \n", "6:1 missing-key The e-mail has no text"),
        ("---\nkind: card\ntitle: " + "x" * 151 + "\n---\nHello", "3:8 too-long The title has 151 characters"),
        ("---\nkind: card\ntitle: x\n---\n" + "x " * 1501, "5:1 too-long The text has 3,00"),
        ("---\nkind: card\ntitle: x\npurpose: service\n---\n", "4:1 unknown-key purpose"),
        ("---\nkind: card\ntitle: x\nfacts: [{label: Tier}]\n---\n", "4:9 missing-key value is missing"),
        ("---\nkind: card\ntitle: x\nfacts: [{label: T, value: x, short: x}]\n---\n", "4:30 unknown-key short"),
        ("---\nversion: 2\nkind: card\ntitle: x\n---\n", "2:10 wrong-version"),
    ],
)
def test_front_matter_is_strict(read: Read, text: str, expected: str) -> None:
    _, findings = read({"x.en.md": text})
    found = [f"{finding.place.line}:{finding.place.column} {finding.code} {finding.message}" for finding in findings]
    assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize(
    "line", ["subject: {{ customer.name }}", "subject: {{ customer.name }}, sorry", "subject: Re: {{ customer.name }}"]
)
def test_a_placeholder_that_yaml_takes_for_its_own_is_explained(read: Read, line: str) -> None:
    _, (finding,) = read({"x.en.md": f"---\nkind: email\n{line}\npurpose: service\n---\nHello"})
    assert finding.code == "template-syntax"
    assert finding.remedy == 'put "quotes" around the whole text'
    assert (finding.place.line, finding.place.column) == (3, line.index("{{") + 1)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("promises: [{says: soon}]\n", "missing-key within is missing"),
        ("promises: [{says: soon, within: 72}]\n", "wrong-type within takes text"),
        ("promises: [{says: soon, within: three days}]\n", "bad-duration within: 'three days'"),
        ("promises: soon\n", "wrong-type promises takes a list"),
        (
            "fallbacks: {customer.nam: x}\n",
            "unknown-field The field customer.nam is not known | did you mean customer.name?",
        ),
        ("fallbacks: {customer.name: [x]}\n", "wrong-type The fallback of customer.name is not a text"),
        ("fallbacks: there\n", "wrong-type fallbacks takes a mapping"),
    ],
)
def test_promises_and_fallbacks_are_strict(problems: Callable[..., list[str]], more: str, expected: str) -> None:
    found = problems("Hello", more=more)
    assert any(expected in line for line in found), found


def test_a_card_takes_ten_facts(read: Read, card: Write) -> None:
    facts = "".join(f"  - {{label: L{number}, value: x}}\n" for number in range(11))
    _, (finding,) = read({"x.en.md": card("Hello", more=f"facts:\n{facts}")})
    assert finding.code == "too-long"
    assert finding.place.line == 15


def test_all_findings_of_all_files_come_at_once(read: Read, email: Write, card: Write) -> None:
    _, findings = read(
        {"a.en.md": email("{{ customer.nam }} {{ x }}"), "b.en.md": card("{% for x in y %}"), "c.en.md": "\0"}
    )
    assert len(findings) == 4
    assert len({finding.place.file for finding in findings}) == 3

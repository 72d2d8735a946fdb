"""Message templates of a workspace: one file per language, found along a chain of languages.

Jinja and the Markdown parser are imported when the first template is read, so that a workspace without any
stays fast.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from amends_engine.fields import Fields
from amends_engine.findings import Finding, Place
from amends_engine.messages import Card, Form, Message, Promise, Purpose
from amends_engine.writing import Look, is_language

if TYPE_CHECKING:
    from amends_engine.templates.rendering import Template

__all__ = ["Card", "Look", "Message", "Promise", "Purpose", "Templates", "languages", "read_templates"]

_FILE_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,79})\.(?P<language>[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})\.md\Z"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}\Z")


@dataclass(frozen=True)
class Templates:
    """by_name: the usable templates, by name and language; forms: every name there is, also of broken files."""

    by_name: Mapping[str, Mapping[str, "Template"]] = field(default_factory=dict)
    forms: Mapping[str, frozenset[Form]] = field(default_factory=dict)

    def has(self, name: str, kind: str) -> bool:
        return kind in self.forms.get(name, ())

    def names(self, kind: str) -> list[str]:
        return sorted(name for name in self.forms if self.has(name, kind))

    def get(self, name: str, languages: Sequence[str]) -> "Template":
        """The template in the first of the languages that it is written in; raises KeyError without any."""
        versions = self.by_name.get(name, {})
        for language in languages:
            if language in versions:
                return versions[language]
        raise KeyError(f"{name} in {', '.join(languages)}")


def languages(wanted: str | None, default: str) -> tuple[str, ...]:
    """The chain of languages to try, never empty: ("de-AT", "de", "en"). What is no language tag is passed over."""
    return tuple(dict.fromkeys([*_with_parents(wanted or ""), *_with_parents(default)])) or (default,)


def _with_parents(tag: str) -> Iterator[str]:
    parts = normal_language(tag).split("-") if _LANGUAGE.match(tag) else []
    return ("-".join(parts[:length]) for length in range(len(parts), 0, -1))


def normal_language(tag: str) -> str:
    """The usual spelling of a language tag: "DE_at" becomes "de-AT", "zh-hans" becomes "zh-Hans"."""
    language, *rest = tag.replace("_", "-").split("-")
    return "-".join([language.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


@dataclass
class _Collection:
    fields: Fields
    default_language: str
    findings: list[Finding] = field(default_factory=list)
    usable: dict[str, dict[str, "Template"]] = field(default_factory=dict)
    found: dict[str, dict[str, tuple[str, Form | None]]] = field(default_factory=dict)  # path, form

    def report(self, code: str, message: str, path: str, remedy: str) -> None:
        self.findings.append(Finding(code, message, Place(path), remedy))

    def add(self, path: str, raw: bytes) -> None:
        named = _FILE_NAME.match(PurePosixPath(path).name)
        if named is None or not is_language(named["language"]):
            message = "The name of the file is not that of a template"
            self.report("wrong-type", message, path, "call it NAME.LANGUAGE.md: apology.en.md, apology.pt-BR.md")
            return
        name, language = named["name"], normal_language(named["language"])
        if language in self.found.get(name, {}):
            other = self.found[name][language][0]
            self.report("doubled-name", f"{other} is the same template in the same language", path, "keep one of them")
            return
        self._read(path, name, language, raw)

    def _read(self, path: str, name: str, language: str, raw: bytes) -> None:
        from amends_engine.templates.reading import read_template

        template, form, findings = read_template(path, name, language, raw, self.fields)
        self.findings.extend(findings)
        self.found.setdefault(name, {})[language] = path, form
        if template:
            self.usable.setdefault(name, {})[language] = template

    def check_languages(self) -> None:
        """Every template is there in the workspace's own language, the last of every chain."""
        chain = languages(None, self.default_language)
        for name, versions in self.found.items():
            path = next(iter(versions.values()))[0]
            if not set(versions) & set(chain):
                message = f"{name} is not there in {chain[0]}, the language of the workspace"
                remedy = f"write {PurePosixPath(path).parent / name}.{chain[0]}.md"
                self.report("unknown-template", message, path, remedy)

    def check_agreement(self) -> None:
        """All languages of a template are of one kind, for one purpose."""
        for name, versions in self.found.items():
            (first_path, first), *others = versions.values()
            for path, form in others:
                if form and first and form is not first:
                    message = f"{name} is of kind {form} here and of kind {first} in {first_path}"
                    self.report("wrong-type", message, path, "give one of them another name")
            self._check_purpose(name)

    def _check_purpose(self, name: str) -> None:
        versions = list(self.usable.get(name, {}).values())
        for first, other in pairwise(versions):
            if other.purpose != first.purpose:
                message = f"The purpose is {other.purpose} here and {first.purpose} in {first.place.file}"
                self.report("wrong-type", message, other.place.file, "give all languages the same purpose")


def read_templates(
    files: Mapping[str, bytes], fields: Fields, default_language: str
) -> tuple[Templates, list[Finding]]:
    """Read all template files, by path; a README.md among them is left alone."""
    collection = _Collection(fields, default_language)
    for path in sorted(files):
        if PurePosixPath(path).name.lower() != "readme.md":
            collection.add(path, files[path])
    collection.check_languages()
    collection.check_agreement()
    return Templates(collection.usable, _forms(collection.found)), collection.findings


def _forms(found: Mapping[str, Mapping[str, tuple[str, Form | None]]]) -> dict[str, frozenset[Form]]:
    """The kinds of each name; a file too broken to tell counts as both, so that rules are not blamed for it."""
    return {
        name: frozenset(form for _, form in versions.values() if form) or frozenset(Form)
        for name, versions in found.items()
    }

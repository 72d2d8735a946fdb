"""Promises in the text of an e-mail that its front matter does not declare, so that nobody would watch them."""

from collections.abc import Iterator
from datetime import timedelta

from amends_engine.findings import Finding
from amends_engine.linting.lengths import Length, lengths_in
from amends_engine.linting.template_texts import prose
from amends_engine.linting.view import View
from amends_engine.messages import Form
from amends_engine.templates.excerpts import Excerpt
from amends_engine.values import describe_duration


def undeclared_promises(view: View) -> Iterator[Finding]:
    for versions in view.workspace.templates.by_name.values():
        for template in versions.values():
            if template.kind is Form.EMAIL:
                declared = {promise.within for promise in template.promises}
                for excerpt in prose(template, view):
                    yield from _undeclared(excerpt, declared)


def _undeclared(excerpt: Excerpt, declared: set[timedelta]) -> Iterator[Finding]:
    for length in lengths_in(excerpt.text):
        is_declared = bool(declared) if length.within is None else length.within in declared
        if not is_declared:
            message = f"The text promises something “{length.words}”, and the front matter declares no such promise"
            remedy = f"add `promises: [{{says: …, within: {_write(length)}}}]`, so that the promise can be watched"
            yield Finding("undeclared-promise", message, excerpt.place(length.offset), remedy)


def _write(length: Length) -> str:
    if length.within is None:
        return "72h"
    hours = length.within / timedelta(hours=1)
    return f"{hours:g}h" if hours.is_integer() and hours <= 72 else describe_duration(length.within)

"""The files of templates as text, for lints that look at words and at places."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from amends_engine.findings import Place
from amends_engine.linting.view import View
from amends_engine.templates.excerpts import Excerpt

if TYPE_CHECKING:  # Jinja and Markdown are loaded with the first template, not before
    from amends_engine.templates.rendering import Template

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_SUBJECT = re.compile(r"^subject:.*$", re.MULTILINE)


def whole(template: "Template", view: View) -> Excerpt:
    """The file from its first line to its last."""
    file = template.place.file
    text = view.manuscript.files[file].decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return Excerpt(text, Place(file))


def prose(template: "Template", view: View) -> Iterator[Excerpt]:
    """What customers read: the line of the subject, and the text below the front matter."""
    file = whole(template, view)
    opening = _FENCE.search(file.text)
    closing = _FENCE.search(file.text, opening.end()) if opening else None
    if closing:
        subject = _SUBJECT.search(file.text, 0, closing.start())
        if subject:
            yield Excerpt(subject[0], file.place(subject.start()))
        yield Excerpt(file.text[closing.end() :], file.place(closing.end()))

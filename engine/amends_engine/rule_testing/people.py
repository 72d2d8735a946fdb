"""Scripted people: who answers what they are asked, how, and after how long."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends_engine.documents import Node
from amends_engine.lengths import read_length
from amends_engine.plans import Decision
from amends_engine.reading import Reading
from amends_engine.rule_testing.holding import Question
from amends_engine.shapes import PERSON, check_shape, describe

NOBODY = "nobody answers"
_YES = ("approves", "agrees", "says yes")
_NO = ("refuses", "declines", "says no")
_SENTENCE = re.compile(rf"(?P<role>.+?) (?P<answer>{'|'.join((*_YES, *_NO))}) after (?P<length>.+)\Z")
_SILENT = re.compile(r"(?P<role>.+?) (?:never answers|does not answer)\Z")
_EXAMPLE = "write for example `duty manager approves after 12m`, or `nobody answers`"


@dataclass(frozen=True, slots=True)
class Person:
    """Answers every question put to the role, so long after it; one without an answer stays silent."""

    role: str
    answer: str = ""
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers to a question; to: its timer, or the task that asks it."""

    at: datetime
    to: str
    text: str
    by: str


def read_people(node: Node | None, reading: Reading) -> tuple[Person, ...]:
    read = (_read_person(item, reading) for item in (node.items if node else ()))
    return tuple(person for person in read if person)


def _read_person(node: Node, reading: Reading) -> Person | None:
    if node.is_text:
        return _read_sentence(node, reading)
    if not check_shape(node, PERSON, "somebody who answers", reading.findings):
        return None
    given = node.fields
    length = read_length(given["after"], "after", reading)
    answer = "yes" if given["approves"].value is True else "no"
    return Person(_known_as(given["role"].text), answer, length) if length else None


def _read_sentence(node: Node, reading: Reading) -> Person | None:
    text = " ".join(node.text.split())
    if text == NOBODY:
        return None
    if silent := _SILENT.match(text):
        return Person(_known_as(silent["role"]))
    found = _SENTENCE.match(text)
    if found is None:
        reading.report("bad-script", f"{describe(node)} does not say who answers what and when", node.place, _EXAMPLE)
        return None
    length = read_length(Node(node.place, found["length"], text=found["length"]), "after", reading)
    return Person(_known_as(found["role"]), "yes" if found["answer"] in _YES else "no", length) if length else None


def _known_as(role: str) -> str:
    """`the duty manager`, `duty-manager` and `@duty_manager` are one role."""
    return re.sub(r"[\s_]+", "-", role.strip().lstrip("#@").casefold()).removeprefix("the-")


def answers_to(decision: Decision, people: Iterable[Person]) -> Iterator[Answer]:
    """To every question that the decision asks, of the first person with the role, if that one answers."""
    known = {person.role: person for person in reversed(tuple(people))}
    asked = {intent.id: intent for intent in decision.intents}
    for timer in decision.timers:
        intent = asked.get(json.loads(timer.key)) if timer.path.endswith(".ask") else None
        person = known.get(_known_as(intent.target)) if intent else None
        if person and person.answer:
            yield Answer(decision.decided_for + person.after, timer.id, person.answer, person.role)


def answer_to(question: Question, people: Iterable[Person]) -> Iterator[Answer]:
    """To the question about a voucher, likewise."""
    person = next((one for one in people if one.role == _known_as(question.ask)), None)
    if person and person.answer:
        yield Answer(question.asked_at + person.after, question.task_id, person.answer, person.role)

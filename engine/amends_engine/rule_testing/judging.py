"""Whether what happened is what a test expects: a sentence with its place for everything that is not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from amends_engine.findings import Place
from amends_engine.messages import Card, Message
from amends_engine.plans import Decision, Outcome
from amends_engine.rule_testing.books import Books
from amends_engine.rule_testing.effects import Effect
from amends_engine.rule_testing.expecting import Count, Due, Expectation, Wanted
from amends_engine.states import EffectState


@dataclass(frozen=True, slots=True)
class Miss:
    """One thing that is not as expected."""

    sentence: str
    place: Place


def misses_in_decisions(
    expect: Expectation, decisions: Sequence[Decision], unknown: Mapping[str, tuple[str, ...]]
) -> Iterator[Miss]:
    """What the rule decided against what was expected of it; a wrong result says all there is to say."""
    decision = next(iter(sorted(decisions, key=lambda found: found.outcome is not Outcome.ACTED)), None)
    missed = unknown.get(expect.rule_id)
    result = decision.outcome.value if decision else ("unknown" if missed is not None else "no")
    reason = decision.reason if decision else ", ".join(missed or ())
    if result != expect.result:
        why = f" because of {reason}" if reason else ""
        yield Miss(f"expected {expect.result}, got {result}{why}", expect.place)
        return
    if expect.because and expect.because not in reason:
        yield Miss(f"expected because of {expect.because}, got {reason or 'no reason'}", expect.place)
    does = tuple(intent.kind for each in decisions for intent in each.intents)
    if expect.does is not None and does != expect.does:
        yield Miss(f"expected {_listed(expect.does)}, got {_listed(does)}", expect.place)


def _listed(kinds: tuple[str, ...]) -> str:
    return ", ".join(kinds) or "nothing"


def misses_in_effects(expect: Expectation, books: Books) -> Iterator[Miss]:
    """What became of the rule's intents against what was expected of it."""
    if not expect.looks_at_effects:
        return
    effects = [effect for effect in books.settled() if effect.rule_id == expect.rule_id]
    look = _Look(books)
    for kind, wanted in (expect.wanted or {}).items():
        yield from _misses_of_kind(kind, wanted, [one for one in effects if _KINDS[kind](one)], expect.place, look)
    for count in expect.counts:
        yield from _miss_of_count(count, effects)


def _is_done(effect: Effect) -> bool:
    return effect.state is EffectState.SUCCEEDED


_KINDS: Mapping[str, Callable[[Effect], bool]] = {
    "messages": lambda effect: effect.is_message,
    "vouchers": lambda effect: effect.intent.kind == "voucher",
    "cases": lambda effect: effect.intent.kind == "case",
    "tasks": lambda effect: effect.intent.kind == "task",
    "problems": lambda effect: effect.intent.kind == "problem",
    "effects": lambda _effect: True,
}
_ONE = {
    "messages": "message",
    "vouchers": "voucher",
    "cases": "case",
    "tasks": "task",
    "problems": "problem",
    "effects": "effect",
}


def _misses_of_kind(
    kind: str, wanted: Sequence[Wanted], effects: Sequence[Effect], place: Place, look: "_Look"
) -> Iterator[Miss]:
    """Each effect counts for one expectation; an empty list of expectations means that there is none."""
    counting = [effect for effect in effects if kind == "effects" or _is_done(effect)]
    if not wanted and counting:
        yield Miss(f"expected no {kind}, got {'; '.join(look.describe(effect) for effect in counting)}", place)
    left = list(counting)
    for one in wanted:
        fitting = next((effect for effect in left if not look.differences(one, effect)), None)
        if fitting:
            left.remove(fitting)
        else:
            undone = [each for each in effects if each not in counting]
            yield Miss(_sentence(one, left, undone, look, has_others=bool(counting)), one.place)


def _sentence(
    wanted: Wanted, left: Sequence[Effect], undone: Sequence[Effect], look: "_Look", *, has_others: bool
) -> str:
    what = f"expected a {_ONE[wanted.kind]}".replace("a effect", "an effect")
    meant = next((effect for effect in undone if not look.differences(wanted, effect)), None)
    if meant is not None:
        return f"{what}, got {look.describe(meant)}"
    nearest = min(left, key=lambda effect: len(look.differences(wanted, effect)), default=None)
    if nearest is not None:
        return f"{what} with {'; '.join(look.differences(wanted, nearest))}: {look.describe(nearest)}"
    if undone:
        return f"{what}, got {'; '.join(look.describe(effect) for effect in undone)}"
    return f"{what}, got none" + (" besides what other lines expect" if has_others else "")


def _miss_of_count(count: Count, effects: Sequence[Effect]) -> Iterator[Miss]:
    of_kind = _KINDS.get(count.name)
    counted = filter(of_kind, effects) if of_kind else (each for each in effects if each.intent.kind == count.name)
    found = sum(1 for effect in counted if _is_done(effect))
    if found < count.least or (count.most is not None and found > count.most):
        yield Miss(f"expected {_range(count)} {count.name}, got {found}", count.place)


def _range(count: Count) -> str:
    if count.most is None:
        return f"at least {count.least}"
    if count.least == count.most:
        return str(count.least)
    return f"{count.least} to {count.most}" if count.least else f"at most {count.most}"


@dataclass(frozen=True)
class _Look:
    """Reads what an effect shows; a message is written once it is asked for."""

    books: Books

    @property
    def zone(self) -> ZoneInfo:
        return self.books.office.timezone

    def differences(self, wanted: Wanted, effect: Effect) -> list[str]:
        """`template apology, got thanks` for each key that is not as it is due."""
        return [text for name, due in wanted.due.items() if (text := self._difference(name, due, effect))]

    def _difference(self, name: str, due: Due, effect: Effect) -> str:
        if isinstance(due, datetime):
            is_late = effect.at > due if name == "by" else effect.at < due
            return f"{name.replace('_', ' ')} {self._time(due)}, got {self._time(effect.at)}" if is_late else ""
        if isinstance(due, tuple):
            return self._in_words(name, due, effect)
        shown = _SHOWN[name](self, effect)
        is_as_due = due in shown if name == "because" else due == shown
        return "" if is_as_due else f"{name} {due}, got {shown or 'nothing'}"

    def _in_words(self, name: str, due: tuple[str, ...], effect: Effect) -> str:
        text = _plain(self.text_of(effect))
        if name == "says":
            absent = [words for words in due if _plain(words) not in text]
            return f"the words {_quoted(absent)}, which it does not say" if absent else ""
        present = [words for words in due if _plain(words) in text]
        return f"no word of {_quoted(present)}, which it says" if present else ""

    def message_of(self, effect: Effect) -> Message | Card | None:
        return self.books.written(effect) if effect.is_message and _is_done(effect) else None

    def text_of(self, effect: Effect) -> str:
        match self.message_of(effect):
            case Message(subject, text):
                return f"{subject}\n{text}"
            case Card(plain=plain):
                return plain
        return ""

    def describe(self, effect: Effect) -> str:
        """`email apology-general to ana at 2026-03-02 13:00`, and why nothing came of it."""
        about = effect.template or str(effect.intent.options.get("value") or effect.intent.options.get("title") or "")
        words = [effect.intent.kind, about, "to", effect.intent.target, "at", self._time(effect.at)]
        state = "" if _is_done(effect) else f", {effect.state.value}: {effect.reason}"
        return " ".join(word for word in words if word) + state

    def _time(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def _plain(text: str) -> str:
    """Line breaks and the case of letters do not count."""
    return " ".join(text.casefold().split())


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _subject(look: _Look, effect: Effect) -> str:
    match look.message_of(effect):
        case Message(subject):
            return subject
        case Card(title):
            return title
    return ""


def _language(look: _Look, effect: Effect) -> str:
    message = look.message_of(effect)
    return message.language if message else ""


def _to(_look: _Look, effect: Effect) -> str:
    is_mail = effect.intent.kind in {"email", "survey"}
    return str(effect.facts.get("customer.email", "")) if is_mail else effect.intent.target


def _option(name: str) -> Callable[[_Look, Effect], str]:
    return lambda _look, effect: str(effect.intent.options.get(name, ""))


def _case(name: str) -> Callable[[_Look, Effect], str]:
    return lambda look, effect: str(getattr(look.books.cases.now(effect), name, ""))


def _problem(name: str) -> Callable[[_Look, Effect], str]:
    return lambda _look, effect: str(getattr(effect.problem, name, ""))


def _status(look: _Look, effect: Effect) -> str:
    return (_problem if effect.problem else _case)("status")(look, effect)


_SHOWN: Mapping[str, Callable[[_Look, Effect], str]] = {
    "step": lambda _look, effect: effect.intent.kind,
    "state": lambda _look, effect: effect.state.value,
    "because": lambda _look, effect: effect.reason,
    "late": lambda _look, effect: "true" if effect.is_late else "false",
    "of": lambda _look, effect: effect.customer_id or "",
    "template": lambda _look, effect: effect.template,
    "to": _to,
    "language": _language,
    "subject": _subject,
    "value": _option("value"),
    "from": _option("from"),
    "left": lambda _look, effect: str(effect.left or ""),
    "title": _option("title"),
    "type": _case("type"),
    "status": _status,
    "name": _problem("name"),
    "per": _problem("per"),
    "priority": _case("priority"),
    "outcome": _case("outcome"),
}

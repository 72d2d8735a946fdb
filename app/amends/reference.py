"""docs/reference.md and docs/findings.md, made from the tables in the code so that they cannot lag behind."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from amends_connectors.registry import kinds
from amends_engine.fields import BUILT_IN, GIVEN_BY_STEPS, Kind
from amends_engine.findings import CODES
from amends_engine.operators import OPERATORS
from amends_engine.scales import SCALES, Scale
from amends_engine.schedules.words import EXAMPLES
from amends_engine.steps import COMMON, Option, StepKind
from amends_engine.triggers.reading import TRIGGERS

NOTE = "<!-- Made by `make reference` from the tables in the code. Do not edit. -->"


def reference_page() -> str:
    parts = (_triggers, _operators, _schedules, _fields, _units, _steps)
    return "\n".join(["# Every word of the language", "", NOTE, "", *(line for part in parts for line in part())])


def findings_page() -> str:
    lines = ["# What `amends check` can say", "", NOTE, ""]
    for code in CODES.values():
        lines += [f"## {code.name}", "", f"{code.means}. ({code.severity.value})", ""]
    return "\n".join(lines)


_EVENTS = "for each event of the type, or of one of the types in a list"
_TRIGGERS: Mapping[str, tuple[str, str]] = {
    "event": (_EVENTS, "{event: feedback.received}"),
    "missing": (
        "when one event is not followed by another one in time",
        "{missing: {event: feedback.received}, after: {event: complaint.received}, within: 45m, same: customer.id}",
    ),
    "first": (
        "when one event directly follows another one in time",
        "{first: {event: complaint.received}, then: {event: feedback.received}, within: 14d, same: customer.id}",
    ),
    "at_least": (
        "when so many events come within a time",
        "{at_least: 5, of: {event: complaint.received}, distinct: customer.id, within: 24h, again_after: 7d}",
    ),
    "change": (
        "when an attribute of a customer, or a field of its events, changes",
        "{change: customer.tier, from: gold, to: [basic, silver]}",
    ),
    "schedule": (
        "at the times of a schedule, once or for_each of the customers or cases",
        "{schedule: every Monday at 08:00, timezone: Europe/Berlin, missed: run_last}",
    ),
}


def _triggers() -> Iterator[str]:
    yield from ("## Triggers", "", "| trigger | starts the rule | example |", "|---|---|---|")
    yield from (f"| `{key}` | {_TRIGGERS[key][0]} | `when: {_TRIGGERS[key][1]}` |" for key in TRIGGERS)
    yield ""


_UNITS: Mapping[str, str] = {
    "m": "minutes: `30m`",
    "h": "hours: `72h`",
    "d": "days of 24 hours: `90d`, `1d 12h`",
    "w": "weeks: `2w`",
    "s": "seconds: `90s`",
    "business hours": "opening hours of a calendar: `4 business hours`, `4 business hours of night_desk`",
    "business days": "until the close of so many business days: `2 business days`",
    "EUR": "money, with its code of ISO 4217: `75 EUR`, `19.90 USD`",
    "per": "money per `day`, `week`, `month`, `year` or length of time: `4000 EUR per week`, `150 EUR per 180d`",
    "%": "a share, of a budget that is low: `20%`",
}


def _units() -> Iterator[str]:
    yield from ("## Units", "", "There are no months, and a bare number is refused where a unit is due.", "")
    yield from ("| unit | is |", "|---|---|", *(f"| `{unit}` | {means} |" for unit, means in _UNITS.items()), "")


def _operators() -> Iterator[str]:
    yield from (
        "## Operators",
        "",
        "| operator | means | takes | for fields of type | example |",
        "|---|---|---|---|---|",
    )
    for each in OPERATORS.values():
        kinds_of = "any" if len(each.kinds) == len(Kind) else ", ".join(kind for kind in Kind if kind in each.kinds)
        yield f"| `{each.name}` | {each.words} | {each.operand.value} | {kinds_of} | `{each.example}` |"
    yield from ("", "`if_missing: true` or `false` beside an operator answers for a missing value.")
    yield from ("`is: NAME` uses a definition; `any:`, `all:` and `not:` group conditions.", "")


def _schedules() -> Iterator[str]:
    yield from ("## Schedules", "", *(f"- `schedule: {each}`" for each in EXAMPLES), "")


def _fields() -> Iterator[str]:
    yield from ("## Types of fields", "", *(f"- `{kind.value}`" for kind in Kind if kind is not Kind.CHOICE))
    yield from ("- `whole number from 0 to 10`, `number from 0 to 1`", "- `one of [basic, silver, gold]`")
    yield from (f"- `{each.word}`: {each.low} to {each.high}. {each.means}" for each in SCALES.values())
    yield from ("", "A score has a band: of a field `nps` it is `nps_band`, in conditions, texts and tables alike.", "")
    yield from ("| type | bands |", "|---|---|")
    yield from (f"| `{each.word}` | {_bands(each)} |" for each in SCALES.values())
    yield ""
    yield from ("## Fields that are always there to read", "", "| field | type |", "|---|---|")
    for known in (*BUILT_IN.values(), *GIVEN_BY_STEPS.values()):
        yield f"| `{known.name}` | {known.type.describe()} |"
    yield ""


def _bands(scale: Scale) -> str:
    lows = (scale.low, *(top + 1 for _, top in scale.bands))
    spans = (f"{low} to {top}" if low < top else str(low) for low, (_, top) in zip(lows, scale.bands, strict=False))
    return ", ".join(f"`{name}` {span}" for name, span in zip(scale.names, spans, strict=True))


def _steps() -> Iterator[str]:
    yield from ("## Steps", "")
    for kind in kinds().values():
        yield from _step(kind)
    yield from ("### Options of every step", "", "| option | takes | means | example |", "|---|---|---|---|")
    yield from (f"| `{each.name}` | {each.takes} | {each.means} | `{each.example}` |" for each in COMMON)
    yield ""
    branches = "`- if: … then: …`, and `- otherwise: …` for the rest"
    for name, means in _PAUSES.items():
        yield from (f"### {name}", "", means, "")
    yield from ("### stop", "", "Ends the rule: nothing that follows is done. Example: `stop: answered already`", "")
    yield from ("### choose", "", f"Takes the first branch whose conditions are true: {branches}.", "")


_PAUSES: Mapping[str, str] = {
    "parallel": "Lists of steps by name that do not wait for each other: `{customer: […], staff: […]}`.",
    "wait": "Goes on later: `{for: 2d}`, `{until: next 08:00}`, `{until: 1d before customer.travels_at, at_most: 9d}`.",
    "wait_for": "Goes on with `then` when an event comes within a time, else with `otherwise`; see rules.md.",
    "ask": "Gives a person a task to say yes or no; goes on with `yes`, `no` or `no_answer`; see rules.md.",
}


def _step(kind: StepKind) -> Iterator[str]:
    yield from (f"### {kind.name}", "", f"{kind.means}. Example: `{kind.example}`", "")
    yield from ("| option | takes | means |", "|---|---|---|")
    for option in kind.options:
        due = ", ".join(option.choices) or option.type.value
        yield f"| `{option.name}`{_required(option)} | {due} | {option.means} |"
    yield ""


def _required(option: Option) -> str:
    return " (required)" if option.is_required else ""


PAGES: Mapping[str, Callable[[], str]] = {"reference.md": reference_page, "findings.md": findings_page}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (Path(sys.argv[1]) / name).write_text(write(), encoding="utf-8")

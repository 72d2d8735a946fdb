"""Other rule engines on the same workload, each in the form it does best with. Imported only where installed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from workload import FLAGS, NARROW, NUMBERS, OPTIONAL, WIDE, Clause, Condition, Conditions, Either, Event, Match

ALL_FIELDS = tuple(sorted((*NARROW, *WIDE, *NUMBERS, *FLAGS, "tags", "comment")))


def alternatives(conditions: Conditions) -> Iterable[tuple[Clause, ...]]:
    """For engines without an or across fields: one row for each choice of parts."""
    return product(*(part.parts if isinstance(part, Either) else (part,) for part in conditions))


def written(clause: Clause, forms: Mapping[str, str]) -> str:
    """The clause in an engine's words: <name>, <value>, <values>, <low> and <high> stand for its parts."""
    operand = clause.operand
    known = {"name": clause.field, "value": json.dumps(operand)}
    if isinstance(operand, tuple):
        known |= {"values": ", ".join(map(json.dumps, operand)), "low": str(operand[0]), "high": str(operand[-1])}
    text = forms[f"{clause.operator} {operand}" if clause.operator == "exists" else clause.operator]
    for part, said in known.items():
        text = text.replace(f"<{part}>", said)
    return text


def expression(conditions: Conditions, forms: Mapping[str, str]) -> str:
    """For engines that read an expression; forms has and, or, and a guard for what may be missing too."""
    guard = {**forms, **{name: forms["guard"] + forms[name] for name in ("at_most", "at_least", "between")}}
    parts = (part.parts if isinstance(part, Either) else (part,) for part in conditions)
    return forms["and"].join(
        "(" + forms["or"].join(written(each, guard if each.field in OPTIONAL else forms) for each in part) + ")"
        for part in parts
    )


# ZEN (GoRules): one decision table that collects, a column for each field


def load_zen(rules: Sequence[Conditions]) -> Match:
    import zen

    decision = zen.ZenEngine().create_decision(json.dumps(_zen_graph(rules)))
    return lambda event: {row["rule"] for row in decision.evaluate(event)["result"] or ()}


def _zen_graph(rules: Sequence[Conditions]) -> dict[str, Any]:
    rows = [_zen_row(number, row) for number, rule in enumerate(rules) for row in alternatives(rule)]
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": name, "name": name, "field": name} for name in ALL_FIELDS],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [("in", "inputNode", {}), ("table", "decisionTableNode", table), ("out", "outputNode", {})]
    at = {"x": 0, "y": 0}
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [{"id": name, "name": name, "type": kind, "position": at, "content": it} for name, kind, it in nodes],
        "edges": [
            {"id": f"{start}-{end}", "type": "edge", "sourceId": start, "targetId": end}
            for start, end in (("in", "table"), ("table", "out"))
        ],
    }


_ZEN = {
    "is": "<value>",
    "in": "<values>",
    "not_in": "not in [<values>]",
    "at_most": "<= <value>",
    "at_least": ">= <value>",
    "between": "[<low>..<high>]",
    "has": "contains($, <value>)",
    "mentions": "contains($, <value>)",
    "exists True": "!= null",
    "exists False": "== null",
}


def _zen_row(number: int, row: tuple[Clause, ...]) -> dict[str, str]:
    cells = {"_id": str(number), "rule": str(number)}
    for clause in row:
        cell = written(clause, _ZEN)
        cells[clause.field] = f"{cells[clause.field]} and {cell}" if clause.field in cells else cell
    return cells


# CLIPS: a Rete network; the activations on its agenda are the matches


def load_clips(rules: Sequence[Conditions]) -> Match:
    """Rules as they are written, read through the documented interface."""
    environment = _clips_environment(rules)
    template = environment.find_template("event")

    def match(event: Event) -> set[int]:
        fact = template.assert_fact(**event)
        found = {int(activation.name[1:].partition("-")[0]) for activation in environment.activations()}
        fact.retract()
        return found

    return match


def load_clips_tuned(rules: Sequence[Conditions]) -> Match:
    """The most selective condition first, as a Rete network likes it; names read from the library below clipspy."""
    from clips._clips import ffi, lib

    environment = _clips_environment([_selective_first(rule) for rule in rules])
    template = environment.find_template("event")

    def match(event: Event) -> set[int]:
        handle, fact, found = environment._env, template.assert_fact(**event), set()
        activation = lib.GetNextActivation(handle, ffi.NULL)
        while activation != ffi.NULL:
            found.add(int(ffi.string(lib.ActivationRuleName(activation))[1:].partition(b"-")[0]))
            activation = lib.GetNextActivation(handle, activation)
        fact.retract()
        return found

    return match


def _clips_environment(rules: Sequence[Conditions]) -> Any:
    import clips

    environment = clips.Environment()
    slots = " ".join(f"(multislot {name})" if name == "tags" else f"(slot {name})" for name in ALL_FIELDS)
    environment.build(f"(deftemplate event {slots})")
    for number, rule in enumerate(rules):
        for place, row in enumerate(alternatives(rule)):
            environment.build(f"(defrule r{number}-{place} (event {_clips_slots(row)}) =>)")
    return environment


_SHARES = {"not_in": 0.6, "at_most": 0.7, "at_least": 0.7, "between": 0.7, "exists": 0.8, "has": 0.9, "mentions": 1.0}


def _selective_first(conditions: Conditions) -> Conditions:
    return tuple(sorted(conditions, key=_share))


def _share(part: Condition) -> float:
    """About what share of events fulfils it, and how dear it is to ask."""
    if isinstance(part, Either):
        return max(map(_share, part.parts))
    if part.operator in _SHARES:
        return _SHARES[part.operator]
    wanted = len(part.operand) if part.operator == "in" else 1
    return wanted / len({**WIDE, **NARROW}.get(part.field, FLAGS))


def _clips_slots(row: tuple[Clause, ...]) -> str:
    wanted: dict[str, list[str]] = {}
    for clause in row:
        wanted.setdefault(clause.field, []).append(_clips_constraint(clause))
    variable = {"tags": "$?tags&"}
    return " ".join(f"({name} {variable.get(name, '')}{'&'.join(parts)})" for name, parts in wanted.items())


_CLIPS = {
    "is": "<value>",
    "at_most": "?<name>&~nil&:(<= ?<name> <value>)",
    "at_least": "?<name>&~nil&:(>= ?<name> <value>)",
    "between": "?<name>&~nil&:(<= <low> ?<name> <high>)",
    "has": ":(member$ <value> ?<name>)",
    "mentions": "?<name>&:(str-index <value> ?<name>)",
    "exists True": "~nil",
    "exists False": "nil",
}


def _clips_constraint(clause: Clause) -> str:
    match clause.operator:
        case "is" if isinstance(clause.operand, bool):
            return str(clause.operand).upper()
        case "in":
            return "|".join(map(json.dumps, clause.operand))
        case "not_in":
            return "&".join(f"~{json.dumps(part)}" for part in clause.operand)
    return written(clause, _CLIPS)


# CEL, the Rust implementation: one compiled program for each rule


def load_cel(rules: Sequence[Conditions]) -> Match:
    import cel

    programs = [cel.compile(expression(rule, _CEL)) for rule in rules]

    def match(event: Event) -> list[int]:
        context = cel.Context(variables={name: event.get(name) for name in ALL_FIELDS})
        return [number for number, program in enumerate(programs) if program.execute(context)]

    return match


_CEL = {
    "and": " && ",
    "or": " || ",
    "guard": "<name> != null && ",
    "is": "<name> == <value>",
    "in": "<name> in [<values>]",
    "not_in": "!(<name> in [<values>])",
    "at_most": "<name> <= <value>",
    "at_least": "<name> >= <value>",
    "between": "<name> >= <low> && <name> <= <high>",
    "has": "<value> in <name>",
    "mentions": "<name>.contains(<value>)",
    "exists True": "<name> != null",
    "exists False": "<name> == null",
}


# rule-engine: one expression for each rule, walked in Python


def load_rule_engine(rules: Sequence[Conditions]) -> Match:
    import rule_engine

    context = rule_engine.Context(resolver=rule_engine.resolve_item, default_value=None)
    known = [rule_engine.Rule(expression(rule, _RULE_ENGINE), context=context) for rule in rules]
    return lambda event: [number for number, rule in enumerate(known) if rule.matches(event)]


_RULE_ENGINE = {
    **_CEL,
    "and": " and ",
    "or": " or ",
    "guard": "<name> != null and ",
    "not_in": "not (<name> in [<values>])",
    "between": "<name> >= <low> and <name> <= <high>",
    "mentions": "<value> in <name>",
}


# business-rules: trees of dictionaries over the methods of a class


def load_business_rules(rules: Sequence[Conditions]) -> Match:
    from business_rules.engine import check_conditions_recursively

    known = [{"all": [_business_part(part) for part in rule]} for rule in rules]
    made = _business_variables()

    def match(event: Event) -> list[int]:
        variables = made(event)
        return [number for number, rule in enumerate(known) if check_conditions_recursively(rule, variables)]

    return match


def _business_variables() -> Any:
    from business_rules import variables as kinds

    def of(name: str, kind: Any, otherwise: Any) -> Any:
        def read(self: Any) -> Any:
            return self.event.get(name, otherwise)

        read.__name__ = name
        return kind(label=name)(read)

    def is_known(name: str) -> Any:
        def read(self: Any) -> bool:
            return name in self.event

        read.__name__ = f"has_{name}"
        return kinds.boolean_rule_variable(label=name)(read)

    def start(self: Any, event: Event) -> None:
        self.event = event

    # a select variable holds its value as a list, which gives it "does not contain"
    texts = {name: of(name, kinds.string_rule_variable, "") for name in (*WIDE, *NARROW, "comment")}
    lists = {f"{name}_of": _as_list(name, kinds) for name in NARROW}
    numbers = {name: of(name, kinds.numeric_rule_variable, -1) for name in NUMBERS}
    flags = {name: of(name, kinds.boolean_rule_variable, False) for name in FLAGS}
    known = {f"has_{name}": is_known(name) for name in OPTIONAL}
    tags = {"tags": of("tags", kinds.select_rule_variable, [])}
    members = {**texts, **lists, **numbers, **flags, **known, **tags}
    return type("Variables", (kinds.BaseVariables,), {"__init__": start, **members})


def _as_list(name: str, kinds: Any) -> Any:
    def read(self: Any) -> list[Any]:
        return [self.event[name]]

    read.__name__ = f"{name}_of"
    return kinds.select_rule_variable(label=name)(read)


def _business_part(part: Any) -> dict[str, Any]:
    if isinstance(part, Either):
        return {"any": [_business_clause(clause) for clause in part.parts]}
    return _business_clause(part)


def _business_clause(clause: Clause) -> dict[str, Any]:
    name, operand = clause.field, clause.operand
    match clause.operator:
        case "in":
            return {"any": [_asked(name, "equal_to", part) for part in operand]}
        case "not_in":
            return {"all": [_asked(f"{name}_of", "does_not_contain", part) for part in operand]}
        case "exists":
            return _asked(f"has_{name}", "is_true" if operand else "is_false", True)
        case "at_most" | "at_least" | "between":
            return _business_bounds(clause)
    if isinstance(operand, bool):
        return _asked(name, "is_true" if operand else "is_false", True)
    return _asked(name, "equal_to" if clause.operator == "is" else "contains", operand)


def _business_bounds(clause: Clause) -> dict[str, Any]:
    name, operand = clause.field, clause.operand
    low, high = {"at_most": (None, operand), "at_least": (operand, None)}.get(clause.operator, operand)
    guard = [_asked(f"has_{name}", "is_true", True)] if name in OPTIONAL else []
    from_low = [_asked(name, "greater_than_or_equal_to", low)] if low is not None else []
    to_high = [_asked(name, "less_than_or_equal_to", high)] if high is not None else []
    return {"all": [*guard, *from_low, *to_high]}


def _asked(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": value}

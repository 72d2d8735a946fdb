"""The cases of a test: opened, joined and ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from amends_engine.rule_testing.effects import Carried, Case, Effect
from amends_engine.states import EffectState
from amends_engine.values import Value


@dataclass
class Cases:
    """All cases, by what makes them one, each with its customer."""

    known: dict[str, tuple[str | None, Case]] = field(default_factory=dict)

    def of(self, customer_id: str | None) -> Mapping[str, Value]:
        """The newest open case of the customer, or the newest of all."""
        own = [case for of, case in self.known.values() if of == customer_id]
        newest = max(own, key=lambda case: (case.status == "open", case.opened_at), default=None)
        return newest.facts() if newest else {}

    def now(self, effect: Effect) -> Case | None:
        """The case that the effect opened or joined, as it stands at the end."""
        ids = {case.id: case for _, case in self.known.values()}
        return ids.get(effect.case.id, effect.case) if effect.case else None

    def carry(self, effect: Effect) -> Carried:
        """Open or join one, or end one."""
        return self._open(effect) if "open" in effect.intent.options else self._close(effect)

    def _open(self, effect: Effect) -> Carried:
        options = effect.intent.options
        kind, one_per = str(options["open"]), options.get("one_per")
        key = f"{kind} {one_per}" if one_per else effect.intent.id
        held = self.known.get(key)
        if held is None or held[1].status != "open":
            case = Case(effect.intent.id, kind, "open", str(options.get("priority", "normal")), effect.at)
            self.known[key] = held = (effect.customer_id, case)
        return _about(effect, held[1])

    def _close(self, effect: Effect) -> Carried:
        """The customer's newest open case, also one that the test began with; open still if somebody goes on."""
        options, who = effect.intent.options, effect.customer_id
        known = [(key, case) for key, (of, case) in self.known.items() if of == who and case.status == "open"]
        if not known and effect.facts.get("case.status") == "open":
            known = [(f"given {who}", _given(effect))]
        if not known:
            return replace(effect, state=EffectState.SUPPRESSED, reason="the customer has no open case"), {}
        key, case = max(known, key=lambda one: one[1].opened_at)
        status = "open" if options.get("reopen_for") else "closed"
        ended = replace(case, status=status, outcome=str(options.get("close", "")))
        self.known[key] = (who, ended)
        return _about(effect, ended)


def _about(effect: Effect, case: Case) -> Carried:
    return replace(effect, case=case), {f"case.{name}": value for name, value in case.facts().items()}


def _given(effect: Effect) -> Case:
    said = {name: str(effect.facts.get(f"case.{name}", "")) for name in ("id", "type", "status", "priority")}
    opened_at = effect.facts.get("case.opened_at")
    return Case(**said, opened_at=opened_at if isinstance(opened_at, datetime) else effect.at)

"""How old a rule lets its events be: what comes in late is judged by `max_age`, and so is what is dated ahead."""

from datetime import datetime

from amends_engine.rules import Rule
from amends_engine.values import describe_duration


def stale(rule: Rule, at: datetime, now: datetime | None) -> str:
    """Why the rule does not answer what happened at that time any more, or not yet; nothing if it does.

    now: None where no time passes, as in tests beside the rules.
    """
    if rule.max_age is None or now is None or abs(now - at) <= rule.max_age:
        return ""
    longest = describe_duration(rule.max_age)
    if at < now:
        return f"stale: it happened more than {longest} before it was looked at (max_age)"
    return f"stale: it is dated more than {longest} ahead (max_age)"

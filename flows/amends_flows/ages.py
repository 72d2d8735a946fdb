"""How long effects may wait before they are better not carried out: as their channel says, and their rule."""

from datetime import datetime, timedelta

from amends_engine.rules import Rule
from amends_flows.runtime import Runtime
from amends_store.types import Claimed


def overdue(runtime: Runtime, claim: Claimed, of_channel: timedelta | None) -> timedelta | None:
    """The longest that it may wait, if it has waited longer. of_channel: None for a table of our own."""
    rule = runtime.rule_of(claim)
    limits = [limit for limit in (of_channel, rule.max_age if rule else None) if limit]
    since = _since(claim, rule)
    if since is None or not limits or runtime.clock() - since <= min(limits):
        return None
    return min(limits)


def _since(claim: Claimed, rule: Rule | None) -> datetime | None:
    """When it could have been carried out first: a survey for the day of the flight is not old on that day."""
    action = next((one for one in rule.actions() if one.name == claim.action), None) if rule else None
    starts = claim.options.get(action.starts) if action and action.starts else None
    planned = claim.planned_at
    if planned is None or not isinstance(starts, str) or starts == "now":
        return planned
    return max(planned, datetime.fromisoformat(starts))

"""From a claimed effect to the request that its connector sends: templates filled with facts, nothing decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr

from amends.survey_keys import survey_key
from amends_engine.messages import Card, Message, MissingValue, Purpose
from amends_engine.plans import Json
from amends_engine.templates.filling import Pen
from amends_engine.values import Value
from amends_engine.workspace import Workspace
from amends_flows.runtime import Refusal
from amends_store.types import Claimed

Request = Mapping[str, Json]
Facts = Mapping[str, Value]


@dataclass(frozen=True)
class Letters:
    """Renders effects of one workspace; mail_from may be overruled by the settings; sign: seals links."""

    workspace: Workspace
    mail_from: str
    sign: Callable[..., str] = lambda *_parts: ""

    def render(self, claimed: Claimed, given: Facts) -> Request | Refusal:
        """given: what earlier steps of the decision gave, such as voucher.code."""
        rule = self.workspace.rule(claimed.rule_id)
        facts: dict[str, Value] = {
            **claimed.facts,
            **given,
            "workspace.company": self.workspace.profile.company,
            "rule.id": claimed.rule_id,
            "rule.why": rule.why if rule else "",
        }
        write = _WRITERS.get(claimed.kind, _as_it_is)
        try:
            return write(self, claimed, facts)
        except MissingValue as error:
            return Refusal(str(error))

    def filled(self, name: str, facts: Facts, *, for_staff: bool = False) -> Message | Card:
        profile = self.workspace.profile
        pen = Pen(self.workspace.templates, profile.language, profile.timezone)
        return pen.write(name, facts, for_staff=for_staff)


def _email(letters: Letters, claimed: Claimed, facts: Facts) -> Request | Refusal:
    address = str(facts.get("customer.email", "")).strip()
    if not address:
        return Refusal("the customer has no e-mail address")
    if not letters.mail_from:
        return Refusal("nobody is named as the sender; set mail_from in workspace.yaml or AMENDS_MAIL_FROM")
    message = letters.filled(str(claimed.options["template"]), facts)
    if not isinstance(message, Message):
        return Refusal(f"{claimed.options['template']} is not a message for customers")
    domain = parseaddr(letters.mail_from)[1].rpartition("@")[2]
    return {
        "to": address,
        "from": letters.mail_from,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "language": message.language,
        "message_id": f"<{claimed.effect_id}@{domain}>",
        "purpose": str(claimed.options.get("purpose", message.purpose.value)),
    }


def _survey(letters: Letters, claimed: Claimed, facts: Facts) -> Request | Refusal:
    if "at" in claimed.options and claimed.options["at"] is None:
        return Refusal("nobody knows the time at which the survey is to be sent")
    key = survey_key(claimed, letters.sign)
    purpose = {"purpose": Purpose.SURVEY.value}
    return _email(letters, replace(claimed, options={**purpose, **claimed.options}), {**facts, "survey.key": key})


def _slack(letters: Letters, claimed: Claimed, facts: Facts) -> Request | Refusal:
    card = letters.filled(str(claimed.options["card"]), facts, for_staff=True)
    if not isinstance(card, Card):
        return Refusal(f"{claimed.options['card']} is not a card")
    return {
        "channel": str(claimed.options["to"]),
        "text": card.plain,
        "title": card.title,
        "body": card.text,
        "facts": [[label, value] for label, value in (*card.facts, *_figures(claimed, facts))],
        **({"thread": str(facts["case.thread"])} if facts.get("case.thread") else {}),
        "context": f"{claimed.rule_id} · {facts['rule.why']}",
        "effect_id": claimed.effect_id,
    }


_FIGURES = {"count": "Customers", "sample_of_5": "Among them", "cost_so_far": "Given so far"}


def _figures(claimed: Claimed, facts: Facts) -> list[tuple[str, str]]:
    """What the step asks to be included, where it is known."""
    wanted = claimed.options.get("include")
    names = [str(name) for name in wanted] if isinstance(wanted, list) else []
    return [(_FIGURES[name], str(facts[f"burst.{name}"])) for name in names if f"burst.{name}" in facts]


def _brief(letters: Letters, claimed: Claimed, facts: Facts) -> Request | Refusal:
    card = letters.filled(str(claimed.options["card"]), facts, for_staff=True)
    if not isinstance(card, Card):
        return Refusal(f"{claimed.options['card']} is not a card")
    return {
        "to": claimed.options.get("to"),
        "show": claimed.options.get("show"),
        "buttons": claimed.options.get("buttons"),
        "title": card.title,
        "text": card.plain,
        "body": card.text,
        "facts": [[label, value] for label, value in card.facts],
        "why": str(facts["rule.why"]),
    }


def _webhook(_letters: Letters, claimed: Claimed, _facts: Facts) -> Request | Refusal:
    return {"endpoint": str(claimed.options["to"]), "body": claimed.options.get("body") or {}}


def _as_it_is(_letters: Letters, claimed: Claimed, _facts: Facts) -> Request | Refusal:
    """The options of a connector that another distribution brings."""
    return dict(claimed.options)


_WRITERS: Mapping[str, Callable[[Letters, Claimed, Facts], Request | Refusal]] = {
    "email": _email,
    "slack": _slack,
    "survey": _survey,
    "brief": _brief,
    "webhook": _webhook,
}

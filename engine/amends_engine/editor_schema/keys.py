"""What every key of a rule file means, in words that an editor shows."""

from collections.abc import Mapping

from amends_engine.shapes import Schema

MEANS: Mapping[str, str] = {
    "version": "The version of the language; always 1",
    "rules": "What happens when: each rule is one sentence of when, if and then",
    "tests": "What the rules are to do in an example; amends test runs them",
    "definitions": "The words of the company, each with what it means and who answers for it",
    "budgets": "What vouchers are paid from",
    "means": "What it means, in one sentence",
    "limit": "At most so much in so long. Example: 4000 EUR per week",
    "id": "The rule's name everywhere: in the ledger, in explanations, in tests",
    "why": "The reason in one sentence; it stands in alerts, explanations and reviews",
    "owner": "Who answers for it",
    "status": "draft: not run. shadow: recorded, reaches nobody. live: acts. paused: kept, not run. Without it: draft",
    "when": "What starts the rule",
    "event": "The event: its type, as fields.yaml declares it, and in a test its fields by short name",
    "if": "Conditions, all of which must be true; without any, always. A missing value makes a condition unknown",
    "then": "What is done, in this order",
    "limits": "How often the rule may act",
    "per_customer": "At most so often in so long, for one customer. Example: 1 per 30d",
    "group": "Of several matching rules in a group only the one with the highest priority acts",
    "priority": "0 to 1000, 50 without it; the highest of a group acts",
    "otherwise": "What is done if no branch before was true, or if nothing comes",
    "origin": "Where the events come from: [outside] without it; [self] for those that rules make",
    "missing": "The event that should follow",
    "after": "The event after which it should come; in a test, how long after the first event",
    "within": "In which time. Example: 45m",
    "same": "The field whose value both events share. Example: customer.id",
    "first": "The event that comes first",
    "at_least": "How many of them start the rule",
    "of": "The event that is counted",
    "where": "Conditions on each event that counts",
    "distinct": "The field whose different values count. Example: customer.id",
    "per": "The field by which they are counted. Example: event.route",
    "again_after": "How long it rests after it has started the rule. Example: 7d",
    "for": "How long it waits. Example: 2d",
    "until": "When to go on: next 08:00, or 2d after event.travel_date; in a test, how long to look",
    "at_most": "How long it waits at the longest, where the field may be missing. Example: 30d",
    "to": "The team or role that is asked",
    "question": "What they are asked, with <placeholders>",
    "answer_within": "How long they have for the answer. Example: 20m",
    "yes": "What is done if they say yes",
    "no": "What is done if they say no",
    "no_answer": "What is done if nobody answers",
    "later": "What happens after the first event, each a time after it",
    "name": "What the test shows, in words",
    "customer": "The customer: an id and what is known; what is left out is missing",
    "case": "The customer's case, if there is one",
    "history": "What happened to the customer before. Example: [{type: complaint.received, ago: 10d}]",
    "expect": "What one rule makes of it",
    "rule": "The id of the rule that is tested",
    "does": "The steps it takes, in order",
    "result": "What becomes of the rule; without it: acted",
    "because": "A part of the reason, such as the name of the missing field",
}


def explained(shape: Schema, inner: Mapping[str, Schema]) -> Schema:
    """The same shape with a description for every key, and with more exact values for some."""
    properties = {
        key: {**_in_own_words(schema), "description": MEANS[key], **inner.get(key, {})}
        for key, schema in shape["properties"].items()
    }
    return {**shape, "properties": properties}


def _in_own_words(schema: Schema) -> Schema:
    """What shapes.py says of a form is what an editor says of a wrong one."""
    return {**schema, "errorMessage": f"write {schema['description']}"} if "description" in schema else schema

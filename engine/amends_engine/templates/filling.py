"""A message by its name: the template in the reader's language, filled with facts."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from amends_engine.conditions import Facts
from amends_engine.messages import Card, Message
from amends_engine.templates.catalogue import Templates, languages
from amends_engine.writing import Look


@dataclass(frozen=True, slots=True)
class Pen:
    """The templates of a company, its own language and its time zone."""

    templates: Templates
    language: str
    timezone: ZoneInfo

    def write(self, name: str, facts: Facts, *, for_staff: bool = False) -> Message | Card:
        """Customers are written to in their own language, staff in the company's; raises MissingValue."""
        wanted = "" if for_staff else str(facts.get("customer.language", ""))
        chain = languages(wanted, self.language)
        return self.templates.get(name, chain).render(facts, Look(chain[0], self.timezone))

# ruff: noqa: INP001, S311 - a script, not a package; its chance decides stories, not secrets
"""Makes data/passengers.csv, data/flights.csv and data/events.jsonl: three days at an airline that does not exist.

The same seed gives the same bytes on every Python from 3.11 on. Needs the standard library only.
"""

import argparse
import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

SEED = 412
DATA = Path(__file__).parent / "data"
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))
MEMBERS, GUESTS, SEATS = 300, 8, 22

TIMETABLE = (  # number, destination, departure from Berlin, minutes in the air
    ("NW 118", "LHR", "07:45", 115),
    ("NW 204", "CDG", "08:30", 110),
    ("NW 230", "MAD", "09:15", 185),
    ("NW 412", "DKR", "10:00", 360),
    ("NW 316", "LIS", "12:20", 220),
    ("NW 508", "JFK", "13:10", 540),
    ("NW 340", "VIE", "15:40", 80),
    ("NW 220", "BCN", "18:05", 160),
)
GATES = {"LHR": "B36", "CDG": "F42", "MAD": "H18", "DKR": "A4", "LIS": "S21", "JFK": "7", "VIE": "F12", "BCN": "C61"}
DELAYS: Mapping[str, tuple[int, ...]] = {  # minutes, each time they were announced
    "NW204-2026-03-02": (35,),
    "NW118-2026-03-02": (50, 95),
    "NW316-2026-03-02": (75, 190, 240),
    "NW340-2026-03-03": (80,),
    "NW220-2026-03-03": (70, 200),
    "NW204-2026-03-04": (185,),
    "NW230-2026-03-04": (65, 110),
    "NW220-2026-03-04": (90,),
    "NW412-2026-03-04": (25,),
}
CAUSES = {"NW 118": "crew", "NW 204": "air traffic", "NW 230": "weather", "NW 316": "technical", "NW 220": "technical"}
SWAPS = {"NW508-2026-03-02", "NW230-2026-03-03", "NW412-2026-03-03", "NW508-2026-03-04"}  # a smaller aircraft came
DOWNGRADED = 12  # passengers on each of them
WELL = (10, 9, 9, 10, 8, 8, 9, 7, 6, 8, 10, 5, 9, 7, 8, 3)  # scores after an ordinary flight
BADLY = (0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8)  # scores after trouble
LANGUAGES = {"en": 32, "de": 28, "fr": 15, "es": 14, "pt": 11}
REGIONS = {"en": "nl", "de": "de-AT", "pt": "pt-BR"}  # there is no Dutch template: nl falls back to English
TIERS = {"basic": 46, "silver": 25, "gold": 20, "platinum": 9}
SPEND = {"basic": (80, 1900), "silver": (700, 4200), "gold": (2400, 7800), "platinum": (6000, 19000)}


@dataclass(frozen=True, slots=True)
class Passenger:
    """speaks is the language of comments; language is what the profile says, and may be missing."""

    id: str
    speaks: str
    name: str | None
    email: str | None
    language: str | None
    tier: str | None
    spend: str | None
    since: str
    home: str


@dataclass(frozen=True, slots=True)
class Flight:
    """delay in minutes, as announced last; lands_at counts it in."""

    id: str
    number: str
    route: str
    departs_at: datetime
    lands_at: datetime
    delay: int


@dataclass(frozen=True, slots=True)
class Trip:
    """One passenger on one flight and what goes wrong. cabin and miles are those of the booking."""

    who: Passenger
    flight: Flight
    cabin: str
    miles: int | None = None
    is_downgraded: bool = False
    is_bag_late: bool = False
    is_certain: bool = False  # complains once for certain, and answers no survey

    @property
    def was_bad(self) -> bool:
        return self.is_downgraded or self.is_bag_late or self.flight.delay > 60


@dataclass(frozen=True, slots=True)
class Happening:
    """One event before it is written; lag is how long the sender took to hand it in."""

    at: datetime
    type: str
    source: str
    who: Passenger
    fields: Mapping[str, object]
    lag: timedelta = timedelta(seconds=20)
    id: str = ""


@dataclass(frozen=True, slots=True)
class Stories:
    """Tells what happens on a trip: all chance comes from rng, all words from phrases."""

    rng: Random
    phrases: Mapping[str, Mapping[str, Sequence[str]]]

    def of(self, trip: Trip) -> Iterator[Happening]:
        for part in (self.seat, self.delay, self.bag, self.complaints, self.survey, self.refund, self.voucher):
            yield from part(trip)

    def seat(self, trip: Trip) -> Iterator[Happening]:
        if trip.is_downgraded or self.chance(0.08):
            lower = "premium" if trip.cabin != "premium" and self.chance(0.3) else "economy"
            fields = booking(trip) | {"cabin_flown": lower if trip.is_downgraded else trip.cabin}
            fields |= {"paid_with": "miles" if trip.miles else "money"}
            at = self.after(trip.flight.departs_at, -55, -25)
            yield Happening(at, "seat.changed", "ops", trip.who, on(trip.flight) | fields)

    def delay(self, trip: Trip) -> Iterator[Happening]:
        flight = trip.flight
        for place, minutes in enumerate(DELAYS.get(flight.id, ())):
            board = f"{flight.departs_at + timedelta(minutes=minutes):%H:%M}"
            fields: dict[str, object] = {"flight_id": flight.id, "number": flight.number, "route": flight.route}
            fields |= {"delay": f"{minutes}m", "cause": CAUSES.get(flight.number)}
            fields |= {"new_departure": board if minutes < 240 else None}  # four hours: nobody knows yet
            lands_at = flight.lands_at + timedelta(minutes=minutes - flight.delay)
            fields |= {"lands_at": lands_at.astimezone(UTC).isoformat() if minutes < 240 else None}
            at = flight.departs_at + timedelta(minutes=40 * place - 60)
            yield Happening(at, "flight.delayed", "ops", trip.who, fields)

    def bag(self, trip: Trip) -> Iterator[Happening]:
        if trip.is_bag_late:
            located = self.rng.choices((True, False, None), (50, 40, 10))[0]
            fields = on(trip.flight) | {"tag": f"NW{self.rng.randint(100000, 999999)}", "located": located}
            fields |= {"arrives_with": trip.flight.number if located and self.chance(0.6) else None}
            yield Happening(self.after(trip.flight.lands_at, 35, 70), "baggage.delayed", "bags", trip.who, fields)

    def complaints(self, trip: Trip) -> Iterator[Happening]:
        """Downgraded people complain on board, others at the gate, at the belt or from home."""
        start, end = trip.flight.departs_at, trip.flight.lands_at
        if trip.is_downgraded and (trip.is_certain or self.chance(0.8)):
            yield from self.complaint(trip, "seat", self.after(start, 20, (end - start) // timedelta(minutes=1) - 15))
        elif trip.is_bag_late and self.chance(0.5):
            yield from self.complaint(trip, "baggage", self.after(end, 90, 240))
        elif trip.flight.delay >= 180 and self.chance(0.25):
            yield from self.complaint(trip, "delay", self.after(start, 40, 180))
        elif self.chance(0.04):
            yield from self.complaint(trip, "cabin", self.after(end, 60, 600))

    def complaint(self, trip: Trip, topic: str, at: datetime) -> Iterator[Happening]:
        """One complaint in five is followed by another, because the answer did not help."""
        theme = "severe" if not trip.is_certain and self.chance(0.04) else topic
        channel = "chat" if topic == "seat" else self.rng.choice(("app", "email", "phone"))
        fields = on(trip.flight) | {"channel": channel, "topic": topic} | (booking(trip) if topic == "seat" else {})
        first = fields | {"comment": self.say(trip.who, theme), "contact": 1}
        yield Happening(at, "complaint.received", "crm", trip.who, first)
        if not trip.is_certain and self.chance(0.2):
            again = fields | {"comment": self.say(trip.who, "again"), "contact": 2}
            yield Happening(self.after(at, 300, 900), "complaint.received", "crm", trip.who, again)

    def survey(self, trip: Trip) -> Iterator[Happening]:
        if trip.is_certain or not self.chance(0.72):
            return
        score = self.rng.choice(BADLY if trip.was_bad else WELL)
        theme = "praise" if score >= 9 else "neutral" if score >= 7 else "severe" if self.chance(0.02) else "gripe"
        fields = on(trip.flight) | {
            "nps": score if self.chance(0.96) else None,
            "csat": 1 + score * 4 // 10 if self.chance(0.7) else None,
            "comment": self.say(trip.who, theme) if self.chance(0.6) else None,
            "touchpoint": touchpoint(trip),
        }
        lag = timedelta(hours=26) if self.chance(0.03) else timedelta(seconds=20)
        yield Happening(
            self.after(trip.flight.lands_at, 120, 1200), "feedback.received", "survey", trip.who, fields, lag
        )

    def refund(self, trip: Trip) -> Iterator[Happening]:
        reason = "delay" if trip.flight.delay >= 180 else "downgrade" if trip.is_downgraded and not trip.miles else None
        if reason and self.chance(0.3):
            code = "".join(self.rng.choices("BCDFGHJKLMNPQRSTVWXYZ346789", k=4))
            amount = f"{self.rng.randint(40, 700)}.{self.rng.choice(('00', '90'))} EUR"
            fields = {"booking": f"NW{code}", "amount": amount, "reason": reason}
            yield Happening(self.after(trip.flight.lands_at, 180, 1500), "refund.requested", "web", trip.who, fields)

    def voucher(self, trip: Trip) -> Iterator[Happening]:
        """Vouchers of earlier weeks are used after an ordinary flight."""
        if not trip.was_bad and self.chance(0.08):
            travel = trip.flight.departs_at.date() + timedelta(days=self.rng.randint(10, 90))
            fields = {"from": self.rng.choice(("recovery", "recovery", "birthday")), "airport": "BER"}
            fields |= {"spent": f"{self.rng.choice((25, 50, 75))} EUR", "travel_date": travel.isoformat()}
            yield Happening(self.after(trip.flight.lands_at, 200, 1500), "voucher.redeemed", "shop", trip.who, fields)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def say(self, who: Passenger, theme: str) -> str:
        return self.rng.choice(self.phrases[who.speaks][theme])

    def after(self, start: datetime, low: int, high: int) -> datetime:
        """A moment between low and high minutes later."""
        return start + timedelta(seconds=self.rng.randint(low * 60, high * 60))


def on(flight: Flight) -> dict[str, object]:
    return {"flight_id": flight.id, "flight": flight.number, "route": flight.route}


def booking(trip: Trip) -> dict[str, object]:
    return {"cabin_paid": trip.cabin, "miles_paid": trip.miles}


def touchpoint(trip: Trip) -> str:
    if trip.is_bag_late:
        return "baggage"
    return "punctuality" if trip.flight.delay > 60 else "cabin" if trip.is_downgraded else "airport"


def flights_on(day: date) -> list[Flight]:
    flights = []
    for number, destination, clock, minutes in TIMETABLE:
        flight_id = f"{number.replace(' ', '')}-{day}"
        delay = max(DELAYS.get(flight_id, ()), default=0)
        departs_at = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=BERLIN)
        lands_at = departs_at + timedelta(minutes=minutes + delay)
        flights.append(Flight(flight_id, number, f"BER-{destination}", departs_at, lands_at, delay))
    return flights


def passenger(number: int, stories: Stories) -> Passenger:
    """A profile with the gaps that real ones have."""
    rng = stories.rng
    speaks, tier = pick(LANGUAGES, rng), pick(TIERS, rng)
    name = rng.choice(stories.phrases[speaks]["names"])
    region = REGIONS.get(speaks, speaks) if stories.chance(0.12) else speaks
    return Passenger(
        id=f"NW{number}",
        speaks=speaks,
        name=name if stories.chance(0.99) else None,
        email=f"{plain(name)}.{number}@example.{rng.choice(('com', 'org'))}" if stories.chance(0.98) else None,
        language=region if stories.chance(0.97) else None,
        tier=tier if stories.chance(0.97) else None,
        spend=f"{rng.randint(*SPEND[tier])} EUR" if stories.chance(0.96) else None,
        since=f"{date(2010, 1, 1) + timedelta(days=rng.randint(0, 5800))}",
        home=rng.choice(("BER", "BER", "BER", "CDG", "LIS", "MAD", "LHR", "VIE")),
    )


def pick(weights: Mapping[str, int], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def plain(name: str) -> str:
    """The name in the letters of an address: Léa becomes lea."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


def trips(people: Sequence[Passenger], stories: Stories) -> Iterator[Trip]:
    """Everybody flies once a day at most; three lose their business seat on Monday and, again, on Wednesday."""
    unlucky = [*of_tier("platinum", people)[:2], *of_tier("gold", people)[:1]]
    others = [who for who in people if who not in unlucky]
    for day in DAYS:
        riders = iter(stories.rng.sample(others, SEATS * len(TIMETABLE)))
        for flight in flights_on(day):
            for seat in range(SEATS):
                yield trip(next(riders), flight, flight.id in SWAPS and seat < DOWNGRADED, stories)
            if flight.number == "NW 508" and flight.id in SWAPS:
                yield from (Trip(who, flight, "business", is_downgraded=True, is_certain=True) for who in unlucky)


def of_tier(tier: str, people: Iterable[Passenger]) -> list[Passenger]:
    return [who for who in people if who.tier == tier and who.name and who.email]


def trip(who: Passenger, flight: Flight, is_downgraded: bool, stories: Stories) -> Trip:
    cabins = {"premium": 7, "business": 4, "first": 1} if is_downgraded else {"economy": 8, "premium": 2, "business": 1}
    cabin = pick(cabins, stories.rng)
    miles = stories.rng.choice((40_000, 65_000, 90_000)) if cabin != "economy" and stories.chance(0.4) else None
    return Trip(who, flight, cabin, miles, is_downgraded, stories.chance(0.16 if flight.delay > 60 else 0.05))


def in_order_of_arrival(happenings: Iterable[Happening]) -> list[Happening]:
    """Numbered; every 170th is sent twice and Ana's seat three times, as by senders that got no answer."""
    arrived = sorted(happenings, key=lambda one: (one.at + one.lag, one.who.id, one.type))
    numbered = [replace(one, id=one.id or f"e-{place:05}") for place, one in enumerate(arrived, 1)]
    again = [*numbered[169::170], *[one for one in numbered if one.id == "ana-seat"] * 2]
    repeats = [replace(one, lag=one.lag + timedelta(minutes=7)) for one in again]
    return sorted([*numbered, *repeats], key=lambda one: one.at + one.lag)


def event(one: Happening, stories: Stories, members: Sequence[Passenger]) -> dict[str, object]:
    return {
        "id": one.id,
        "type": one.type,
        "time": one.at.astimezone(UTC if one.source == "ops" else BERLIN).isoformat(),
        "source": one.source,
        "customer": {"id": one.who.id} | known_to_sender(one, stories, members),
        "data": {name: value for name, value in one.fields.items() if value is not None},
    }


def known_to_sender(one: Happening, stories: Stories, members: Sequence[Passenger]) -> dict[str, str]:
    """Guests bring their name along; the complaints desk knows some tiers, and not always the same ones."""
    who = one.who
    if who not in members:
        about = {"name": who.name, "email": who.email, "language": who.language}
        return {name: value for name, value in about.items() if value}
    if one.source == "crm" and not one.id.startswith("ana-") and (who.tier is None or stories.chance(0.06)):
        return {"tier": pick(TIERS, stories.rng)}
    return {}


def events_text(happenings: Iterable[Happening], stories: Stories, members: Sequence[Passenger]) -> str:
    """JSON Lines; what is sent twice is the same line twice."""
    ordered = in_order_of_arrival(happenings)
    events = {one.id: event(one, stories, members) for one in ordered}
    return "".join(json.dumps(events[one.id], ensure_ascii=False) + "\n" for one in ordered)


def passengers_text(members: Iterable[Passenger]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    header = ("Member", "First name", "E-mail", "Language", "Status", "Spend 365 days", "Member since", "Home airport")
    rows.writerow((*header, "Card printed"))
    for who in members:
        tier = (who.tier or "").capitalize()
        rows.writerow((who.id, who.name, who.email, who.language, tier, who.spend, who.since, who.home, "yes"))
    return out.getvalue()


def flights_text() -> str:
    """The plan as it is before the first delay."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("Flight", "Date", "Lands", "Arrival gate"))
    for day in DAYS:
        for flight in flights_on(day):
            planned = (flight.lands_at - timedelta(minutes=flight.delay)).astimezone(UTC)
            number, gate = flight.number.replace(" ", ""), GATES[flight.route.removeprefix("BER-")]
            rows.writerow((number, day, f"{planned:%Y-%m-%dT%H:%MZ}", gate))
    return out.getvalue()


def make(seed: int) -> dict[str, str]:
    """The text of each file by name."""
    stories = Stories(Random(seed), json.loads((DATA / "phrases.json").read_text("utf-8")))
    story = json.loads((DATA / "ana.json").read_text("utf-8"))
    ana = Passenger(**story["passenger"])
    people = [passenger(100_002 + place, stories) for place in range(MEMBERS - 1 + GUESTS)]
    members = [ana, *people[: MEMBERS - 1]]
    happenings = [one for each in trips(people, stories) for one in stories.of(each)]
    for told in story["events"]:
        at = datetime.fromisoformat(told["time"])
        happenings.append(Happening(at, told["type"], told["source"], ana, told["data"], id=told["id"]))
    return {
        "passengers.csv": passengers_text(members),
        "flights.csv": flights_text(),
        "events.jsonl": events_text(happenings, stories, members),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    given = options.parse_args()
    for name, text in make(given.seed).items():
        (given.out / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()

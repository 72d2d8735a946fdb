"""Fields that are made of others: declared nowhere or in one line, read like any field, never carried by an event."""

from collections.abc import Callable, Mapping

from amends_engine.comparing import before
from amends_engine.fields import Derivation, Derived, Field, FieldType, Kind
from amends_engine.languages import language_of
from amends_engine.scales import SCALES
from amends_engine.sentiment import BANDS, band, sentiment
from amends_engine.values import Value

_Facts = Mapping[str, Value]


def band_of(scored: Field) -> Derived:
    """`feedback.nps_band` of `feedback.nps`."""
    scale = SCALES[scored.type.scale]
    wanted = FieldType(Kind.CHOICE, choices=scale.names)
    made = Field(f"{scored.name}_band", wanted, scored.is_required, scored.is_personal, place=scored.place)
    return Derived(made, scored.name, Derivation.BAND, scale.word)


def sentiment_of(text: Field, name: str, language: str) -> tuple[Derived, Derived]:
    """The sentiment of a text under this full name, and its band; language: the company's."""
    score = Field(name, FieldType(Kind.NUMBER, -1, 1), is_personal=text.is_personal)
    band = Field(f"{name}_band", FieldType(Kind.CHOICE, choices=BANDS), is_personal=text.is_personal)
    return Derived(score, text.name, Derivation.SENTIMENT, language), Derived(band, name, Derivation.SENTIMENT_BAND)


def with_derived(facts: _Facts, derived: Mapping[str, Derived]) -> dict[str, Value]:
    """The facts, and of them those that can be made, of bands also those before; one of a missing value is missing."""
    made = dict(facts)
    for name, row in derived.items():
        if row.of in made and (value := _MAKE[row.how](made[row.of], row, made)) is not None:
            made[name] = value
        if row.how is Derivation.BAND and (was := made.get(before(row.of))) is not None:
            value = _band(was, row, made)
            made.update({before(name): value} if value is not None else {})
    return made


def _band(score: Value, row: Derived, _facts: _Facts) -> Value | None:
    is_score = isinstance(score, int | float) and not isinstance(score, bool)
    return SCALES[row.by].band(float(score)) if is_score else None  # type: ignore[arg-type]


def _sentiment(text: Value, row: Derived, facts: _Facts) -> Value | None:
    return sentiment(text, language_of(row.of, facts, row.by)) if isinstance(text, str) else None


def _sentiment_band(score: Value, _row: Derived, _facts: _Facts) -> Value | None:
    return band(score) if isinstance(score, float) else None


_MAKE: dict[Derivation, Callable[[Value, Derived, _Facts], Value | None]] = {
    Derivation.BAND: _band,
    Derivation.SENTIMENT: _sentiment,
    Derivation.SENTIMENT_BAND: _sentiment_band,
}

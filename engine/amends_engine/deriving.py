"""Fields that are made of others: declared nowhere or in one line, read like any field, never carried by an event."""

from collections.abc import Callable, Mapping

from amends_engine.fields import Derivation, Derived, Field, FieldType, Kind
from amends_engine.scales import SCALES
from amends_engine.values import Value

_Facts = Mapping[str, Value]


def band_of(scored: Field) -> Derived:
    """`feedback.nps_band` of `feedback.nps`."""
    scale = SCALES[scored.type.scale]
    wanted = FieldType(Kind.CHOICE, choices=scale.names)
    made = Field(f"{scored.name}_band", wanted, scored.is_required, scored.is_personal, place=scored.place)
    return Derived(made, scored.name, Derivation.BAND, scale.word)


def with_derived(facts: _Facts, derived: Mapping[str, Derived]) -> dict[str, Value]:
    """The facts, and of them those that can be made; one of a missing value is missing too."""
    made = dict(facts)
    for name, row in derived.items():
        if row.of in made and (value := _MAKE[row.how](made[row.of], row, made)) is not None:
            made[name] = value
    return made


def _band(score: Value, row: Derived, _facts: _Facts) -> Value | None:
    is_score = isinstance(score, int | float) and not isinstance(score, bool)
    return SCALES[row.by].band(float(score)) if is_score else None  # type: ignore[arg-type]


_MAKE: dict[Derivation, Callable[[Value, Derived, _Facts], Value | None]] = {Derivation.BAND: _band}

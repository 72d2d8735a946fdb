"""Which language a text is in, and the small words that turn what it says around."""

from collections.abc import Mapping
from dataclasses import dataclass

from amends_engine.values import Value


def language_of(field: str, facts: Mapping[str, Value], default: str) -> str:
    """Two letters: what the event says of itself (feedback.language), else of its customer, else default."""
    entity = field.partition(".")[0]
    for name in (f"{entity}.language", "customer.language"):
        said = facts.get(name)
        if isinstance(said, str) and said:
            return plain_language(said)
    return plain_language(default)


def plain_language(tag: str) -> str:
    """ "de" for "de-AT"."""
    return tag.replace("_", "-").partition("-")[0].casefold()


STEMMERS: Mapping[str, str] = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The languages whose word forms are known, with the Snowball algorithm of each."""


@dataclass(frozen=True, slots=True)
class SmallWords:
    """denials take back what follows; turns end that ("not cheap but late"); only after a denial undoes it."""

    denials: frozenset[str]
    turns: frozenset[str]
    only: frozenset[str]


def _words(denials: str, turns: str, only: str) -> SmallWords:
    return SmallWords(frozenset(denials.split()), frozenset(turns.split()), frozenset(only.split()))


_NORWEGIAN = _words("ikke ikkje aldri uten utan ingen intet", "men", "bare kun")

SMALL_WORDS: Mapping[str, SmallWords] = {
    "da": _words("ikke aldrig uden ingen intet", "men", "kun bare"),
    "de": _words(
        "nicht kein keine keinen keinem keiner keines nie niemals ohne nichts weder niemand",
        "aber sondern doch jedoch obwohl",
        "nur bloß",
    ),
    "en": _words(
        "not no never none nobody nothing without neither nor cannot hardly "
        "cant dont didnt doesnt wasnt werent isnt arent wont",
        "but however although though yet except",
        "only just merely",
    ),
    "es": _words(
        "no nunca jamás sin ningún ninguna ninguno nada ni tampoco", "pero sino aunque", "solo sólo solamente"
    ),
    "fr": _words("ne n pas sans aucun aucune jamais rien ni non", "mais pourtant cependant", "seulement uniquement"),
    "it": _words("non mai senza nessun nessuno nessuna niente né", "ma però bensì", "solo soltanto"),
    "nb": _NORWEGIAN,
    "nl": _words("niet geen nooit zonder niets noch niemand", "maar echter", "alleen slechts"),
    "nn": _NORWEGIAN,
    "no": _NORWEGIAN,
    "pt": _words("não nunca jamais sem nenhum nenhuma nada nem", "mas porém", "só apenas somente"),
    "sv": _words("inte ej aldrig utan ingen inget inga", "men", "bara endast"),
}
"""Where a language is not here, nothing is taken for denied."""

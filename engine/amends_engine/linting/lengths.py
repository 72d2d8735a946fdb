"""Lengths of time that a text promises: "within 72 hours", in eight languages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

_Key = TypeVar("_Key")

_NUMBERS = {
    1: "one|an|a|einer|einem|eines|eine|un|una|une|um|uma|uno|een|één|en|ett",
    2: "two|zwei|dos|deux|dois|duas|due|twee|två|to",
    3: "three|drei|tres|trois|três|tre|drie",
    4: "four|vier|cuatro|quatre|quatro|quattro|fyra",
    5: "five|fünf|cinco|cinq|cinque|vijf|fem",
    7: "seven|sieben|siete|sept|sete|sette|zeven|sju",
    10: "ten|zehn|diez|dix|dez|dieci|tien|tio",
}
_UNITS = {
    timedelta(minutes=1): "minutes?|minuten?|minutos?|minut[oi]|minuter|min",
    timedelta(hours=1): "hours?|stunden?|horas?|heures?|or[ae]|uur|uren|timm[ae]r?|timer?|std|hrs?|h",
    timedelta(days=1): "days?|tag(?:en?|e)?|d[ií]as?|jours?|giorn[oi]|dag(?:en|ar)?",
    timedelta(weeks=1): "weeks?|wochen?|semanas?|semaines?|settiman[ae]|we(?:ek|ken)|veck(?:a|or)|uger?",
}
_WORKING = "(?:working|business|arbeits|werk|laborables|hábiles|úteis|ouvr[ée]s|ouvrables|lavorativi)"
_WITHIN = (
    # English
    "within(?: the next)?|in (?:the next|less than|under|at most)|no later than"
    # German, Dutch
    "|innerhalb von|innerhalb|binnen|in den nächsten|in weniger als|in spätestens|spätestens in"
    # Spanish, Portuguese, French, Italian
    "|en un plazo de|en el plazo de|dentro de(?: las próximas)?|en menos de|en las próximas"
    "|no prazo de|num prazo de|em menos de|em até|nas próximas"
    "|sous|dans les|d['’]ici|en moins de|dans un délai de"
    "|entro|in meno di|nelle prossime"
    # Swedish, Danish
    "|inom|inden for"
)
_GAP = r"[\s\u00a0*_]+"
_TO = rf"(?:{_GAP})?(?:[-–]|to|bis|or|oder|a|à|o|ou)(?:{_GAP})?"
_NUMBER = "|".join(["[0-9]{1,3}", *_NUMBERS.values()])
_UNIT = "|".join(_UNITS.values())
_PHRASE = re.compile(
    rf"(?<!\w)(?:(?:{_WITHIN}){_GAP}(?:[0-9]{{1,3}}{_TO})?(?P<count>{_NUMBER}){_GAP}"
    rf"(?:{_WORKING}[\s-]*)?(?P<unit>{_UNIT})"
    # these two prepositions say "within" only before hours: a voucher expires "en 30 días"
    rf"|(?:en|em){_GAP}(?P<hours>[0-9]{{1,3}}){_GAP}horas?)(?!\w)(?P<after>{_GAP}{_WORKING})?",
    re.IGNORECASE,
)
# deadlines of the customer or of a thing, not of the company
_NOT_OURS = re.compile(
    r"(?<!\w)(?:valid|expires?|redeem|return it|send (?:it|them) back|if you|unless you"
    r"|gültig|läuft ab|einlösen|zurücksenden|zurückgeben|wenn sie|falls sie"
    r"|válid[oa]s?|caducan?|canjear?|devolver|si usted|si no nos|expira"
    r"|valables?|expire|retourner|renvoyer|si vous|valid[oi]|scade|restituire)(?!\w)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n|\n\s*[-*] ")


@dataclass(frozen=True, slots=True)
class Length:
    """words as they stand in the text, from offset; within is None where it is counted in working days."""

    words: str
    offset: int
    within: timedelta | None


def lengths_in(text: str) -> Iterator[Length]:
    """Those the company sets itself; deadlines of the customer and of vouchers are left out."""
    for found in _PHRASE.finditer(text):
        if not _NOT_OURS.search(_sentence(text, found)):
            words = " ".join(re.sub(r"[*_]", " ", found[0]).split())
            yield Length(words, found.start(), _length(found))


def _sentence(text: str, found: re.Match[str]) -> str:
    start = max((end.end() for end in _SENTENCE_END.finditer(text, 0, found.start())), default=0)
    end = _SENTENCE_END.search(text, found.end())
    return text[start : end.start() if end else len(text)]


def _length(found: re.Match[str]) -> timedelta | None:
    if found["hours"]:
        return timedelta(hours=int(found["hours"]))
    if re.search(_WORKING, found[0], re.IGNORECASE):
        return None
    count, unit = found["count"], found["unit"]
    return (int(count) if count.isdigit() else _row(count, _NUMBERS)) * _row(unit, _UNITS)


def _row(word: str, table: Mapping[_Key, str]) -> _Key:
    """The key of the row whose words hold this one."""
    return next(key for key, words in table.items() if re.fullmatch(words, word, re.IGNORECASE))

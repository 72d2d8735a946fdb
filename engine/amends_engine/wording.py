"""What a text speaks of: words in any of their forms, phrases, and whether they are denied."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from amends_engine.languages import SMALL_WORDS, STEMMERS, SmallWords, language_of
from amends_engine.values import Value

_REACH = 3  # words between a denial and what it denies
_PIECE = re.compile(r"\w+(?:['’]\w+)*|[.,;:!?()\n…–—]")
_END = "."
_NOTHING = SmallWords(frozenset(), frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words or phrases looked for in a field; language: the company's, for texts that do not say theirs."""

    phrases: tuple[str, ...]
    field: str
    language: str

    def __str__(self) -> str:
        return ", ".join(self.phrases)


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words, small letters, and their stems at the same positions; "." ends a clause."""

    words: tuple[str, ...]
    stems: tuple[str, ...]


def speaks_of(text: str, sought: Phrases, facts: Mapping[str, Value]) -> bool:
    """Whether one of the phrases stands there in any form, denied or not."""
    return any(True for _ in _found(text, sought, facts))


def says(text: str, sought: Phrases, facts: Mapping[str, Value]) -> bool:
    """The same, where it is not denied: "not late" does not say late."""
    small = SMALL_WORDS.get(language_of(sought.field, facts, sought.language), _NOTHING)
    return any(not _is_denied(words, start, small) for words, start in _found(text, sought, facts))


def has_words(phrase: str) -> bool:
    return any(piece[0].isalnum() for piece in _PIECE.findall(phrase))


def _found(text: str, sought: Phrases, facts: Mapping[str, Value]) -> Iterator[tuple[tuple[str, ...], int]]:
    language = language_of(sought.field, facts, sought.language)
    read = read_words(text, language)
    for phrase in sought.phrases:
        wanted = tuple(stem for stem in _read_phrase(phrase, language).stems if stem != _END)
        for start, stem in enumerate(read.stems):
            if stem == wanted[0] and read.stems[start : start + len(wanted)] == wanted:
                yield read.words, start


def _is_denied(words: tuple[str, ...], start: int, small: SmallWords) -> bool:
    for place in range(start - 1, max(start - 1 - _REACH, -1), -1):
        word = words[place]
        if word == _END or word in small.turns:
            return False
        if word in small.denials or word.endswith("n't"):
            return words[place + 1] not in small.only
    return False


@lru_cache(maxsize=16)
def read_words(text: str, language: str) -> Words:
    """Cached, as many rules ask about the same text one after the other."""
    words = tuple(_split(text, language))
    return Words(words, tuple(_stem(word, language) for word in words))


@lru_cache(maxsize=4096)
def _read_phrase(phrase: str, language: str) -> Words:
    return read_words.__wrapped__(phrase, language)


def _split(text: str, language: str) -> Iterator[str]:
    for piece in _PIECE.findall(text.casefold()):
        if not piece[0].isalnum() and piece[0] != "_":
            yield _END
        elif language == "en":
            yield piece.replace("’", "'")
        else:
            yield from re.split("['’]", piece)  # l'avion, dell'aereo


@lru_cache(maxsize=65_536)
def _stem(word: str, language: str) -> str:
    algorithm = STEMMERS.get(language)
    if algorithm is None or word == _END:
        return word
    # a new one for each word: a stemmer keeps the word it works on, and threads share this function
    stem: str = _algorithm(algorithm)().stemWord(word)
    return stem


@cache
def _algorithm(name: str) -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return type(snowballstemmer.stemmer(name))

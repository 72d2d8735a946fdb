"""Words that are nearly right."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of words that was probably meant."""
    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return near[0] if near else None

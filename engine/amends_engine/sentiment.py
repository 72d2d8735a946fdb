"""Whether a text is friendly or angry, by a lexicon of words: offline, the same for everybody, English only."""

from functools import cache
from typing import Any

KNOWN = frozenset({"en"})
BANDS = ("negative", "neutral", "positive")
_EDGE = 0.05  # https://github.com/cjhutto/vaderSentiment#about-the-scoring
_LONGEST = 2_000  # characters; what comes after hardly changes the answer and takes time


def sentiment(text: str, language: str) -> float | None:
    """From -1 (angry) to 1 (delighted); None for a language that the lexicon does not know, and for no text."""
    if language not in KNOWN or not text.strip():
        return None
    return float(_analyzer().polarity_scores(text[:_LONGEST])["compound"])


def band(score: float) -> str:
    if score <= -_EDGE:
        return "negative"
    return "positive" if score >= _EDGE else "neutral"


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]

    return SentimentIntensityAnalyzer()

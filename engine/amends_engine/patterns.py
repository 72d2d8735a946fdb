"""Patterns in text: RE2 only, which takes time in proportion to the text whatever the pattern."""

import re
from functools import lru_cache
from typing import Any

from amends_engine.values import BadValue

MAX_PATTERN = 1_000
MAX_PATTERNS = 100
"""Different patterns of one workspace: the worst that RE2 takes needs some milliseconds to compile."""

_MAX_MEMORY = 1 << 18  # bytes for one compiled pattern; RE2 refuses larger ones

_REFUSED: tuple[tuple[str, str], ...] = (
    (r"\(\?<?[=!]", "looks ahead or back with (?=…), (?!…), (?<=…) or (?<!…)"),
    (r"\(\?P=|\\[1-9]|\\k[<{']", "refers back to a group"),
    (r"\(\?>", "has an atomic group, (?>…)"),
    (r"\(\?\(", "chooses by a group, (?(1)…)"),
    (r"\(\?#", "has a comment, (?#…)"),
    (r"[*+?}]\+", "has a possessive repetition such as a++"),
    (r"\\Z", "has \\Z where \\z is the end of the text"),
    (r"\{\d*,?\d{4}", "repeats something more than 1,000 times"),
)
"""What other engines know and RE2 does not, with words for it; looked for after RE2 has refused a pattern."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The pattern ready to search with; raises BadValue that names what RE2 does not take."""
    import re2  # type: ignore[import-untyped]

    if len(pattern) > MAX_PATTERN:
        raise BadValue(f"the pattern has {len(pattern):,} characters; {MAX_PATTERN:,} are allowed")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise BadValue(f"the pattern {_shorten(pattern)} {_reason(pattern, error)}") from None


def _reason(pattern: str, error: Exception) -> str:
    for construct, words in _REFUSED:
        if re.search(construct, pattern):
            return f"{words}, which is not part of RE2"
    said = error.args[0] if error.args else ""
    return f"is not a pattern: {said.decode(errors='replace') if isinstance(said, bytes) else said}"


def _shorten(pattern: str) -> str:
    shown = pattern if len(pattern) <= 60 else f"{pattern[:57]}…"
    return repr(shown).replace("\\\\", "\\")


def is_found(pattern: str, text: str) -> bool:
    """Whether the pattern fits anywhere in the text; ^ and $ are the ends of the text."""
    return compiled(pattern).search(text) is not None

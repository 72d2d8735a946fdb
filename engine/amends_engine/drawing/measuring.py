"""How wide text is, never less than in the fonts it may be drawn with, and how it is broken into rows."""

import unicodedata
from collections.abc import Iterator, Mapping

# em of the widest of DejaVu Sans, Liberation Sans (Arial) and their likes, rounded up
_LETTERS = (
    (0.3, "ijlI'"),
    (0.34, " |/\\:;"),
    (0.42, "ft.,!()[]-r‘’·"),
    (0.54, '“”sz"*`'),
    (0.6, "–cvxyk?_L•"),
    (0.65, "abdeghnopqu{}0123456789$FTJ€"),
    (0.7, "PEKVXYZSAB"),
    (0.8, "&CDGHNORQU"),
    (0.87, "Mw+<>=~^#✓"),
    (1.03, "Wm%@—…→"),
)
_WIDTHS: Mapping[str, float] = {letter: width for width, letters in _LETTERS for letter in letters}
_SMALL, _IDEOGRAPH, _WIDEST = 1.0, 1.05, 1.4
_BOLD = 1.27  # the narrow letters grow most


def width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Pixels that the text takes at most at this font size."""
    return sum(map(_em, text)) * size * (_BOLD if is_bold else 1.0)


def _em(letter: str) -> float:
    bare = letter if letter in _WIDTHS else unicodedata.normalize("NFD", letter)[0]  # é is as wide as e
    if bare in _WIDTHS:
        return _WIDTHS[bare]
    category = unicodedata.category(letter)
    if category in {"Mn", "Me", "Cf"}:
        return 0.0
    if category == "Lo" and unicodedata.east_asian_width(letter) in "WF":
        return _IDEOGRAPH
    return _SMALL if category == "Ll" else _WIDEST


def wrap(text: str, size: float, room: float, *, is_bold: bool = False) -> tuple[str, ...]:
    """Rows that fit into room pixels; a word that is wider than that is broken."""
    rows: list[str] = []
    for word in text.split():
        for piece in _pieces(word, size, room, is_bold):
            longer = f"{rows[-1]} {piece}" if rows else piece
            if rows and width(longer, size, is_bold=is_bold) <= room:
                rows[-1] = longer
            else:
                rows.append(piece)
    return tuple(rows)


def _pieces(word: str, size: float, room: float, is_bold: bool) -> Iterator[str]:
    if width(word, size, is_bold=is_bold) <= room:
        yield word
        return
    piece = ""
    for letter in word:
        if piece and width(piece + letter, size, is_bold=is_bold) > room:
            yield piece
            piece = ""
        piece += letter
    yield piece

"""The colours and type of a picture, by day and by night."""

from collections.abc import Iterator

from amends_engine.drawing.graph import Shape

# fill and line of each shape, by day and by night
COLOURS: dict[Shape, tuple[tuple[str, str], tuple[str, str]]] = {
    Shape.TRIGGER: (("#e8f1fe", "#2563c9"), ("#13294b", "#6ea8fe")),
    Shape.CONDITION: (("#fff6e0", "#96600f"), ("#352a10", "#e3b341")),
    Shape.CHOICE: (("#f3edfd", "#7c4dbd"), ("#2b2041", "#b795f0")),
    Shape.STEP: (("#e7f6ee", "#1c7048"), ("#12301f", "#56c28d")),
    Shape.END: (("#f1f3f5", "#5c6875"), ("#252b33", "#8b97a5")),
}
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

_TYPE = f"""
.amends-rule text {{ font-family: {_FONTS}; font-size: 13px; }}
.amends-rule .name {{ font-size: 20px; font-weight: 600; }}
.amends-rule .title {{ font-weight: 600; }}
.amends-rule .note, .amends-rule .label {{ font-size: 12px; }}
.amends-rule .end text, .amends-rule .note {{ text-anchor: middle; }}
.amends-rule .box, .amends-rule .wire {{ stroke-width: 1.5; }}
"""


def style() -> str:
    """CSS whose every rule begins with the picture's own class, so that a page around it keeps its looks."""
    day = "\n".join(_paint("#ffffff", "#1b222b", "#56616f", time=0))
    night = "\n".join(_paint("#12161c", "#e6e9ee", "#a3adb9", time=1))
    return f"{_TYPE}{day}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}\n"


def _paint(sheet: str, text: str, quiet: str, *, time: int) -> Iterator[str]:
    """quiet: the colour of what stands back; time: 0 by day, 1 by night."""
    yield f".amends-rule .sheet {{ fill: {sheet}; }}"
    yield f".amends-rule text {{ fill: {text}; }}"
    yield f".amends-rule .why, .amends-rule .note, .amends-rule .label {{ fill: {quiet}; }}"
    yield f".amends-rule .wire, .amends-rule .pill {{ fill: none; stroke: {quiet}; }}"
    yield f".amends-rule .arrow {{ fill: {quiet}; }}"
    for shape, both in COLOURS.items():
        fill, line = both[time]
        yield f".amends-rule .{shape} .box {{ fill: {fill}; stroke: {line}; }}"
        yield f".amends-rule .{shape} .title {{ fill: {line}; }}"

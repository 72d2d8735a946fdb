"""Random YAML documents as people write them: every style, odd indentation, comments and blank lines everywhere."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

WORDS = ("gold", "two words", "NO", "22:30", "+49301", "0031", "1", "1.50", "true", "null", "5 EUR", "a#b", "Ätna 🙂")
QUOTED = ('"q # no comment"', "'it''s'", '"a\\tb"', '""', '"{x}"', "'[y]'", '"ends\\\\"')
SEVERAL_LINES = (
    "plain{0}over lines",
    '"quoted{0}over lines"',
    "'quoted{0}with{0}{0}a blank line'",
    '"cut \\{0}here"',
)


@dataclass
class Writer:
    """Draws a document line by line. Every comment has a number of its own, so that a lost one is seen."""

    draw: DrawFn
    comments: int = 0
    keys: int = 0
    lines: list[str] = field(default_factory=list)

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def blanks(self, most: int = 3) -> str:
        return " " * self.draw(st.integers(1, most))

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments};"

    def line(self, text: str) -> None:
        behind = self.blanks() + self.comment() if self.chance(4) else ""
        self.lines.append(text + behind + (self.blanks() if self.chance(5) else ""))
        self.between()

    def between(self) -> None:
        while self.chance(4):
            self.lines.append(self.pick("", "   ", " " * self.draw(st.integers(0, 8)) + self.comment()))

    def key(self) -> str:
        self.keys += 1
        return self.pick(f"k{self.keys}", f'"k {self.keys}"', f"'k.{self.keys}'") + self.pick(":", ":", " :")

    def collection(self, column: int, depth: int, first: str = "") -> None:
        """A block collection whose entries stand in this column; first: what stands before the first of them."""
        is_list = self.chance(3)
        for number in range(self.draw(st.integers(1, 3))):
            before = first if first and number == 0 else " " * column
            if is_list:
                self.entry(before + "-", column, depth)
            else:
                self.value(before + self.key(), column, depth)

    def entry(self, before: str, column: int, depth: int) -> None:
        gap = self.blanks()
        if depth and self.chance(2):
            self.collection(column + 1 + len(gap), depth - 1, first=before + gap)
        else:
            self.value(before, column, depth)

    def value(self, before: str, column: int, depth: int) -> None:
        kind = self.draw(st.integers(0, 8))
        deeper = column + self.draw(st.integers(1, 4))
        if kind <= 2 and depth:
            self.line(before)
            self.collection(deeper, depth - 1)
        elif kind <= 4:
            self.line(before + self.blanks() + self.pick(*WORDS, *QUOTED))
        elif kind == 5:
            self.block(before, deeper)
        elif kind == 6:
            text = self.pick(*SEVERAL_LINES).format("\n" + " " * deeper)
            self.line(before + self.blanks() + text)
        elif kind == 7:
            self.line(before + self.blanks() + self.flow(2, column + 1))
        else:
            self.line(before)

    def block(self, before: str, column: int) -> None:
        self.lines.append(before + " " + self.pick("|", ">", "|-", ">+", "|+"))
        for inset in (0, *self.draw(st.lists(st.integers(0, 3), max_size=2))):
            self.lines.append(" " * (column + inset) + "text # not a comment" + self.pick("", "  "))
        self.lines.extend([""] * self.draw(st.integers(0, 2)))

    def flow(self, depth: int, column: int) -> str:
        is_list = self.chance(2)
        members = [self.member(is_list, depth, column) for _ in range(self.draw(st.integers(0, 3)))]
        opening, closing = "[]" if is_list else "{}"
        gap = lambda: self.break_(column) if self.chance(6) else self.pick("", " ", "  ")  # noqa: E731
        return opening + gap() + ",".join(f"{gap()}{member}{gap()}" for member in members) + gap() + closing

    def member(self, is_list: bool, depth: int, column: int) -> str:
        inner = self.flow(depth - 1, column) if depth and self.chance(4) else self.pick("x", "y z", "1", *QUOTED)
        return inner if is_list else self.key().lstrip() + self.blanks() + inner

    def break_(self, column: int) -> str:
        behind = "  " + self.comment() if self.chance(2) else ""
        return behind + "\n" + " " * (column + self.draw(st.integers(0, 5)))


@st.composite
def documents(draw: DrawFn) -> bytes:
    writer = Writer(draw)
    writer.between()
    writer.collection(draw(st.integers(0, 3)), 3)
    text = "\n".join(writer.lines) + draw(st.sampled_from(["", "\n", "\n\n"]))
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    return (mark + text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))).encode()


PIECES = ("a: ", "b:", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", " # c", "# d\n", "x", "'q r'", '"d\\"q"',
          "'m\n   n'", "|\n", ">-\n", "|2\n", "|+\n", "\n\n", "true", "? ", ": ", "k: v", "\n- ", "\n  - ", "---\n",
          "p q\n    r", "🙂", "\t", "\r\n", '"a\\\n  b"', "rules:\n- id: x\n", "\u2028", "&a ", "!t ")  # fmt: skip

texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map(lambda pieces: "".join(pieces).encode())
"""Text that is hardly ever YAML."""

"""Where every token of a YAML document belongs: two columns to a level, lists set in, one blank between tokens.

Lines within brackets stand behind the opening one, or are set in if nothing follows it. A rule file's rules stand
apart by a blank line.
"""

import re
from dataclasses import dataclass, field, replace

import yaml
from yaml.tokens import (
    BlockEndToken,
    BlockEntryToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DirectiveToken,
    DocumentEndToken,
    DocumentStartToken,
    FlowEntryToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
    Token,
    ValueToken,
)

from amends_engine.formatting.gaps import Gap, arranged
from amends_engine.formatting.levels import STEP, Level, child_column
from amends_engine.formatting.scalars import Block, folded, read_block

_PARTED = "rules"
_BLOCK_STYLES = frozenset({"|", ">"})
_LINE_END = re.compile(r"[ \t]*(#|\n|\Z)")
_OUTSIDE = Level(False, 0, 0)


def laid_out(text: str) -> str:
    """The text with its white space in order. It is YAML that documents.load reads, and its lines end with \\n."""
    layout = _Layout(f"\n{text}")  # so that every comment stands between two line breaks
    for token in yaml.scan(layout.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        layout.take(token)
    return layout.finish().removeprefix("\n")


@dataclass
class _Layout:
    """The result so far, and where it stands: column in the result, end of the last token in the text."""

    text: str
    out: list[str] = field(default_factory=list)
    column: int = 0
    end: int = 0
    last: Token | None = None
    levels: list[Level] = field(default_factory=list)
    levels_then: tuple[Level, ...] = ()  # after the last token
    block: Block | None = None  # the last token, if it is one
    is_key: bool = False
    root_key: str = ""
    entries: int = 0  # of the list behind the root key

    def take(self, token: Token) -> None:
        match token:
            case BlockMappingStartToken() | BlockSequenceStartToken():
                self._open_block(token)
            case BlockEndToken():
                self._close_implied()
                self.levels.pop()
            case KeyToken():
                self._begin_key(token)
            case ScalarToken():
                self._put_scalar(token)
            case BlockEntryToken():
                self._put_entry(token)
            case FlowSequenceStartToken() | FlowMappingStartToken():
                self._put_opening(token)
            case FlowSequenceEndToken() | FlowMappingEndToken():
                closed = self.levels.pop()
                self._put(token, closed.close)
            case FlowEntryToken() | ValueToken():
                self._put(token, self.levels[-1].new)
            case DirectiveToken() | DocumentStartToken() | DocumentEndToken():
                self._put(token, 0)

    def finish(self) -> str:
        """The whole text; a line feed at its end, unless that would become part of a text behind | or >."""
        rest = self.text[self.end :]
        if rest or self.block is None or self.block.is_stripped:
            gap = Gap(f"{rest}\n", self.levels_then, is_last=True, is_after_block=self.block is not None)
            self.out.append(arranged(gap))
        return "".join(self.out)

    def _open_block(self, token: Token) -> None:
        is_list = isinstance(token, BlockSequenceStartToken)
        is_beside = "\n" not in self.text[self.end : token.start_mark.index]
        new = self.column + 1 if is_beside else child_column(self.levels)
        self.levels.append(Level(is_list, token.start_mark.column, new))

    def _close_implied(self) -> None:
        if self.levels and self.levels[-1].is_implied:
            self.levels.pop()

    def _begin_key(self, token: Token) -> None:
        self._close_implied()
        is_marked = token.end_mark.index > token.start_mark.index  # with a question mark
        if is_marked:
            self._put(token, self.levels[-1].new)
        self.is_key = not is_marked

    def _put_entry(self, token: Token) -> None:
        if not self.levels[-1].is_list:
            self.levels.append(Level(True, token.start_mark.column, child_column(self.levels), is_implied=True))
        is_rule = len(self.levels) == 2 and self.root_key == _PARTED
        self._put(token, self.levels[-1].new, is_parted=is_rule and self.entries > 0)
        self.entries += is_rule

    def _put_opening(self, token: Token) -> None:
        inner = child_column(self.levels)
        self._put(token, self._own_column())
        is_bare = _LINE_END.match(self.text, self.end)
        new, close = (inner + STEP, inner) if is_bare else (self.column, self.column - 1)
        self.levels.append(Level(False, token.start_mark.column, new, is_flow=True, close=close))
        self.levels_then = tuple(self.levels)

    def _put_scalar(self, token: ScalarToken) -> None:
        column = self._own_column()
        if token.style in _BLOCK_STYLES:
            self._put_block(token, column)
        elif self._is_root_key():
            was, self.root_key = self.root_key, str(token.value)
            self.entries = 0
            self._put(token, column, is_parted=was == _PARTED)
        else:
            self._put(token, column)

    def _put_block(self, token: ScalarToken, column: int) -> None:
        raw = self.text[token.start_mark.index : token.end_mark.index]
        self._put(token, column, read_block(raw, self._outer().old))

    def _is_root_key(self) -> bool:
        return self.is_key and len(self.levels) == 1 and not self.levels[0].is_flow

    def _own_column(self) -> int:
        """Where a value or a key belongs that begins a line."""
        return self.levels[-1].new if self.is_key else child_column(self.levels)

    def _put(self, token: Token, column: int, block: Block | None = None, *, is_parted: bool = False) -> None:
        """The gap before a token and the token. column: where it belongs if it begins a line."""
        gap = self._gap(token, column, is_parted=is_parted)
        raw = self.text[token.start_mark.index : token.end_mark.index]
        body = block.moved(self._outer().new) if block else self._set_in(raw)
        self.out += [gap, body]
        self.column = len(body) - body.rfind("\n") - 1 if "\n" in body else self.column + len(body)
        self.end = token.start_mark.index + len(block.raw if block else raw)
        self.last, self.block, self.is_key, self.levels_then = token, block, False, tuple(self.levels)

    def _gap(self, token: Token, column: int, *, is_parted: bool) -> str:
        """What stands between the last token and this one; the result then stands at this one."""
        text = self.text[self.end : token.start_mark.index]
        if "\n" not in text:
            blanks = _blanks(self.last, token)
            self.column += blanks
            return " " * blanks
        self.column = column
        gap = Gap(text, self.levels_then, token.start_mark.column, column, is_parted=is_parted)
        return arranged(replace(gap, is_first=not self.out, is_after_block=self.block is not None))

    def _set_in(self, raw: str) -> str:
        if "\n" not in raw:
            return raw
        is_flow = bool(self.levels) and self.levels[-1].is_flow
        return folded(raw, self.column if is_flow else child_column(self.levels))

    def _outer(self) -> Level:
        return self.levels[-1] if self.levels else _OUTSIDE


def _blanks(last: Token | None, token: Token) -> int:
    """How many blanks stand between two tokens of a line."""
    match last, token:
        case None | FlowSequenceStartToken() | FlowMappingStartToken(), _:
            return 0
        case ValueToken(), _:  # a key without a value keeps its blank
            return 1
        case _, FlowEntryToken() | FlowSequenceEndToken() | FlowMappingEndToken():
            return 0
        case ScalarToken() | FlowSequenceEndToken() | FlowMappingEndToken(), ValueToken():
            return 0
    return 1

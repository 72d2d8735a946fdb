"""What a server tells its operator: a line for each thing that happened, with ids, names and counts only.

On a terminal a line is a sentence, elsewhere a JSON object. The text of an error may quote a customer, so an error is
told by its kind and its place in our code.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

_LOG = logging.getLogger("amends.serve")


def tell(what: str, **facts: object) -> None:
    _LOG.info(what, extra={"facts": facts})


def warn(what: str, error: BaseException | None = None, **facts: object) -> None:
    """Something went wrong and is taken care of."""
    _LOG.warning(what, extra={"facts": facts | (_told(error) if error else {})})


def _told(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "amends" in frame.filename] or frames
    place = f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else ""
    return {"error": type(error).__name__, "place": place}


def open_journal(stream: TextIO = sys.stderr) -> None:
    """Write what is told, and what libraries warn of, to the stream."""
    lines = logging.StreamHandler(stream)
    lines.setFormatter(_Sentences() if stream.isatty() else _JsonLines())
    for name, level in (("amends", logging.INFO), ("uvicorn", logging.WARNING)):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [lines], False
        log.setLevel(level)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": _moment(record), "level": record.levelname.lower(), "what": _what(record)}
        return json.dumps(line | getattr(record, "facts", {}), ensure_ascii=False, default=str)


class _Sentences(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={value}" for name, value in getattr(record, "facts", {}).items())
        return f"{_moment(record)[11:19]} {_what(record)} {facts}".rstrip()


def _what(record: logging.LogRecord) -> str:
    """A library's own words may hold anything, so of those only the logger's name is kept."""
    return record.getMessage() if record.name.startswith("amends.") else f"{record.name} warns"


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

"""The page over the preview outbox: what would have been sent, newest first, for people to look at."""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from email import message_from_bytes, policy
from heapq import nlargest
from pathlib import Path

from amends_connectors.preview_page import Shelf, as_block, as_letter, as_slack_card, as_staff_card, page

INDEX = "index.html"


def write_index(outbox: Path, newest: int = 100) -> Path:
    """Write outbox/index.html over all channels, with so many previews of each drawn out; returns its path."""
    outbox.mkdir(parents=True, exist_ok=True)
    shelves = [_shelf(Path(folder), newest) for folder in sorted(changed_at(outbox))]
    draft = outbox / f".{INDEX}.{os.getpid()}"  # several programs may write it
    draft.write_text(page([shelf for shelf in shelves if shelf.count]), encoding="utf-8", errors="replace")
    return draft.replace(outbox / INDEX)


def changed_at(outbox: Path) -> dict[str, int]:
    """When a preview was last added to each folder or taken from it, in nanoseconds."""
    with os.scandir(outbox) as entries:
        return {entry.path: entry.stat().st_mtime_ns for entry in entries if entry.is_dir()}


def _shelf(folder: Path, newest: int) -> Shelf:
    """Files of one name are one preview."""
    previews: dict[str, list[str]] = defaultdict(list)
    age: dict[str, int] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            stem = entry.name.rpartition(".")[0] or entry.name
            with suppress(FileNotFoundError):  # taken away meanwhile
                if not entry.name.startswith("."):
                    age[stem] = entry.stat().st_mtime_ns
                    previews[stem].append(entry.name)
    first = nlargest(newest, previews, key=lambda stem: (age[stem], stem))
    return Shelf(
        folder.name, len(previews), tuple(_draw([folder / one for one in sorted(previews[it])]) for it in first)
    )


def _draw(files: Sequence[Path]) -> str:
    links = [f"{file.parent.name}/{file.name}" for file in files]
    for file in files:
        try:
            if file.suffix == ".eml":
                return _letter(file, links)
            if file.suffix == ".json":
                return _json(file, links)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue  # not one of ours: a link is all there is to show
    return as_block(files[0].stem, "", links)


def _letter(file: Path, links: Sequence[str]) -> str:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    part = message.get_body(("html", "plain"))
    shown = part.get_content() if part else ""
    is_html = part is not None and part.get_content_subtype() == "html"
    facts = [str(message[name]) for name in ("To", "Content-Language") if message[name]]
    return as_letter(str(message["Subject"]), facts, shown, links, is_html=is_html)


def _json(file: Path, links: Sequence[str]) -> str:
    content = json.loads(file.read_bytes())
    if isinstance(content, dict) and "blocks" in content:
        return as_slack_card(content["channel"], content["blocks"], links)
    if isinstance(content, dict) and "buttons" in content:
        return as_staff_card(content, links)
    return as_block(file.stem, json.dumps(content, ensure_ascii=False, indent=2), links)

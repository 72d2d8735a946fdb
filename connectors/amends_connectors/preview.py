"""The preview outbox: without credentials a delivery becomes files that a person can open, and reaches nobody.

outbox/<step>/<effect id>.<suffix>; the same effect writes the same files again.
"""

import hashlib
import json
import os
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from amends_connectors.contract import (
    Channel,
    Clock,
    Declaration,
    Delivery,
    DuplicateClass,
    Files,
    Found,
    Receipt,
    Unavailable,
)

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")


class PreviewConnector:
    """Takes the place of any connector."""

    def __init__(self, channel: Channel, outbox: Path, clock: Clock) -> None:
        self._channel = channel
        self._outbox = outbox
        self._clock = clock

    @property
    def declaration(self) -> Declaration:
        """As the channel's, without the provider's rate; a repeat writes the same files, as under a provider's key."""
        known = self._channel.declaration
        return replace(known, per_second=None, parallel=1, duplicates=DuplicateClass.PROVIDER_KEY)

    def send(self, delivery: Delivery) -> Receipt:
        files = (self._channel.preview or as_json)(delivery, self._clock())
        folder, name = self._folder(delivery), file_name(delivery.effect_id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for suffix, content in files.items():
                _replace(folder / f"{name}{suffix}", content)
        except OSError as error:
            raise Unavailable(f"the preview cannot be written: {error.strerror or type(error).__name__}") from error
        first = f"{folder.name}/{name}{next(iter(files))}"
        return Receipt(first, is_preview=True, detail={"file": str(folder.parent / first)})

    def look_up(self, delivery: Delivery) -> Found:
        is_there = any(self._folder(delivery).glob(f"{file_name(delivery.effect_id)}.*"))
        return Found.PRESENT if is_there else Found.ABSENT

    def _folder(self, delivery: Delivery) -> Path:
        """Of the step, since one connector may carry several."""
        return self._outbox / file_name(delivery.kind)

    def close(self) -> None:
        """Nothing is open between two deliveries."""


def as_json(delivery: Delivery, _moment: datetime) -> Files:
    """The request as it is, for channels that have nothing better to show."""
    return {".json": json.dumps(dict(delivery.request), ensure_ascii=False, indent=2).encode("utf-8", "replace")}


def file_name(text: str) -> str:
    """The text itself if every file system takes it as a name, else a name made from it."""
    if _SAFE_NAME.match(text):
        return text
    return "x-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _replace(file: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(file)

"""Bodies of requests: whole, small enough, in time, unpacked, and of a type that is read here."""

import asyncio
import zlib
from collections.abc import Mapping
from enum import Enum

from starlette.types import Message, Receive

from amends.api.problems import Problem
from amends_engine.cloudevents import BATCH, STRUCTURED

MOST_BYTES = 1024 * 1024
PATIENCE = 10.0  # seconds for a whole body


class Form(Enum):
    """How events stand in a body."""

    NATIVE = "application/json"
    STRUCTURED = STRUCTURED
    BATCH = BATCH
    BINARY = "binary"


def form_of(headers: Mapping[bytes, bytes]) -> Form:
    """Raises Problem for a type or an encoding that is not read here."""
    if headers.get(b"content-encoding", b"identity").lower() not in {b"identity", b"gzip", b""}:
        raise Problem("media-type", "Send the body as it is, or with Content-Encoding: gzip")
    media_type, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise Problem("media-type", "Send JSON in UTF-8")
    try:
        form = Form(media_type.strip())
    except ValueError:
        form = Form.BINARY
    if form is Form.BINARY:
        raise Problem("media-type", f"Send Content-Type: application/json, {STRUCTURED} or {BATCH}")
    return Form.BINARY if form is Form.NATIVE and b"ce-specversion" in headers else form


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body, unpacked; raises Problem."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > MOST_BYTES:
        raise _too_large()
    message = await _soon(receive)
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(body, receive)
    if len(body) > MOST_BYTES:
        raise _too_large()
    return _unpack(body) if headers.get(b"content-encoding", b"").lower() == b"gzip" else body


async def _rest(body: bytes, receive: Receive) -> bytes:
    parts, size = [body], len(body)
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while size <= MOST_BYTES:
        message = await _soon(receive, deadline)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts)
    raise _too_large()


async def _soon(receive: Receive, deadline: float | None = None) -> Message:
    try:
        async with asyncio.timeout_at(deadline or asyncio.get_running_loop().time() + PATIENCE):
            message = await receive()
    except TimeoutError:
        raise Problem("slow", f"A body has to arrive within {PATIENCE:.0f} seconds") from None
    if message["type"] == "http.disconnect":
        raise Problem("slow", "The connection ended before the body")
    return message


def _unpack(packed: bytes) -> bytes:
    """Never more than one byte over the limit is unpacked, whatever is promised inside."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(packed, MOST_BYTES + 1)
    except zlib.error:
        raise Problem("bad-body", "The body is not gzip, though its Content-Encoding says so") from None
    if len(body) > MOST_BYTES:
        raise _too_large()
    if not unpacker.eof or unpacker.unused_data:
        raise Problem("bad-body", "The gzip body is cut off, or something follows it")
    return body


def _too_large() -> Problem:
    return Problem("too-large", f"A body may have {MOST_BYTES:,} bytes; send the events in smaller batches")

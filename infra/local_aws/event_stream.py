"""Frames of `application/vnd.amazon.eventstream`, of SageMaker's and Bedrock's streams."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle
from typing import Any
from zlib import crc32

from infra.local_aws.wire import dumps

_STRING = 7
# Odd sizes, so that lines, tokens and the bytes of one character are split between frames.
_SIZES = (37, 5, 1, 83, 2, 211, 3)


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Lengths, their checksum, headers, payload, checksum of all (Smithy's event stream specification)."""
    encoded = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", _STRING, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", len(encoded) + len(payload) + 16, len(encoded))
    message = prelude + struct.pack("!I", crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", crc32(message))


def payload_part(data: bytes) -> bytes:
    return frame(
        {
            ":event-type": "PayloadPart",
            ":content-type": "application/octet-stream",
            ":message-type": "event",
        },
        data,
    )


def event_frame(name: str, body: Mapping[str, Any]) -> bytes:
    return frame(
        {":event-type": name, ":content-type": "application/json", ":message-type": "event"}, dumps(body)
    )


def exception_frame(name: str, body: Mapping[str, Any]) -> bytes:
    return frame(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"},
        dumps(body),
    )


def payload_parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Each piece at once, in frames of odd sizes."""
    sizes = cycle(_SIZES)
    for piece in pieces:
        rest = piece
        while rest:
            size = next(sizes)
            yield payload_part(rest[:size])
            rest = rest[size:]

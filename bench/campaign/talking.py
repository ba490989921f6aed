"""Requests to a server that may die meanwhile: an answer, or None where the connection failed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """headers: by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    base: str,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = _SECONDS,
) -> Answer | None:
    """On a connection of its own. base: the address. path: or a whole URL."""
    address, target = urlsplit(base), urlsplit(path)
    wanted = target.path + (f"?{target.query}" if target.query else "")
    connection = HTTPConnection(address.hostname or "", address.port, timeout=seconds)
    kind = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(
            method, wanted, None if body is None else json.dumps(body).encode(), {**kind, **(headers or {})}
        )
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def followed(base: str, location: str, seconds: float) -> dict[str, Any]:
    """The story once it is done or failed; what was last answered, where that is not within `seconds`."""
    deadline = time.monotonic() + seconds
    view: dict[str, Any] = {}
    while time.monotonic() < deadline:
        answer = call(base, "GET", location)
        view = answer.json if answer else {}
        if view.get("status") in {"done", "failed"} or (answer and answer.status == 404):
            break
        time.sleep(0.01)
    return view

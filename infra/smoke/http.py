"""HTTP requests of the smoke test, by the standard library; every end is an Answer."""
# ruff: noqa: S310 - it calls the URL that a person names

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

# API Gateway answers within 29 s.
_REQUEST_S = 60


@dataclass(frozen=True)
class Answer:
    """status: 0 where no answer came, and `body` is why."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def __str__(self) -> str:
        words = self.json.get("detail") or self.body[:200].decode("utf-8", "replace")
        return f"{self.status}: {words}" if self.status else f"no answer: {words}"


Call = Callable[..., Answer]


def request(url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """A POST where it has a body, else a GET. Never raises for what the other side does."""
    data = None if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    try:
        asking = urllib.request.Request(url, data, {**kind, **(headers or {})})
        try:
            reply = urllib.request.urlopen(asking, timeout=_REQUEST_S)
        except urllib.error.HTTPError as error:
            reply = error  # it is a reply, too
        with reply:
            names = {name.lower(): value for name, value in reply.headers.items()}
            return Answer(reply.status, names, reply.read())
    except (OSError, HTTPException, ValueError) as error:  # no connection, a broken one, no URL
        return Answer(0, {}, str(error).encode())

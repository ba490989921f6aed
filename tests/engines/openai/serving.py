"""A model server on loopback that answers with recorded events, and an engine that calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.engines.openai.client import Patience
from pipeline.engines.openai.text import OpenAiText
from tests.engines.loopback import Loopback, Received, Request

# No wait before a retry; a fault ends by the server's own doing, so the bounds are never reached on the way.
PATIENCE = Patience(silence=30.0, whole=60.0, backoff=0.0, longest_wait=0)
Reply = Callable[[Request], None]


def streamed(parts: Sequence[bytes], whole: bool = True) -> Reply:
    return lambda request: request.stream(parts, whole, "text/event-stream")


def refused(status: int, body: Any, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: request.reply(data, status, Content_Type="application/json", **headers)


class ModelServer(Loopback):
    """models: what GET /models answers, a status for none. replies: to the completions in order, the last one
    to all that follow."""

    def __init__(self, models: Any, *replies: Reply) -> None:
        super().__init__(self._answer)
        self._models = models
        self._replies = list(replies)

    @property
    def bodies(self) -> list[Any]:
        """Of the completions requested, in order."""
        return [received.json for received in self.completions]

    @property
    def completions(self) -> list[Received]:
        return [received for received in self.received if received.method == "POST"]

    def engine(self, **options: Any) -> OpenAiText:
        return OpenAiText(
            **{"url": f"{self.url}/v1", "model": "mine", "key": "", "patience": PATIENCE, **options}
        )

    def _answer(self, request: Request) -> None:
        if request.command == "GET":
            if isinstance(self._models, int):
                request.reply(b"404 page not found", self._models)
            else:
                request.reply(json.dumps(self._models).encode(), Content_Type="application/json")
            return
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        reply(request)

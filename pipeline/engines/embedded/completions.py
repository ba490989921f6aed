"""A completion of llama.cpp's server, gathered from its events: text, stop reason, usage."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from pipeline.engines.chat import Odds
from pipeline.errors import EngineError
from pipeline.types import Completion

_STOPS = {"stop": "end", "length": "length"}


@dataclass
class StreamedCompletion:
    """choices: of the prompt. pieces: the text as it arrives, then None. cancelled: set to stop it."""

    choices: tuple[str, ...] = ()
    pieces: SimpleQueue[str | None] = field(default_factory=SimpleQueue)
    cancelled: bool = False
    _text: str = ""
    _stop: str | None = None
    _usage: dict[str, int] = field(default_factory=dict)
    _error: str = ""

    def __post_init__(self) -> None:
        self._odds = Odds(self.choices)

    def request(self, server: Any, body: str) -> None:
        """Returns when the server has ended; `pieces` then ends with None."""
        try:
            server.handle_chat_completions(body, self.receive)
        except RuntimeError as error:
            self._error = str(error)
        finally:
            self.pieces.put(None)

    def receive(self, events: Any) -> bool:
        """Callback of the server; True stops it."""
        for event in events if isinstance(events, list) else [events]:
            self._add(json.loads(event) if isinstance(event, str | bytes) else event)
        return self.cancelled

    def completion(self, engine: str) -> Completion:
        """Raises EngineError."""
        if self._error or self._stop is None:
            raise EngineError(
                f"the local model gave no answer: {self._error or 'it ended early'}", engine=engine
            )
        text, confidence = self._odds.best() if self.choices else (self._text, 1.0)
        return Completion(
            text,
            self._usage.get("prompt_tokens", 0),
            self._usage.get("completion_tokens", 0),
            _STOPS.get(self._stop, self._stop),
            confidence,
        )

    def _add(self, event: dict[str, Any]) -> None:
        if "choices" not in event:
            error = event.get("error") or event
            self._error = str(error.get("message") or error) if isinstance(error, dict) else str(error)
            return
        for choice in event["choices"]:
            self._odds.add(choice.get("logprobs"))
            if piece := choice.get("delta", {}).get("content"):
                self._text += piece
                self.pieces.put(piece)
            self._stop = choice.get("finish_reason") or self._stop
        self._usage = event.get("usage") or self._usage

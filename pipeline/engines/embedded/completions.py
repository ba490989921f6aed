"""A completion of llama.cpp's server, gathered from its events: text, stop reason, usage."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

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
    _odds: dict[str, float] = field(default_factory=dict)
    _stop: str | None = None
    _usage: dict[str, int] = field(default_factory=dict)
    _error: str = ""

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
        text, confidence = self._choice() if self.choices else (self._text, 1.0)
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
            self._add_odds(choice.get("logprobs") or {})
            if piece := choice.get("delta", {}).get("content"):
                self._text += piece
                self.pieces.put(piece)
            self._stop = choice.get("finish_reason") or self._stop
        self._usage = event.get("usage") or self._usage

    def _add_odds(self, logprobs: dict[str, Any]) -> None:
        for token in logprobs.get("content") or []:
            for candidate in token.get("top_logprobs", []):
                word = candidate["token"].strip().casefold()
                if word in self.choices:
                    self._odds[word] = self._odds.get(word, 0.0) + math.exp(candidate["logprob"])

    def _choice(self) -> tuple[str, float]:
        """The likeliest choice and its share; nothing where the model considered none of them."""
        if not self._odds:
            return "", 0.0
        best = max(self._odds, key=lambda word: self._odds[word])
        return best, round(self._odds[best] / sum(self._odds.values()), 4)

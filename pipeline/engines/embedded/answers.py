"""What llama.cpp's server says of one answer, gathered: chunks of text, why it stopped, what it used."""

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
class Answer:
    """pieces: the text as it comes, then None. stopped: set by who wants no more."""

    choices: tuple[str, ...] = ()
    odds: dict[str, float] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    stop: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    error: str = ""
    pieces: SimpleQueue[str | None] = field(default_factory=SimpleQueue)
    stopped: bool = False

    def ask(self, server: Any, body: str) -> None:
        """Returns when the answer is over; `pieces` ends with None."""
        try:
            server.handle_chat_completions(body, self.hear)
        except RuntimeError as error:
            self.error = str(error)
        finally:
            self.pieces.put(None)

    def hear(self, events: Any) -> bool:
        """True stops the answer."""
        for event in events if isinstance(events, list) else [events]:
            self._take(json.loads(event) if isinstance(event, str | bytes) else event)
        return self.stopped

    def _take(self, event: dict[str, Any]) -> None:
        if "choices" not in event:
            told = event.get("error") or event
            self.error = str(told.get("message") or told) if isinstance(told, dict) else str(told)
            return
        for choice in event["choices"]:
            self._weigh(choice.get("logprobs") or {})
            if piece := choice.get("delta", {}).get("content"):
                self.text.append(piece)
                self.pieces.put(piece)
            self.stop = choice.get("finish_reason") or self.stop
        self.usage = event.get("usage") or self.usage

    def _weigh(self, logprobs: dict[str, Any]) -> None:
        for token in logprobs.get("content") or []:
            for rival in token.get("top_logprobs", []):
                word = rival["token"].strip().casefold()
                if word in self.choices:
                    self.odds[word] = self.odds.get(word, 0.0) + math.exp(rival["logprob"])

    def _chosen(self) -> tuple[str, float]:
        """The likeliest choice and its share; the text as it came where there is nothing to choose."""
        if not self.choices:
            return "".join(self.text), 1.0
        if not self.odds:
            return "", 0.0
        best = max(self.odds, key=lambda word: self.odds[word])
        return best, round(self.odds[best] / sum(self.odds.values()), 4)

    def completion(self, engine: str) -> Completion:
        if self.error or self.stop is None:
            raise EngineError(
                f"the local model gave no answer: {self.error or 'it ended early'}", engine=engine
            )
        text, confidence = self._chosen()
        return Completion(
            text,
            self.usage.get("prompt_tokens", 0),
            self.usage.get("completion_tokens", 0),
            _STOPS.get(self.stop, self.stop),
            confidence,
        )

"""Writes with a local GGUF model: llama.cpp in this process, through xllamacpp."""

from __future__ import annotations

import json
import math
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from pipeline.engines import OnText, ignore
from pipeline.engines.embedded import openmp
from pipeline.errors import ConfigError, EngineError
from pipeline.types import Completion, Prompt

# Prompts (worked examples included) measure under 900 tokens and answers are at most 400.
_CONTEXT_PER_SLOT = 2048
# How many of the next token's candidates are looked at for the choices.
_TOP = 40
# Seconds for an answer to stop at its next token, or, where it is still reading the prompt, not to.
_PATIENCE = 3.0
_STOPS = {"stop": "end", "length": "length"}


class LlamaText:
    """A GGUF model with `parallel` slots that decode together.

    name: what the fingerprint calls the weights. weights: where they lie, asked at first use.
    """

    def __init__(self, name: str, weights: Callable[[], Path], parallel: int = 4, threads: int = 2) -> None:
        self._name = name
        self._weights = weights
        self._parallel = parallel
        self._threads = threads
        self._server: Any = None
        self._loading = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return f"llama.cpp/{self._name}/1"

    @property
    def parallel(self) -> int:
        return self._parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """Raises ConfigError: no weights, or not a model. EngineError: the model gave no answer.

        What `on_text` raises stops the answer and comes out of here.
        """
        server = self._loaded()
        answer = _Answer(prompt.choices)
        # In a thread of its own: the runtime swallows what its callback raises, and so a Ctrl-C.
        asking = threading.Thread(target=answer.ask, args=(server, json.dumps(_body(prompt))), daemon=True)
        asking.start()
        try:
            for piece in iter(answer.pieces.get, None):
                on_text(piece)
        finally:
            answer.stopped = True
            asking.join(_PATIENCE)
        return answer.completion(self._name)

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = _serve(self._weights(), self._parallel, self._threads)
            return self._server


def _serve(weights: Path, parallel: int, threads: int) -> Any:
    # Idle OpenMP threads spin briefly, then sleep. Measured on two cores with Qwen 1.5B, tokens a second
    # when quiet, and beside another busy program: spinning (the default) 27 and 2, a thousand spins 27 and
    # 11, none 20 and 18. Read when the library loads, so it is set before; the user's own value stays.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    openmp.provide()
    try:
        import xllamacpp
    except ImportError as error:
        raise ConfigError(
            f"the local writer cannot be loaded ({error}): run `make setup`", problem="missing-package"
        ) from error

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_parallel = parallel
    params.n_ctx = _CONTEXT_PER_SLOT * parallel
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.warmup = False
    params.verbosity = -1
    # Prompts already read, kept for the other slots; by default this may grow to 8 GB.
    params.cache_ram_mib = 512
    # llama.cpp's server also listens on loopback: without this key nobody else may use it.
    params.api_keys = [secrets.token_hex(16)]
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ConfigError(
            f"{weights.name} cannot be loaded as a GGUF model: it is damaged or of an unknown kind; "
            "fetch it again with `stories models fetch --force`, or choose another with --model",
            problem="corrupt-weights",
        ) from error


def _body(prompt: Prompt) -> dict[str, Any]:
    messages = [{"role": "system", "content": prompt.system}]
    for user, assistant in prompt.examples:
        messages += [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
    messages.append({"role": "user", "content": prompt.user})
    body: dict[str, Any] = {
        "messages": messages,
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "seed": prompt.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    if prompt.grammar:
        body["grammar"] = prompt.grammar
    if prompt.choices:
        body |= {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": _TOP}
    return body


@dataclass
class _Answer:
    """Gathers the server's events: chunks of text, why it stopped, what it used, or its error."""

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

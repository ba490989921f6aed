"""Writes with a local GGUF model: llama.cpp in this process, through xllamacpp."""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.engines.chat import dry
from pipeline.engines.embedded import openmp
from pipeline.engines.embedded.completions import StreamedCompletion
from pipeline.engines.embedded.readings import Readings
from pipeline.engines.embedded.slots import Parts, Slots
from pipeline.errors import ConfigError
from pipeline.ports import OnText, TextEngine, ignore
from pipeline.types import Completion, Prompt

# Prompts (worked examples included) measure under 900 tokens and completions are at most 400.
_CONTEXT_PER_SLOT = 2048
# Candidates for the next token among which the choices are sought.
_TOP = 40
# Seconds to wait for a stopped model: it stops at its next token, and not while it reads the prompt.
_PATIENCE = 3.0
_log = logging.getLogger(__name__)


class LlamaText:
    """A GGUF model with `parallel` slots that decode together.

    name: of the weights, in the fingerprint. weights: returns their path, called at first use.
    readings: the folder for what was read of long prompts, kept for the next process; None: nothing is kept.
    """

    def __init__(
        self,
        name: str,
        weights: Callable[[], Path],
        parallel: int = 4,
        threads: int = 2,
        readings: Path | None = None,
    ) -> None:
        self._name = name
        self._weights = weights
        self._parallel = parallel
        self._threads = threads
        self._readings = readings
        self._server: Any = None
        self._slots = Slots(parallel)
        self._loading = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return f"llama.cpp/{self._name}/1"

    @property
    def parallel(self) -> int:
        return self._parallel

    def forgetful(self) -> TextEngine:
        """The same model; its state is not saved after such a prompt, of which it would hold every word."""
        return _Forgetful(self)

    def complete(self, prompt: Prompt, on_text: OnText = ignore, saved: bool = True) -> Completion:
        """Raises ConfigError: no weights, or not a model. EngineError: the model gave no answer.

        What `on_text` raises stops the model and is raised from here. saved: if its state may be.
        """
        server = self._loaded()
        with self._slots.lease(_parts(prompt)) as slot:
            stream = StreamedCompletion(prompt.choices)
            body = json.dumps({**_body(prompt), "id_slot": slot.number})
            # In a thread of its own: the runtime swallows what its callback raises, and so a Ctrl-C.
            request = threading.Thread(target=stream.request, args=(server, body), daemon=True)
            request.start()
            try:
                for piece in iter(stream.pieces.get, None):
                    on_text(piece)
            finally:
                stream.cancelled = True
                request.join(_PATIENCE)
            completion = stream.completion(self._name)
            slot.prompt_tokens = completion.prompt_tokens if saved else 0
            return completion

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = self._start()
            return self._server

    def _start(self) -> Any:
        key = secrets.token_hex(16)
        folder = _folder(self._readings)
        server = _serve(self._weights(), self._parallel, self._threads, key, folder)
        if folder is not None:
            fits = f"{self._name}/{version('xllamacpp')}/{_CONTEXT_PER_SLOT}"
            self._slots.states = Readings(folder, fits, server.listening_address, key)
        return server


@dataclass(frozen=True, slots=True)
class _Forgetful:
    llama: LlamaText

    @property
    def fingerprint(self) -> str:
        return self.llama.fingerprint

    @property
    def parallel(self) -> int:
        return self.llama.parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        return self.llama.complete(prompt, on_text, saved=False)


def _folder(readings: Path | None) -> Path | None:
    """The folder, created; None where that fails: then nothing is kept, and every prompt is read anew."""
    if readings is not None:
        try:
            readings.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _log.warning("the state of the writer is not kept (%s)", error)
            return None
    return readings


def _serve(weights: Path, parallel: int, threads: int, key: str, folder: Path | None) -> Any:
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
    # Each call names its slot, so the server's own cache of what other slots have read is of no use.
    params.cache_ram_mib = 0
    # llama.cpp's server also listens on loopback: without this key no other program may use it.
    params.api_keys = [key]
    if folder is not None:
        params.slot_save_path = f"{folder}{os.sep}"
        params.endpoint_slots = True
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ConfigError(
            f"{weights.name} cannot be loaded as a GGUF model: it is damaged or of an unknown kind; "
            "fetch it again with `stories models fetch --force`, or choose another with --model",
            problem="corrupt-weights",
        ) from error


def _parts(prompt: Prompt) -> Parts:
    return (prompt.system, *(turn for turns in prompt.examples for turn in turns), prompt.user)


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
    body |= dry(prompt, look_back=_CONTEXT_PER_SLOT)
    if prompt.choices:
        body |= {"max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": _TOP}
    return body

"""Records the exact calls of our engines to the bare libraries, so that bench.bare can replay them.

The taps sit below our adapters: the JSON that llama.cpp gets, the phonemes that Kokoro gets, the PCM
that LAME gets. What the adapters add (phonemes, loudness, marks, tags) is therefore our overhead.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

WRITER = ("n_parallel", "n_ctx", "n_batch", "n_ubatch", "kv_unified", "cache_ram_mib", "warmup", "verbosity")
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")


class Tape:
    """calls: verb, arguments, began and ended in seconds. loaded: how the engines were configured."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.loaded: dict[str, Any] = {}
        self._lock = threading.Lock()

    @contextmanager
    def call(self, verb: str, **sent: Any) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            entry = {"verb": verb, "began": began, "ended": time.perf_counter(), **sent}
            with self._lock:
                self.calls.append(entry)

    def save(self, path: Path) -> None:
        body = {"loaded": self.loaded, "calls": sorted(self.calls, key=lambda call: call["began"])}
        path.write_text(json.dumps(body, default=_text))


def tap(tape: Tape) -> None:
    """From here on, every call to a library of ours is recorded.

    Imports none of them: our engines set how OpenMP waits before they load llama.cpp.
    """
    for name, install in _TAPS.items():
        sys.meta_path.insert(0, _AfterImport(name, partial(install, tape)))


class _AfterImport(MetaPathFinder):
    """Leaves the import to other finders, and calls `then` with the module afterwards."""

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._then(module)

            setattr(spec.loader, "exec_module", exec_module)  # noqa: B010 - mypy knows that it is a method
        return spec


def _llama(tape: Tape, xllamacpp: Any) -> None:
    real = xllamacpp.Server

    class Server:
        def __init__(self, params: Any) -> None:
            tape.loaded["writer"] = {
                "model": params.model.path,
                "threads": params.cpuparams.n_threads,
                "threads_batch": params.cpuparams_batch.n_threads,
                "params": {name: getattr(params, name) for name in WRITER},
                "env": {name: os.environ[name] for name in WAITING if name in os.environ},
            }
            self._server = real(params)

        def handle_chat_completions(self, body: str, on_event: Callable[[Any], Any]) -> Any:
            with tape.call("complete", body=body):
                return self._server.handle_chat_completions(body, on_event)

    xllamacpp.Server = Server


def _kokoro(tape: Tape, kokoro_onnx: Any) -> None:
    real = kokoro_onnx.Kokoro.create_timed

    def create_timed(self: Any, symbols: str, voice: Any, *rest: Any, **options: Any) -> Any:
        if "voice" not in tape.loaded:
            tape.loaded["voice"] = {
                "model": str(self.config.model_path),
                "voices": str(self.config.voices_path),
                "threads": self.sess.get_session_options().intra_op_num_threads,
            }
        with tape.call("speak", symbols=symbols, voice=voice, rest=rest, options=options):
            return real(self, symbols, voice, *rest, **options)

    kokoro_onnx.Kokoro.create_timed = create_timed


def _hibari(tape: Tape, hibari: Any) -> None:
    real = hibari.Hibari.__init__

    def initialise(self: Any, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        self.sess = _Spoken(tape, self.sess)

    hibari.Hibari.__init__ = initialise


class _Spoken:
    """The graph of the voice hibari. The sound is made of its figures after each run, in the replay too."""

    def __init__(self, tape: Tape, session: Any) -> None:
        self._tape = tape
        self._session = session

    def run(self, outputs: Any, inputs: dict[str, Any]) -> Any:
        ids, speed = inputs["ids"][0].tolist(), float(inputs["speed"][0])
        with self._tape.call("speak_english", ids=ids, speed=speed):
            return self._session.run(outputs, inputs)


def _lame(tape: Tape, lameenc: Any) -> None:
    real = lameenc.Encoder

    class Encoder:
        """All steps of one encoder are one call: settings, PCM, flush."""

        def __init__(self) -> None:
            self._began = time.perf_counter()
            self._steps: list[tuple[str, tuple[Any, ...]]] = []
            self._encoder = real()

        def __getattr__(self, name: str) -> Any:
            method = getattr(self._encoder, name)

            def step(*arguments: Any) -> Any:
                self._steps.append((name, arguments))
                result = method(*arguments)
                if name == "flush":
                    call = {"verb": "encode", "steps": self._steps}
                    tape.calls.append({**call, "began": self._began, "ended": time.perf_counter()})
                return result

            return step

    lameenc.Encoder = Encoder


def _firefox(tape: Tape, fxtranslate: Any) -> None:
    real = fxtranslate.Translator

    class Translator:
        def __init__(self, model: bytes, *others: bytes) -> None:
            self._sha256 = hashlib.sha256(model).hexdigest()
            self._translator = real(model, *others)

        def translate(self, text: str) -> Any:
            with tape.call("translate", model=self._sha256, text=text):
                return self._translator.translate(text)

    fxtranslate.Translator = Translator


_TAPS: dict[str, Callable[[Tape, Any], None]] = {
    "xllamacpp": _llama,
    "kokoro_onnx": _kokoro,
    "hibari": _hibari,
    "lameenc": _lame,
    "fxtranslate": _firefox,
}


def _text(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    raise TypeError(f"{type(value).__name__} cannot be recorded")

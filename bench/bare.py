"""Replays a tape on the bare libraries. Uses nothing of the pipeline: no steps, no cache, no adapters.
(Except that it loads libgomp, which a bare Linux lacks, and gives translators their files and a thread.)

A worker: {"tape": path} -> wall seconds, the tokens written and, for each verb, calls and their seconds.
Calls that overlapped on the tape overlap here. Models load at their first call, outside the figures.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bench.processes import serve
from pipeline.engines.embedded import openmp, translators
from pipeline.engines.embedded.models import models_dir
from pipeline.engines.embedded.own_thread import Kept, OwnThread

Call = dict[str, Any]


class Libraries:
    """The bare libraries with their models, as a user's script would hold them."""

    def __init__(self) -> None:
        self.loaded: dict[str, Any] = {}
        self._writer: Any = None
        self._voice: Any = None
        self._english: Any = None
        self._translating = OwnThread("bare")

    def complete(self, call: Call) -> list[Any]:
        events: list[Any] = []
        self._writer.handle_chat_completions(call["body"], events.append)
        return events

    def speak(self, call: Call) -> Any:
        return self._voice.create(call["symbols"], call["voice"], *call["rest"], **call["options"])

    def speak_english(self, call: Call) -> Any:
        return self._english.from_ids(call["ids"], call["speed"])

    def encode(self, call: Call) -> bytes:
        import lameenc

        encoder = lameenc.Encoder()
        parts = [getattr(encoder, name)(*arguments) for name, arguments in call["steps"]]
        return b"".join(part for part in parts if part)

    def translate(self, call: Call) -> Any:
        return self._translating.call(lambda kept: kept[call["model"]].translate(call["text"]))

    def load(self, calls: list[Call]) -> None:
        """Loads what `calls` need; not part of any figure."""
        verbs = {call["verb"] for call in calls}
        if "complete" in verbs and self._writer is None:
            self._writer = _writer(self.loaded["writer"])
        if "speak" in verbs and self._voice is None:
            self._voice = _voice(self.loaded["voice"])
        if "speak_english" in verbs and self._english is None:
            from hibari import Hibari

            self._english = Hibari(threads=1)
        for model in {call["model"] for call in calls if call["verb"] == "translate"}:
            self._translating.call(partial(_load_translator, model))


def _load_translator(model: str, kept: Kept) -> None:
    """model: its SHA-256."""
    if model not in kept:
        from fxtranslate import Translator

        known = translators.table().directions.values()
        (direction,) = (each for each in known if each.parts["model"].sha256 == model)
        parts = translators.read(direction, models_dir(os.environ))
        kept[model] = Translator(parts["model"], parts["vocabulary"], parts["vocabulary"], parts["shortlist"])


def _writer(options: dict[str, Any]) -> Any:
    # OpenMP reads how its threads are to wait when the library loads.
    os.environ.update(options["env"])
    openmp.provide()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.cpuparams.n_threads = options["threads"]
    params.cpuparams_batch.n_threads = options["threads_batch"]
    for name, value in options["params"].items():
        setattr(params, name, value)
    return xllamacpp.Server(params)


def _voice(options: dict[str, Any]) -> Any:
    import onnxruntime
    from kokoro_onnx import Kokoro

    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options["threads"]
    session = onnxruntime.InferenceSession(
        options["model"], session_options, providers=["CPUExecutionProvider"]
    )
    return Kokoro.from_session(session, options["voices"])


def replay(
    calls: list[Call], verbs: dict[str, Callable[[Call], Any]]
) -> tuple[float, list[float], list[Any]]:
    """Wall seconds of all, seconds of each, and the replies.

    A call starts when those are over that were over before it began on the tape.
    """
    seconds = [0.0] * len(calls)

    def run(number: int, earlier: list[Future[Any]]) -> Any:
        for future in earlier:
            future.result()
        start = time.perf_counter()
        reply = verbs[calls[number]["verb"]](calls[number])
        seconds[number] = time.perf_counter() - start
        return reply

    start = time.perf_counter()
    futures: list[Future[Any]] = []
    with ThreadPoolExecutor(max(1, len(calls))) as pool:
        for number, call in enumerate(calls):
            earlier = [
                future
                for future, other in zip(futures, calls, strict=False)
                if other["ended"] <= call["began"]
            ]
            futures.append(pool.submit(run, number, earlier))
        replies = [future.result() for future in futures]
    return time.perf_counter() - start, seconds, replies


def read(path: Path) -> dict[str, Any]:
    tape: dict[str, Any] = json.loads(path.read_text(), object_hook=_bytes)
    return tape


def tokens(events: list[Any]) -> int:
    """The completion tokens of the server's events, which come as JSON, alone or in lists."""
    parsed = [json.loads(event) if isinstance(event, str | bytes) else event for event in events]
    flat = [entry for event in parsed for entry in (event if isinstance(event, list) else [event])]
    return sum(entry["usage"]["completion_tokens"] for entry in flat if entry.get("usage"))


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def _reply(libraries: Libraries, request: dict[str, Any]) -> dict[str, Any]:
    tape = read(Path(request["tape"]))
    calls = tape["calls"]
    libraries.loaded |= tape["loaded"]
    libraries.load(calls)
    verbs = {call["verb"]: getattr(libraries, call["verb"]) for call in calls}
    wall, seconds, replies = replay(calls, verbs)
    each: dict[str, dict[str, float]] = {}
    written = 0
    for call, took, reply in zip(calls, seconds, replies, strict=True):
        sums = each.setdefault(call["verb"], {"calls": 0, "seconds": 0.0})
        sums["calls"] += 1
        sums["seconds"] = round(sums["seconds"] + took, 3)
        written += tokens(reply) if call["verb"] == "complete" else 0
    return {"seconds": wall, "each": each, "tokens": written}


if __name__ == "__main__":
    held = Libraries()
    serve(lambda request: _reply(held, request))

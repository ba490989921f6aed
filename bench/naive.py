"""The demo's flow for one locale, as its author would write it on these libraries: no memory, no reuse.

Loads the model, writes at 300 tokens with a plain prompt, translates with the model, speaks with
Kokoro, encodes; prints what took how long. A process a locale: python -m bench.naive IDEA fr OUT.mp3
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import lameenc
import numpy as np

from bench.machine import model_path
from pipeline.engines.embedded import openmp

# locale: what the model is told to translate to, espeak-ng's name for it, a voice of Kokoro.
LOCALES = {
    "en": ("English", "en-us", "af_heart"),
    "fr": ("French", "fr-fr", "ff_siwis"),
    "it": ("Italian", "it", "if_sara"),
    "es": ("Spanish", "es", "ef_dora"),
}


def ask(server: Any, text: str, tokens: int) -> str:
    answers: list[Any] = []
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens}
    server.handle_chat_completions(json.dumps(body), answers.append)
    told = json.loads(answers[-1]) if isinstance(answers[-1], str | bytes) else answers[-1]
    return str(told["choices"][0]["message"]["content"])


def main(idea: str, locale: str, out: Path) -> dict[str, float]:
    language, spoken, voice = LOCALES[locale]
    openmp.provide()
    import xllamacpp
    from kokoro_onnx import Kokoro

    times = [time.perf_counter()]
    params = xllamacpp.CommonParams()
    params.model.path = str(model_path("qwen2.5-coder-1.5b"))
    params.n_ctx = 4096
    params.verbosity = -1
    server = xllamacpp.Server(params)
    kokoro = Kokoro(str(model_path("kokoro-82m-int8")), str(model_path("kokoro-voices")))
    times.append(time.perf_counter())
    story = ask(server, f"Write a short children's story about {idea}.", 300)
    times.append(time.perf_counter())
    if locale != "en":
        story = ask(
            server, f"Translate this story to {language}. Answer with the translation only.\n\n{story}", 600
        )
    times.append(time.perf_counter())
    samples, rate = kokoro.create(story, voice, lang=spoken)
    times.append(time.perf_counter())
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(64)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(1)
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    out.write_bytes(bytes(encoder.encode(pcm)) + bytes(encoder.flush()))
    times.append(time.perf_counter())
    steps = ("load", "write", "translate", "speak", "encode")
    took = {
        step: round(after - before, 2) for step, before, after in zip(steps, times, times[1:], strict=False)
    }
    return {**took, "words": len(story.split()), "audio": round(len(samples) / rate, 1)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))

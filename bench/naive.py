"""The demo's flow for one locale, as its author would write it on these libraries: no cache, no reuse.

Loads the model, writes at 300 tokens with a plain prompt, translates, speaks, encodes; prints what took
how long. A process a locale: python -m bench.naive embedded|draft IDEA fr OUT.mp3
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.machine import model_path
from pipeline.engines.embedded import openmp, translators
from pipeline.engines.embedded.models import models_dir
from pipeline.engines.registry import create
from pipeline.story.text import sentences
from pipeline.types import Prompt, Voice

# locale: the language's name in the prompt, espeak-ng's name for it, a voice of Kokoro.
LOCALES = {
    "en": ("English", "en-us", "af_heart"),
    "fr": ("French", "fr-fr", "ff_siwis"),
    "it": ("Italian", "it", "if_sara"),
    "es": ("Spanish", "es", "ef_dora"),
    "pt": ("Portuguese", "pt-br", "pf_dora"),
}
RATE = 24_000
DRAFT_VOICES = {
    "en": Voice("heart", "en", "hibari"),
    "pt": Voice("pt-br", "pt", "espeak"),
    "fr": Voice("fr", "fr", "espeak"),
    "it": Voice("it", "it", "espeak"),
}


def chat(server: Any, text: str, tokens: int) -> str:
    replies: list[Any] = []
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens}
    server.handle_chat_completions(json.dumps(body), replies.append)
    reply = json.loads(replies[-1]) if isinstance(replies[-1], str | bytes) else replies[-1]
    return str(reply["choices"][0]["message"]["content"])


def embedded(wish: str, locale: str, out: Path) -> dict[str, float]:
    """Seconds of each step."""
    language, spoken, voice = LOCALES[locale]
    openmp.provide()
    import lameenc
    import numpy as np
    import xllamacpp

    times = [time.perf_counter()]
    params = xllamacpp.CommonParams()
    params.model.path = str(model_path("qwen2.5-coder-1.5b"))
    params.n_ctx = 4096
    params.verbosity = -1
    server = xllamacpp.Server(params)
    speak = _kokoro(voice, spoken)
    times.append(time.perf_counter())
    story = chat(server, wish, 300)
    times.append(time.perf_counter())
    if locale != "en":
        instruction = f"Translate this story to {language}. Answer with the translation only."
        story = chat(server, f"{instruction}\n\n{story}", 600)
    times.append(time.perf_counter())
    samples = speak(story)
    times.append(time.perf_counter())
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(64)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    out.write_bytes(bytes(encoder.encode(pcm)) + bytes(encoder.flush()))
    times.append(time.perf_counter())
    steps = ("load", "write", "translate", "speak", "encode")
    return {step: round(end - start, 2) for step, start, end in zip(steps, times, times[1:], strict=False)}


def _kokoro(voice: str, language: str) -> Callable[[str], Any]:
    from kokoro_onnx import Kokoro

    kokoro = Kokoro(str(model_path("kokoro-82m-int8")), str(model_path("kokoro-voices")))
    return lambda story: kokoro.create(story, voice, lang=language)[0]


def draft(wish: str, locale: str, out: Path) -> dict[str, float]:
    """On the draft engines, which have a translator for Portuguese only; else nothing is translated."""
    writer = create("llama", name="smollm2", weights=lambda: model_path("smollm2-135m"))
    text = writer.complete(Prompt("naive", "You are a storyteller.", wish, max_tokens=300)).text
    if locale == "pt":
        text = " ".join(_portuguese().translate(sentences(text), "en", "pt"))
    voice = DRAFT_VOICES[locale]
    spoken = create(voice.engine).synthesize(text, voice)
    out.write_bytes(create("lame").join([spoken]).audio)
    return {}


def _portuguese() -> Any:
    read = partial(translators.read, directory=models_dir(os.environ))
    return create("firefox", directions=translators.of("pt"), read=read)


def main(profile: str, idea: str, locale: str, out: str) -> dict[str, float]:
    flow = {"embedded": embedded, "draft": draft}[profile]
    return flow(f"Write a short children's story about {idea}.", locale, Path(out))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))

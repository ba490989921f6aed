"""The demo's flow for one locale on the draft engines: a process, a model loaded, a story written anew.

python -m bench.naive_draft IDEA fr OUT.mp3. Where the draft translator is a fake, nothing is translated.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.machine import model_path
from pipeline.engines.registry import create
from pipeline.story.text import sentences
from pipeline.types import Prompt, Voice

VOICES = {"en": "en-us", "pt": "pt-br", "fr": "fr", "it": "it"}


def main(idea: str, locale: str, out: Path) -> None:
    writer = create("llama", name="smollm2", weights=lambda: model_path("smollm2-135m"))
    wish = f"Write a short children's story about {idea}."
    text = writer.complete(Prompt("naive", "You are a storyteller.", wish, max_tokens=300)).text
    if locale == "pt":
        text = " ".join(create("bergamot").translate(sentences(text), "en", "pt"))
    spoken = create("espeak").synthesize(text, Voice(VOICES[locale], locale, "espeak"))
    out.write_bytes(create("lame").join([spoken]).audio)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

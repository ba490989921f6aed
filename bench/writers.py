"""A worker that writes stories with our own text engine: one after another, or all at once.

{"slots", "variant", "together"} answers with tokens written and seconds.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bench.machine import model_path
from bench.stories import IDEAS
from bench.workers import serve
from pipeline.config.profiles import profile
from pipeline.engines.registry import create
from pipeline.ports import TextEngine
from pipeline.story.prompt import story_prompt
from pipeline.types import StoryRequest

STORIES = 8


def write(engines: dict[int, TextEngine], request: dict[str, Any]) -> dict[str, float]:
    slots, asked = request["slots"], story_prompt()
    if slots not in engines:
        name = profile("embedded")["text"]
        engines[slots] = create("llama", name=name, weights=partial(model_path, name), parallel=slots)
    prompts = [asked.prompt(StoryRequest(idea, request["variant"]), idea, 0) for idea in IDEAS[:STORIES]]
    began = time.perf_counter()
    with ThreadPoolExecutor(STORIES if request["together"] else 1) as pool:
        answers = list(pool.map(engines[slots].complete, prompts))
    return {"tokens": sum(one.completion_tokens for one in answers), "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    serve(partial(write, {}))

"""Tokens a second: stories in parallel slots over one at a time, and beside a busy loop over quiet.

As a worker (python -m bench.batch): {"slots", "variant", "stories", "together"} -> tokens and seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from bench.figures import Finding, Result, Run, Target, against, interleaved, ratios
from bench.machine import model_path
from bench.processes import Worker, serve
from bench.stories import IDEAS
from pipeline.config.profiles import profile
from pipeline.engines.registry import create
from pipeline.ports import TextEngine
from pipeline.story.prompt import story_prompt
from pipeline.types import StoryRequest

SLOTS = (4, 8)
STORIES, _QUICK = 8, 4


def measure(quick: bool) -> Result:
    count, stories = (1, _QUICK) if quick else (3, STORIES)
    pairs = {slots: _slots(slots, count, stories) for slots in (SLOTS[:1] if quick else SLOTS)}
    findings = [
        _finding(f"{stories} stories in {slots} slots / one at a time", runs, Target(2, at_least=True))
        for slots, runs in pairs.items()
    ]
    busy = [] if quick else _beside_a_busy_loop(count)
    if busy:
        findings.append(_finding("a story beside one busy loop / quiet", busy, Target(0.4, at_least=True)))
    return Result(findings, {**{f"{slots} slots": runs for slots, runs in pairs.items()}, "busy": busy})


def _slots(slots: int, count: int, stories: int) -> list[tuple[Run, Run]]:
    with Worker("bench.batch") as writer:

        def run(number: int, together: bool) -> Run:
            # Another variant each time: a repeated story would be read from the prompt cache.
            return writer.request(
                slots=slots, variant=2 * number + together + 1, stories=stories, together=together
            )

        # Loads the model and fills the slots.
        writer.request(slots=slots, variant=0, stories=stories, together=True)
        return interleaved(partial(run, together=True), partial(run, together=False), count)


def _beside_a_busy_loop(count: int) -> list[tuple[Run, Run]]:
    with Worker("bench.batch") as writer:

        def quiet(number: int) -> Run:
            return writer.request(slots=SLOTS[0], variant=number, stories=1, together=False)

        def busy(number: int) -> Run:
            with busy_core():
                return quiet(count + number)

        quiet(2 * count)  # loads the model
        return interleaved(busy, quiet, count)


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that never rests, as a browser or a build does."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def _finding(what: str, pairs: list[tuple[Run, Run]], target: Target) -> Finding:
    rates = [(first["tokens"] / first["seconds"], last["tokens"] / last["seconds"]) for first, last in pairs]
    note = "; ".join(f"{first:.1f} against {second:.1f} tokens/s" for first, second in rates)
    return Finding("batch", what, ratios(rates), "× tokens/s", target, f"{note}; {against(pairs)}")


def write(engines: dict[int, TextEngine], request: Run) -> Run:
    slots, prompt = request["slots"], story_prompt()
    if slots not in engines:
        name = profile("embedded")["text"]
        engines[slots] = create("llama", name=name, weights=partial(model_path, name), parallel=slots)
    prompts = [
        prompt.prompt(StoryRequest(idea, request["variant"]), idea, 0) for idea in IDEAS[: request["stories"]]
    ]
    start = time.perf_counter()
    with ThreadPoolExecutor(STORIES if request["together"] else 1) as pool:
        completions = list(pool.map(engines[slots].complete, prompts))
    tokens = sum(completion.completion_tokens for completion in completions)
    return {"tokens": tokens, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    serve(partial(write, {}))

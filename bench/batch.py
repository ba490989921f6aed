"""Tokens a second of eight stories in parallel slots, over the same eight one at a time.

As a worker (python -m bench.batch): {"slots", "variant", "together"} -> tokens written and seconds.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
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
STORIES = 8


def measure(quick: bool) -> Result:
    pairs = {slots: _pairs(slots, 1 if quick else 3) for slots in (SLOTS[:1] if quick else SLOTS)}
    findings = [_finding(slots, runs) for slots, runs in pairs.items()]
    return Result(findings, {f"{slots} slots": runs for slots, runs in pairs.items()})


def _pairs(slots: int, count: int) -> list[tuple[Run, Run]]:
    with Worker("bench.batch") as writer:

        def run(number: int, together: bool) -> Run:
            # Another variant each time: a repeated story would be read from the prompt cache.
            return writer.request(slots=slots, variant=2 * number + together + 1, together=together)

        writer.request(slots=slots, variant=0, together=True)  # loads the model and fills the slots
        return interleaved(partial(run, together=True), partial(run, together=False), count)


def _finding(slots: int, pairs: list[tuple[Run, Run]]) -> Finding:
    rates = [(first["tokens"] / first["seconds"], last["tokens"] / last["seconds"]) for first, last in pairs]
    note = "; ".join(f"{together:.1f} against {alone:.1f} tokens/s" for together, alone in rates)
    what = f"{STORIES} stories in {slots} slots / one at a time"
    target = Target(2, at_least=True)
    return Finding("batch", what, ratios(rates), "× tokens/s", target, f"{note}; {against(pairs)}")


def write(engines: dict[int, TextEngine], request: Run) -> Run:
    slots, prompt = request["slots"], story_prompt()
    if slots not in engines:
        name = profile("embedded")["text"]
        engines[slots] = create("llama", name=name, weights=partial(model_path, name), parallel=slots)
    prompts = [prompt.prompt(StoryRequest(idea, request["variant"]), idea, 0) for idea in IDEAS[:STORIES]]
    start = time.perf_counter()
    with ThreadPoolExecutor(STORIES if request["together"] else 1) as pool:
        completions = list(pool.map(engines[slots].complete, prompts))
    tokens = sum(completion.completion_tokens for completion in completions)
    return {"tokens": tokens, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    serve(partial(write, {}))

"""One setting of the local writer, measured in a process of its own; called by writer_settings.py.

OpenMP reads its variables when the library loads, so every setting needs a fresh process.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bench.stories import story_bodies
from pipeline.engines.embedded import openmp

CONTEXT_PER_SLOT = 2048
TOKENS = 32


@dataclass
class Heard:
    """When each token of an answer came (seconds of perf_counter), and how many the prompt had."""

    times: list[float] = field(default_factory=list)
    prompt_tokens: int = 0

    def hear(self, events: Any) -> None:
        for event in events if isinstance(events, list) else [events]:
            told = json.loads(event) if isinstance(event, str | bytes) else event
            if "choices" not in told:
                raise SystemExit(f"the model answered {told}")
            if any(choice.get("delta", {}).get("content") for choice in told["choices"]):
                self.times.append(time.perf_counter())
            self.prompt_tokens = (told.get("usage") or {}).get("prompt_tokens", self.prompt_tokens)


def serve(model: str, setting: dict[str, Any]) -> Any:
    openmp.provide()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel = setting["slots"]
    params.n_ctx = CONTEXT_PER_SLOT * setting["slots"]
    params.cpuparams.n_threads = setting["threads"]
    params.cpuparams_batch.n_threads = setting["threads"]
    params.warmup = False
    params.verbosity = -1
    for name, value in setting.get("params", {}).items():
        setattr(params, name, value)
    return xllamacpp.Server(params)


def ask(server: Any, body: dict[str, Any], tokens: int) -> Heard:
    heard = Heard()
    server.handle_chat_completions(json.dumps({**body, "max_tokens": tokens}), heard.hear)
    return heard


def ask_all(server: Any, bodies: list[dict[str, Any]], tokens: int) -> list[Heard]:
    """All at once, each from its own thread."""
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: ask(server, body, tokens), bodies))


def probe(model: str, setting: dict[str, Any]) -> dict[str, float]:
    """Tokens/s: reading a long prompt, writing alone, writing in all slots at once (short prompts)."""
    server = serve(model, setting)
    long, *short = story_bodies(setting["slots"] + 1)
    short = [{**body, "messages": body["messages"][-1:]} for body in short]
    began = time.perf_counter()
    prompt_tokens = ask(server, long, 1).prompt_tokens
    read = time.perf_counter() - began
    alone = ask(server, long, TOKENS)
    ask_all(server, short, 1)
    together = ask_all(server, short, TOKENS)
    first = max(one.times[0] for one in together)
    last = min(one.times[-1] for one in together)
    both = sum(first < time <= last for one in together for time in one.times)
    told = {
        "read": round(prompt_tokens / read, 1),
        "alone": round((len(alone.times) - 1) / (alone.times[-1] - alone.times[0]), 2),
        "together": round(both / (last - first), 2),
    }
    return {**told, **(_shared(server, setting["slots"]) if setting.get("shared") else {})}


def _shared(server: Any, slots: int) -> dict[str, float]:
    """Seconds until every slot has a first token of prompts whose long beginning one slot has read."""
    one, *rest = story_bodies(slots + 1)
    ask(server, one, 1)
    began = time.perf_counter()
    ask_all(server, rest, 1)
    again = time.perf_counter()
    ask_all(server, rest, 1)
    return {"shared_s": round(again - began, 1), "again_s": round(time.perf_counter() - again, 1)}


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1], json.loads(sys.argv[2]))))

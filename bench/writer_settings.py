"""Which settings of the local writer are fastest here: a table of probes, each in its own process.

python -m bench.writer_settings [NAME …]; figures go to bench/out/writer_settings.json, one row a probe;
of a probe run again, the quieter run stays. read, alone, together: tokens/s of reading a long prompt, of
writing in one slot while the others rest, and of all slots at once. shared_s, again_s: seconds until every
slot has a first token of prompts whose long beginning one slot has read, and once more.
OpenMP reads its variables when the library loads: therefore the processes (`--probe JSON` is one of them).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import processes
from bench.machine import model_path
from bench.stories import story_bodies
from pipeline.engines.embedded import openmp

Setting = dict[str, Any]
OUT = Path(__file__).parent / "out" / "writer_settings.json"
CONTEXT_PER_SLOT = 2048
TOKENS = 32
WAITING: dict[str, Setting] = {
    "": {},
    "passive": {"env": {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}},
    **{f"spin {count}": {"env": {"GOMP_SPINCOUNT": str(count)}} for count in (1000, 10_000, 100_000)},
    "threads 1": {"threads": 1},
}
PARAMS: dict[str, Setting] = {
    "no repacking": {"no_extra_bufts": True},
    "no flash attention": {"flash_attn_type": 0},
    "unified kv": {"kv_unified": True},
    "kv q8_0": {"cache_type_k": 8, "cache_type_v": 8},
    "ubatch 128": {"n_ubatch": 128},
}
# Differences from four slots, two threads, OpenMP's own waiting, and a quiet machine.
SETTINGS: dict[str, Setting] = {
    **{f"slots {slots}": {"slots": slots} for slots in (2, 8)},
    **{f"slots 4 {name}".strip(): setting for name, setting in WAITING.items()},
    **{f"busy core, slots 4 {name}".strip(): {**setting, "busy": True} for name, setting in WAITING.items()},
    **{f"slots 4 {name}": {"params": params} for name, params in PARAMS.items()},
    "slots 4 one beginning": {"shared": True},
    "slots 4 unified kv, one beginning": {"shared": True, "params": PARAMS["unified kv"]},
}


def main(names: list[str]) -> None:
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    for name in names or SETTINGS:
        setting = {"slots": 4, "threads": 2, **SETTINGS[name]}
        with busy_core() if setting.get("busy") else nullcontext():
            command = ("--probe", json.dumps(setting))
            run = processes.run("bench.writer_settings", *command, **setting.get("env", {}))
        kept[name] = min(run, kept.get(name, run), key=lambda row: row["other_cores"])
        print(f"{name}: {kept[name]}", flush=True)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(kept, indent=1))


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that never rests, as a browser or a build does."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


@dataclass
class Reply:
    """When each token came (seconds of perf_counter), and the number of tokens in the prompt."""

    times: list[float] = field(default_factory=list)
    prompt_tokens: int = 0

    def receive(self, events: Any) -> None:
        for event in events if isinstance(events, list) else [events]:
            chunk = json.loads(event) if isinstance(event, str | bytes) else event
            if "choices" not in chunk:
                raise SystemExit(f"the model returned {chunk}")
            if any(choice.get("delta", {}).get("content") for choice in chunk["choices"]):
                self.times.append(time.perf_counter())
            self.prompt_tokens = (chunk.get("usage") or {}).get("prompt_tokens", self.prompt_tokens)


def probe(setting: Setting) -> dict[str, float]:
    """Tokens/s: reading a long prompt, writing alone, writing in all slots at once (short prompts)."""
    server = _server(setting)
    long, *others = story_bodies(setting["slots"] + 1)
    short = [{**body, "messages": body["messages"][-1:]} for body in others]
    start = time.perf_counter()
    prompt_tokens = _complete(server, long, 1).prompt_tokens
    read = time.perf_counter() - start
    alone = _complete(server, long, TOKENS)
    _complete_all(server, short, 1)
    together = _complete_all(server, short, TOKENS)
    first = max(reply.times[0] for reply in together)
    last = min(reply.times[-1] for reply in together)
    both = sum(first < at <= last for reply in together for at in reply.times)
    figures = {
        "read": round(prompt_tokens / read, 1),
        "alone": round((len(alone.times) - 1) / (alone.times[-1] - alone.times[0]), 2),
        "together": round(both / (last - first), 2),
    }
    if setting.get("shared"):
        _complete(server, long, 1)
        for name in ("shared_s", "again_s"):
            start = time.perf_counter()
            _complete_all(server, others, 1)
            figures[name] = round(time.perf_counter() - start, 1)
    return figures


def _server(setting: Setting) -> Any:
    openmp.provide()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_path("qwen2.5-coder-1.5b"))
    params.n_parallel = setting["slots"]
    params.n_ctx = CONTEXT_PER_SLOT * setting["slots"]
    params.cpuparams.n_threads = setting["threads"]
    params.cpuparams_batch.n_threads = setting["threads"]
    params.warmup = False
    params.verbosity = -1
    for name, value in setting.get("params", {}).items():
        setattr(params, name, value)
    return xllamacpp.Server(params)


def _complete(server: Any, body: dict[str, Any], tokens: int) -> Reply:
    reply = Reply()
    server.handle_chat_completions(json.dumps({**body, "max_tokens": tokens}), reply.receive)
    return reply


def _complete_all(server: Any, bodies: list[dict[str, Any]], tokens: int) -> list[Reply]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: _complete(server, body, tokens), bodies))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        print(json.dumps(probe(json.loads(sys.argv[2]))))
    else:
        main(sys.argv[1:])

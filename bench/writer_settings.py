"""Which settings of the local writer are fastest here: a table of probes, each in its own process.

python -m bench.writer_settings [NAME …]; figures go to bench/out/writer_settings.json, one row a probe;
of a probe run again, the quieter one stays. read, alone, together: tokens/s of reading a long prompt,
of writing in one slot while the others rest, and of all slots at once. shared_s: see writer_probe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from bench.machine import OtherLoad, model_path

OUT = Path(__file__).parent / "out" / "writer_settings.json"
PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
SPIN = {f"spin {count}": {"env": {"GOMP_SPINCOUNT": str(count)}} for count in (1000, 10_000, 100_000)}
WAITING: dict[str, dict[str, Any]] = {
    "": {},
    "passive": {"env": PASSIVE},
    **SPIN,
    "threads 1": {"threads": 1},
}
PARAMS: dict[str, dict[str, Any]] = {
    "no repacking": {"no_extra_bufts": True},
    "no flash attention": {"flash_attn_type": 0},
    "unified kv": {"kv_unified": True},
    "kv q8_0": {"cache_type_k": 8, "cache_type_v": 8},
    "ubatch 128": {"n_ubatch": 128},
}
# What differs from four slots, two threads, OpenMP's own waiting, and a machine left alone.
SETTINGS: dict[str, dict[str, Any]] = {
    **{f"slots {slots}": {"slots": slots} for slots in (2, 8)},
    **{f"slots 4 {name}".strip(): told for name, told in WAITING.items()},
    **{f"busy core, slots 4 {name}".strip(): {**told, "busy": True} for name, told in WAITING.items()},
    **{f"slots 4 {name}": {"params": params} for name, params in PARAMS.items()},
    "slots 4 one beginning": {"shared": True},
    "slots 4 unified kv, one beginning": {"shared": True, "params": PARAMS["unified kv"]},
}


def main(names: list[str]) -> None:
    model = str(model_path("qwen2.5-coder-1.5b"))
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    for name in names or SETTINGS:
        seen = measured(model, SETTINGS[name])
        kept[name] = min(seen, kept.get(name, seen), key=lambda one: one["other_cores"])
        print(f"{name}: {kept[name]}", flush=True)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(kept, indent=1))


def measured(model: str, told: dict[str, Any]) -> dict[str, float]:
    """One probe's figures, and how many cores other work took meanwhile (the busy core is not other)."""
    setting = {"slots": 4, "threads": 2, **told}
    env = {**os.environ, **setting.get("env", {})}
    command = [sys.executable, "-m", "bench.writer_probe", model, json.dumps(setting)]
    with busy_core() if setting.get("busy") else nullcontext(), OtherLoad() as load:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "other_cores": load.cores}


@contextmanager
def busy_core() -> Any:
    """Another process that never rests, as a browser or a build does."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    main(sys.argv[1:])

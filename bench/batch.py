"""Eight stories through parallel slots, over the same eight one at a time, in tokens a second."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.figures import Finding, Target, interleaved, ratios
from bench.machine import OtherLoad
from bench.result import Result, others
from bench.workers import Worker

SLOTS = (4, 8)


def measure(quick: bool) -> Result:
    results = [_slots(slots, 1 if quick else 3) for slots in (SLOTS[:1] if quick else SLOTS)]
    return Result(
        [finding for result in results for finding in result.findings],
        {key: value for result in results for key, value in result.details.items()},
    )


def _slots(slots: int, count: int) -> Result:
    with Worker("bench.writers") as writers:

        def run(number: int, together: bool) -> dict[str, Any]:
            # Another variant each time: a story asked for twice would be read from the prompt cache.
            with OtherLoad() as load:
                told = writers.ask(slots=slots, variant=2 * number + together + 1, together=together)
            return {**told, "other_cores": load.cores}

        writers.ask(slots=slots, variant=0, together=True)  # loads the model and fills the slots
        pairs = interleaved(partial(run, together=True), partial(run, together=False), count)
    rates = [tuple(one["tokens"] / one["seconds"] for one in pair) for pair in pairs]
    told = "; ".join(f"{together:.1f} against {alone:.1f} tokens/s" for together, alone in rates)
    finding = Finding(
        "batch",
        f"8 stories in {slots} slots / one at a time",
        ratios([(together, alone) for together, alone in rates]),
        "× tokens/s",
        Target(2, at_least=True),
        f"{told}; {others(pairs)}",
    )
    return Result([finding], {f"{slots} slots": pairs})

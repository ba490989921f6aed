"""A million stories in eight languages, by simulation: days, dollars, and what holds it up.

Chunks pass through Airflow's scheduler, the pool of writers and the pool of voices; each service admits so
many requests, bytes or tokens a second, and is shared by all tasks at once. The figures are in scale.toml.

The model is held against what was measured: a chunk against the local AWS with a new account's quotas, and
catalogs of 1,000 and 100,000 entries with engines that take no time (bench/scale_runs.py).
"""

from __future__ import annotations

import heapq
import math
import tempfile
import tomllib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes
from bench.figures import Finding, Result, Run, Target, single

STORIES, LANGUAGES = 1_000_000, 8
# As in pipeline/batch/plan.py: the most chunks of a run.
_MOST_CHUNKS = 1000
# Slots of each pool, where a scenario does not say.
_TASKS = 4
_DAY = 86_400.0
_TABLES = (Path(__file__).parent / "scale.toml", Path(__file__).parents[1] / "pipeline/data/estimates.toml")
# Stories of the chunk that is measured, and entries of the catalogs with fake engines: small, large, quick.
_CHUNK, _SMALL, _LARGE, _QUICK = 12, 1_000, 100_000, 10_000
# Of a catalog, in their order; "fill" is no part of one, and stands for most of its chunks.
_PARTS = ("plan", "fill", "make", "survey", "publish", "report")


@dataclass(frozen=True, slots=True)
class Load:
    """What one story in all its languages asks of each service, by its name, in units of its rate."""

    write: Mapping[str, float]
    narrate: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """seconds: from the first task to the last. busy: of each service, the share of that time."""

    seconds: float
    busy: Mapping[str, float]

    @property
    def bottlenecks(self) -> list[str]:
        return sorted(self.busy, key=lambda name: -self.busy[name])


def simulate(
    load: Load, rates: Mapping[str, float], stories: int, chunk: int = 0, tasks: int = _TASKS
) -> Outcome:
    """A catalog's run. rates: units a second of each service; chunk: stories in one, 0 for the plan's.

    tasks: slots of each of the two pools.
    """
    size = chunk or math.ceil(stories / _MOST_CHUNKS)
    services = _Services(rates)
    unwritten = deque(min(size, stories - first) for first in range(0, stories, size))
    unspoken: deque[int] = deque()
    free = {"write": tasks, "narrate": tasks}
    loads, queues = {"write": load.write, "narrate": load.narrate}, {"write": unwritten, "narrate": unspoken}
    ends: list[tuple[float, str, int]] = []
    now = 0.0
    while True:
        for stage, queue in queues.items():
            while queue and free[stage]:
                free[stage] -= 1
                count = queue.popleft()
                begun = services.serve(now, {"scheduler": 1.0})
                units = {name: amount * count for name, amount in loads[stage].items()}
                heapq.heappush(ends, (services.serve(begun, units), stage, count))
        if not ends:
            return Outcome(now, {name: busy / now for name, busy in services.busy.items()})
        now, stage, count = heapq.heappop(ends)
        free[stage] += 1
        if stage == "write":
            unspoken.append(count)


class _Services:
    """First come, first served, at a constant rate; a task waits for the slowest of those that it asks."""

    def __init__(self, rates: Mapping[str, float]) -> None:
        self._rates = rates
        self._free = dict.fromkeys(rates, 0.0)
        self.busy = dict.fromkeys(rates, 0.0)

    def serve(self, at: float, units: Mapping[str, float]) -> float:
        """When all of it is served."""
        end = at
        for name, amount in units.items():
            took = amount / self._rates[name]
            self._free[name] = max(at, self._free[name]) + took
            self.busy[name] += took
            end = max(end, self._free[name])
        return end


def load_of(scenario: Mapping[str, Any], table: Mapping[str, Any], means: Mapping[str, Any]) -> Load:
    """Of a story in LANGUAGES languages. A further language is translated by its pair alone."""
    story, drafts = table["story"], means["drafts"]
    calls = [(means["write"], drafts), (means["judge"], drafts)]
    written = sum(mean["completion_tokens"] * times for mean, times in calls)
    read = sum(mean["prompt_tokens"] * times for mean, times in calls)
    tokens = {"endpoint": written} if scenario["writer"] == "endpoint" else {"bedrock": read + written}
    puts = story["objects_written"] * LANGUAGES
    return Load(
        {**tokens, "translate": means["translate"]["characters"]},
        {"polly": 2 * story["sentences"] * LANGUAGES, "s3_put": puts},
    )


def rates_of(scenario: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, float]:
    """Units a second that the scenario's accounts are admitted."""
    column, accounts = "asked" if scenario.get("asked") else "limit", scenario.get("accounts", 1)
    rates = {name: row[column] * accounts for name, row in table["rates"].items() if name != "scheduler"}
    rates["endpoint"] *= scenario.get("endpoints", 1)
    # However large the quota, a task asks for so many sentences at once and waits for them.
    asking = scenario.get("tasks", _TASKS) * table["task"]["speaks_at_once"] / table["task"]["speak_seconds"]
    rates["polly"] = min(rates["polly"], asking)
    return {**rates, "scheduler": table["rates"]["scheduler"]["limit"]}


def dollars(
    scenario: Mapping[str, Any], outcome: Outcome, table: Mapping[str, Any], means: Mapping[str, Any]
) -> dict[str, float]:
    """By service, for all stories. Storage: a month of it."""
    from pipeline.storage.ledger import Payment, price_table, rows
    from pipeline.types import Usage

    def cost(engine: str, **usage: float) -> float:
        (row,) = rows([Payment("x", "x", engine, Usage(**usage))], price_table())  # type: ignore[arg-type]
        return row.dollars or 0.0

    prices, story, editions = table["prices"], table["story"], STORIES * LANGUAGES
    drafts = means["drafts"] * STORIES
    tokens = {
        kind: sum(means[call][kind] for call in ("write", "judge")) * drafts
        for kind in ("prompt_tokens", "completion_tokens")
    }
    hours = outcome.seconds / 3600 * outcome.busy.get("endpoint", 0.0)
    writing = (
        hours * scenario.get("endpoints", 1) * prices["endpoint_hour"]
        if scenario["writer"] == "endpoint"
        else cost("bedrock/amazon.nova-lite-v1", **tokens)
    )
    translated = means["translate"]["characters"] * STORIES * (LANGUAGES - 1)
    return {
        "writing": writing,
        "Translate": cost("translate/", characters=translated),
        "Polly": cost("polly/neural", characters=means["speak"]["characters"] * editions),
        "S3 requests": editions
        * (story["objects_written"] * prices["s3_put"] + story["objects_read"] * prices["s3_get"]),
        "S3, a month": editions * story["megabytes"] / 1000 * prices["s3_gigabyte_month"],
    }


def measure(quick: bool) -> Result:
    table, means = (tomllib.loads(path.read_text("utf-8")) for path in _TABLES)
    findings = []
    details: dict[str, Any] = {}
    for scenario in table["scenarios"]:
        outcome = simulate(
            load_of(scenario, table, means),
            rates_of(scenario, table),
            STORIES,
            tasks=scenario.get("tasks", _TASKS),
        )
        cost = dollars(scenario, outcome, table, means)
        details[scenario["name"]] = {"seconds": outcome.seconds, "busy": outcome.busy, "dollars": cost}
        findings.append(_finding(scenario["name"], outcome, cost))
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        chunk = processes.run("bench.scale_runs", "quotas", Path(name) / "quotas", _CHUNK)
        sizes = _SMALL, _QUICK if quick else _LARGE
        small, large = (_parts(Path(name) / f"{size}", size) for size in sizes)
    catalogs = {"small": small, "large": large}
    return Result(
        [*findings, _chunk_finding(chunk, table), *_growth(small, large)],
        {**details, "chunk": chunk, **catalogs},
    )


def _parts(folder: Path, entries: int) -> dict[str, Run]:
    """A catalog's parts, one after another, each in a process of its own."""
    return {part: processes.run("bench.scale_runs", part, folder, entries) for part in _PARTS}


def _finding(name: str, outcome: Outcome, cost: Mapping[str, float]) -> Finding:
    first, second = outcome.bottlenecks[:2]
    parts = ", ".join(f"{service} {amount:,.0f}" for service, amount in cost.items())
    note = (
        f"held up by {first}, then {second} (busy {outcome.busy[second]:.0%} of the time); "
        f"US$ {sum(cost.values()):,.0f}: {parts}"
    )
    what = f"{STORIES:,} stories × {LANGUAGES} languages, simulated"
    return Finding(f"scale, {name}", what, single(outcome.seconds / _DAY), "days", None, note)


def _chunk_finding(run: Run, table: Mapping[str, Any]) -> Finding:
    rates = {"polly": table["rates"]["polly"]["limit"], "scheduler": math.inf}
    load = Load({}, {"polly": run["requests"] / run["stories"]})
    expected = simulate(load, rates, run["stories"], chunk=run["stories"]).seconds
    note = f"{run['requests']} requests: {expected:.1f} s simulated, {run['work_s']:.1f} s measured"
    what = f"a chunk of {run['stories']} stories, local AWS with Polly's quota: measured / simulated"
    return Finding("scale, quota", what, single(run["work_s"] / expected), "×", Target(1.15), note)


def _growth(small: Mapping[str, Run], large: Mapping[str, Run]) -> list[Finding]:
    """Linear growth is what the simulation takes for granted."""
    sizes = f"{large['plan']['entries']:,} entries / {small['plan']['entries']:,}, engines that take no time"
    findings = []
    for part in _PARTS:
        if part == "fill":
            continue
        less, more = small[part], large[part]
        ratio = (more["cpu"] / more["entries"]) / (less["cpu"] / less["entries"])
        note = f"{1000 * more['cpu'] / more['entries']:.2f} ms an entry"
        what = f"CPU time of an entry, {sizes}"
        findings.append(Finding(f"scale, {part}", what, single(ratio), "×", Target(1.2), note))
        note = f"{more['peak'] / 1e6:.0f} MB"
        peak = single(more["peak"] / less["peak"])
        findings.append(Finding(f"scale, {part}: memory", f"peak, {sizes}", peak, "×", Target(1.2), note))
    return findings

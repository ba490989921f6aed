"""A catalog on the draft engines: in chunks, over a plain loop of the steps and the demo's flow; its plan.

Each run is a process of its own, python -m bench.catalog loop|batch|plan OUT STORIES VARIANT: engines are
loaded on both sides.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from bench import processes
from bench.figures import Finding, Result, Run, Target, against, interleaved, ratios, single, spread
from bench.stories import IDEAS
from pipeline.app import App
from pipeline.batch import runs
from pipeline.batch.plan import plan
from pipeline.batch.reading import CatalogFile, read
from pipeline.batch.work import narrate, write
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept
from pipeline.steps.run import run as run_steps

LOCALES = ("en", "pt", "fr", "it")
# Stories, pairs of runs, runs of the demo's flow (each makes one story in one language).
_QUICK, _WHOLE = (4, 1, 2), (32, 3, 8)
_SMALL, _LARGE = 1_000, 10_000


def measure(quick: bool) -> Result:
    stories, count, demos = _QUICK if quick else _WHOLE
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)

        def batch(number: int) -> Run:
            return processes.run("bench.catalog", "batch", folder / f"batch-{number}", stories, number)

        def loop(number: int) -> Run:
            return processes.run("bench.catalog", "loop", folder / f"loop-{number}", stories, number)

        def demo(number: int) -> Run:
            idea, locale = IDEAS[number % len(IDEAS)], LOCALES[number % len(LOCALES)]
            return processes.run("bench.naive", "draft", idea, locale, folder / f"{number}.mp3")

        pairs = interleaved(loop, batch, count)
        reruns = [batch(number) for number in range(count)]
        demo_runs = [demo(number) for number in range(demos)]
        plans = [
            processes.run("bench.catalog", "plan", folder / f"plan-{size}", size, 0)
            for size in (_SMALL, _LARGE)
        ]
    findings = [*_batch_findings(stories, pairs, reruns, demo_runs), *_plan_findings(*plans)]
    return Result(findings, {"pairs": pairs, "again": reruns, "demo": demo_runs, "plans": plans})


def _batch_findings(
    stories: int, pairs: list[tuple[Run, Run]], reruns: list[Run], demo_runs: list[Run]
) -> list[Finding]:
    batches = [batch for _, batch in pairs]
    edition = spread(batch["work_s"] / (stories * len(LOCALES)) for batch in batches).median
    size = f"{stories} stories × {len(LOCALES)} languages, draft"
    demo = spread(run["seconds"] for run in demo_runs)
    rate = f"{3600 / edition:.0f} stories × languages an hour"
    work = [(loop["work_s"], batch["work_s"]) for loop, batch in pairs]
    again = [(first["work_s"], second["work_s"]) for first, second in zip(batches, reruns, strict=True)]
    calls = sum(run["calls"] for run in reruns)
    return [
        Finding(
            "catalog / loop",
            f"a loop of the steps / in chunks, {size}",
            ratios(work),
            "×",
            None,
            f"{rate}; whole processes: {against(pairs)}",
        ),
        Finding(
            "catalog / demo",
            f"the demo's flow / in chunks, {size}",
            spread(run["seconds"] / edition for run in demo_runs),
            "×",
            Target(4, at_least=True),
            f"a story in a language: {demo.median:.2f} s against {edition:.2f} s",
        ),
        Finding(
            "catalog again",
            "first run / the same again",
            ratios(again),
            "×",
            Target(50, at_least=True),
            f"{calls} engine calls",
        ),
    ]


def _plan_findings(small: Run, large: Run) -> list[Finding]:
    growth = (large["work_s"] / _LARGE) / (small["work_s"] / _SMALL)
    peaks = f"peak {large['peak'] / 1e6:.0f} MB, {large['peak'] / small['peak']:.2f} × that of a tenth"
    what, note = f"{_LARGE:,} entries × {len(LOCALES)} languages, fake", f"{large['chunks']} chunks; {peaks}"
    return [
        Finding("plan", what, single(large["work_s"]), "s", None, note),
        Finding("plan growth", "a story's time of 10,000 / of 1,000", single(growth), "×", Target(1.2)),
        Finding("plan memory", "peak of planning 10,000", single(large["peak"] / 1e6), "MB", Target(300)),
    ]


def main(side: str, out: Path, stories: int, variant: int) -> Run:
    """work_s: seconds without the start of Python; peak: bytes; calls: calls that reached an engine."""
    out.mkdir(parents=True, exist_ok=True)
    file = _catalog(out, stories, variant)
    app = build_batch(Settings(profile="fake" if side == "plan" else "draft", out=out / "store"))
    start = time.perf_counter()
    figures = {"loop": _loop, "batch": _batch, "plan": _plan}[side](app, file)
    work = time.perf_counter() - start
    return {"work_s": work, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, **figures}


def _loop(app: App, file: CatalogFile) -> Run:
    """Story by story, language by language."""
    for row in file.rows():
        assert row.entry
        story_id = accept(app, row.entry.context)
        for locale in LOCALES:
            run_steps(app, story_id, locale, NoProgress())
    return {}


def _batch(app: App, file: CatalogFile) -> Run:
    planned = plan(app, file, f"run-{time.time_ns()}")
    run = runs.Run(app.store, planned.run_id)
    calls = 0
    for number in range(1, planned.chunks + 1):
        for record in (write(app, run, number), narrate(app, run, number)):
            assert not record.failures, record.failures
            calls += sum(entry.usage.calls for entry in record.paid)
    return {"chunks": planned.chunks, "calls": calls}


def _plan(app: App, file: CatalogFile) -> Run:
    return {"chunks": plan(app, file, "run").chunks}


def _catalog(out: Path, stories: int, variant: int) -> CatalogFile:
    """Different ideas for each variant."""
    path = out / "bench.yaml"
    ideas = [f"{IDEAS[at % len(IDEAS)]}, part {variant * stories + at + 1}" for at in range(stories)]
    path.write_text(json.dumps({"locales": LOCALES, "entries": ideas}, indent=1), "utf-8")
    return read(path)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))

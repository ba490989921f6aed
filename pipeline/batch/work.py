"""What a scheduler's task does with a chunk: write its stories, then narrate them.

`write` is whatever needs the language model, translation included, and `narrate` what needs the voice: so
the two stages of different chunks run side by side, and no engine waits for its other half. Each may be run
again: what is committed is only read, and a failure that no retry mends is not tried twice.
"""

from __future__ import annotations

from pipeline.app import App
from pipeline.batch.runs import NARRATE, WRITE, ChunkRecord, Run
from pipeline.batch.stage import Job, Stage
from pipeline.config.profiles import profile
from pipeline.errors import RequestError
from pipeline.ports import NoProgress, Progress
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.steps.run import run as run_step
from pipeline.steps.translate import translate


def write(
    app: App, run: Run, number: int, last: bool = True, progress: Progress | None = None
) -> ChunkRecord:
    """Accepts, writes and translates a chunk's stories, as many at once as the writer serves best.

    A story's failure is kept in the record and not raised. last: no retry comes after this attempt. Raises
    UnavailableError ("unfinished"): what failed may succeed later, and alone is tried again then; ConfigError
    and StoreError at once, for they would fail every story.
    """
    stage = Stage(app, run, WRITE, number)
    given_up = {(one.id, one.locale) for one in stage.given_up}
    jobs = [
        Job(item, locales)
        for item in run.items(number)
        if (locales := tuple(one for one in item.locales if (item.id, one) not in given_up))
    ]
    return _made(stage, jobs, app.text.parallel, last, progress)


def narrate(
    app: App, run: Run, number: int, last: bool = True, progress: Progress | None = None
) -> ChunkRecord:
    """Speaks and stores each written story × locale of a chunk. last, errors: as of write().

    Raises RequestError: the chunk was not written before.
    """
    written = run.record(WRITE, number)
    if written is None:
        raise RequestError(f"chunk {number} of run {run.id} is not written yet", problem="bad-request")
    stage = Stage(app, run, NARRATE, number)
    given_up = {(one.id, one.locale) for one in (*stage.given_up, *written.failures)}
    jobs = [
        Job(item, (locale,))
        for item in run.items(number)
        for locale in item.locales
        if (item.id, locale) not in given_up
    ]
    narrators: int = profile(app.profile)["batch"]["narrators"]
    return _made(stage, jobs, narrators, last, progress)


def _made(stage: Stage, jobs: list[Job], threads: int, last: bool, progress: Progress | None) -> ChunkRecord:
    do = {WRITE: _write, NARRATE: _narrate}[stage.name]
    record = stage.work(lambda job: do(stage, job), jobs, threads, progress or NoProgress())
    if not last and (unfinished := stage.unfinished()):
        raise unfinished
    return record


def _write(stage: Stage, job: Job) -> None:
    app, item = stage.app, job.item
    try:
        accept(app, item.context, item.variant, item.audience)
        generate(app, item.id, NoProgress())
    except Exception as error:  # noqa: BLE001 - kept as this story's failure, or raised again there
        stage.failed(job, "generate", error)
        return
    for locale in job.locales:
        try:
            translate(app, item.id, locale, NoProgress())
        except Exception as error:  # noqa: BLE001
            stage.failed(Job(item, (locale,)), "translate", error)
        else:
            stage.made()


def _narrate(stage: Stage, job: Job) -> None:
    (locale,) = job.locales
    try:
        run_step(stage.app, job.item.id, locale, NoProgress())
    except Exception as error:  # noqa: BLE001
        stage.failed(job, "speak", error)
    else:
        stage.made()

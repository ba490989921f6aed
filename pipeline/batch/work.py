"""The two stages of a chunk, as a scheduler's tasks run them: write its stories, then narrate them.

`write` is all that needs the language model, translation included; `narrate` needs the voice. So the two
stages of different chunks run side by side, and no engine waits for the other. Each may be run again: what is
committed is only read, and a failure that no retry mends is not tried twice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pipeline.app import App
from pipeline.batch.items import Item
from pipeline.batch.runs import NARRATE, WRITE, ChunkRecord, Run
from pipeline.batch.stage import Stage
from pipeline.config.profiles import profile
from pipeline.errors import RequestError
from pipeline.ports import NoProgress, Progress
from pipeline.steps.accept import request
from pipeline.steps.generate import generate
from pipeline.steps.run import run as run_step
from pipeline.steps.translate import translate
from pipeline.storage import keys
from pipeline.storage.records import dump
from pipeline.story.text import clean
from pipeline.types import USUAL_AUDIENCE


def write(
    app: App, run: Run, number: int, last: bool = True, progress: Progress | None = None
) -> ChunkRecord:
    """Writes and translates a chunk's stories, as many at once as the text engine serves best.

    A story's failure is kept in the record and not raised. last: no retry comes after this attempt. Raises
    UnavailableError ("unfinished"): what failed may succeed later, and alone is tried again then; ConfigError
    and StoreError at once, for they would fail every story.
    """
    stage = Stage(app, run, WRITE, number)
    do = partial(_write, stage)
    return stage.work(do, stage.items(), app.text.parallel, last, progress or NoProgress())


def narrate(
    app: App, run: Run, number: int, last: bool = True, progress: Progress | None = None
) -> ChunkRecord:
    """Speaks and stores each written edition of a chunk. last, errors: as of write().

    Raises RequestError: the chunk was not written before.
    """
    written = run.record(WRITE, number)
    if written is None:
        raise RequestError(f"chunk {number} of run {run.id} is not written yet", problem="bad-request")
    stage = Stage(app, run, NARRATE, number)
    editions = [
        replace(item, locales=(locale,)) for item in stage.items(written.failures) for locale in item.locales
    ]
    narrators: int = profile(app.profile)["batch"]["narrators"]
    return stage.work(partial(_narrate, stage), editions, narrators, last, progress or NoProgress())


def _write(stage: Stage, item: Item) -> None:
    app = stage.app
    try:
        _accept(app, item)
        source = generate(app, item.id, NoProgress())
    except Exception as error:  # noqa: BLE001 - kept as this story's failure, or raised again by failed()
        stage.failed(item, item.locales, "generate", error)
        return
    for locale in item.locales:
        try:
            translate(app, item.id, locale, NoProgress(), source)
        except Exception as error:  # noqa: BLE001
            stage.failed(item, [locale], "translate", error)
        else:
            stage.finish_edition()


def _accept(app: App, item: Item) -> None:
    """Puts the story's request on record; its idea was checked when the run was planned."""
    audience = clean(item.audience) or USUAL_AUDIENCE
    accepted = request(app, clean(item.context), item.variant, audience, item.length)
    if accepted.story_id != item.id:
        raise RequestError(
            "the story prompt or the model was changed since the run was planned: start a new run",
            problem="bad-request",
        )
    app.store.put_if_absent(keys.request(item.id), dump(accepted))


def _narrate(stage: Stage, item: Item) -> None:
    try:
        for locale in item.locales:
            run_step(stage.app, item.id, locale, NoProgress())
            stage.finish_edition()
    except Exception as error:  # noqa: BLE001
        stage.failed(item, item.locales, "speak", error)

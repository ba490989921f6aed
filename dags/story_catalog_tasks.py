"""What every task of the story catalog does: from Airflow's context to the pipeline, and its errors back.

`pipeline` is imported when a task runs: the DAG processor, which reads these files every half minute, needs
neither it nor its models.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from airflow.sdk import Asset, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from pipeline.app import App
    from pipeline.batch.runs import Run
    from pipeline.ports import Advance

# A task's working directory is its executor's: paths are told from here.
ROOT = Path(__file__).resolve().parents[1]
# What story_catalog publishes, with the run's id and profile as the event's extra.
PUBLISHED = Asset("story_catalog")
# STORIES_ENDPOINT where no endpoint stands, and each run raises its own.
EPHEMERAL = "ephemeral"
LOG = logging.getLogger("story_catalog")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST_ID = 100
_TOLD_SECONDS = 10.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_plain_words(do: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """An error that no retry mends fails its task at once, with its sentence."""

    @wraps(do)
    def done(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        from pipeline.errors import StoriesError

        try:
            return do(*args, **kwargs)
        except StoriesError as error:
            if error.retryable:
                LOG.warning("%s", error)
                raise
            raise failed(str(error)) from error

    return done


def failed(told: str) -> AirflowFailException:
    """For good: no retry. Said in the log as well, without a traceback around it."""
    LOG.error("%s", told)
    return AirflowFailException(told)


def params() -> dict[str, Any]:
    """As the form, the request or the defaults said them."""
    return dict(get_current_context()["params"])


def app(profile: str = "") -> App:
    """Of the run's profile, where none is said. Nothing is loaded yet."""
    from pipeline import bootstrap
    from pipeline.config.settings import Settings

    settings = Settings.from_env(os.environ, profile=profile or params()["profile"], out=out())
    if settings.aws.endpoint == EPHEMERAL:
        settings = replace(settings, aws=replace(settings.aws, endpoint=endpoint_name(run_id())))
    return bootstrap.build_batch(settings)


def out() -> Path:
    """Where a profile with files keeps them."""
    return Path(os.environ.get("STORIES_OUT") or ROOT / "out")


def run(app: App) -> Run:
    from pipeline.batch.runs import Run

    return Run(app.store, run_id())


def planned_run(app: App) -> Run:
    """Skips its task where nothing was planned: the plan failed, or it was a dry run."""
    from pipeline.errors import NotFoundError

    found = run(app)
    try:
        found.about()
    except NotFoundError as error:
        raise AirflowSkipException("nothing was planned") from error
    return found


def run_id() -> str:
    """The DAG run's own id, so that a task that is cleared goes on with what was begun."""
    return stories_run_id(get_current_context()["run_id"])


def stories_run_id(dag_run_id: str) -> str:
    """>>> stories_run_id("manual__2026-11-25T08:32:12.539651+00:00")
    'manual__2026-11-25T08-32-12.539651+00-00'
    """
    return _NOT_IN_AN_ID.sub("-", dag_run_id)[-_LONGEST_ID:].lstrip("._+-") or "run"


def endpoint_name(run_id: str) -> str:
    """SageMaker's names have 63 letters, digits and hyphens."""
    return f"stories-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def endpoint_of(dag_run_id: str) -> str:
    return endpoint_name(stories_run_id(dag_run_id))


def catalog_path() -> Path:
    """A relative one is told from where `dags` lies, or from STORIES_CATALOGS."""
    return Path(os.environ.get("STORIES_CATALOGS") or ROOT) / params()["catalog"]


def is_last_try() -> bool:
    ti = get_current_context()["ti"]
    return ti.try_number > ti.max_tries


class Logged:
    """An app.Watch: a line every ten seconds and one at a step's end, in the task's log."""

    def __init__(self, what: str) -> None:
        self._what = what

    def note(self, text: str) -> None:
        LOG.info("%s: %s", self._what, text)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        began = told = time.monotonic()
        done = 0

        def advance(more: int) -> None:
            nonlocal done, told
            done += more
            if (now := time.monotonic()) - told > _TOLD_SECONDS:
                told = now
                LOG.info("%s: %s %d of %d", self._what, name, done, total)

        yield advance
        LOG.info("%s: %s %d of %d in %.1f s", self._what, name, done, total, time.monotonic() - began)

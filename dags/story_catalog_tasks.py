"""What the DAGs' tasks share: from Airflow's context to the pipeline, and its errors back.

`pipeline` is imported when a task runs: the DAG processor reads these files every half minute, and needs
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
    from pipeline.types import Early, Narration

# A task's working directory is its executor's: relative paths start here.
ROOT = Path(__file__).resolve().parents[1]
# Updated when story_catalog publishes; the event's extra has the run's id, its profile and the counts.
PUBLISHED = Asset("story_catalog")
# STORIES_ENDPOINT for runs that create an endpoint of their own.
EPHEMERAL = "ephemeral"
LOG = logging.getLogger("story_catalog")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST_ID = 100
_LOG_SECONDS = 10.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def failing_at_once(do: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A decorator: an error that no retry mends fails its task at once, with its own sentence."""

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


def failed(cause: str) -> AirflowFailException:
    """An error that is not retried. Its cause is logged as well, without a traceback."""
    LOG.error("%s", cause)
    return AirflowFailException(cause)


def params() -> dict[str, Any]:
    """The run's parameters: of the form, the request or the defaults."""
    return dict(get_current_context()["params"])


def app(profile: str = "") -> App:
    """profile: "" for the run's own. Loads no model yet."""
    from pipeline import bootstrap
    from pipeline.config.settings import Settings

    settings = Settings.from_env(os.environ, profile=profile or params()["profile"], out=out())
    if settings.aws.endpoint == EPHEMERAL:
        settings = replace(settings, aws=replace(settings.aws, endpoint=endpoint_name(run_id())))
    return bootstrap.build_batch(settings)


def out() -> Path:
    """The store's folder, for profiles that keep files."""
    from pipeline.config.paths import path

    return path(os.environ.get("STORIES_OUT") or ROOT / "out")


def run(app: App) -> Run:
    from pipeline.batch.runs import Run

    return Run(app.store, run_id())


def planned_run(app: App) -> Run:
    """The run; skips the task where nothing was planned: the plan failed, or it was a dry run."""
    from pipeline.errors import NotFoundError

    planned = run(app)
    try:
        planned.about()
    except NotFoundError as error:
        raise AirflowSkipException("nothing was planned") from error
    return planned


def run_id() -> str:
    """From the DAG run's id, so that a cleared task continues the same run."""
    return stories_run_id(get_current_context()["run_id"])


def stories_run_id(dag_run_id: str) -> str:
    """>>> stories_run_id("manual__2026-11-25T08:32:12.539651+00:00")
    'manual__2026-11-25T08-32-12.539651+00-00'
    """
    return _NOT_IN_AN_ID.sub("-", dag_run_id)[-_LONGEST_ID:].lstrip("._+-") or "run"


def endpoint_name(run_id: str) -> str:
    """Within SageMaker's limit: 63 letters, digits and hyphens."""
    return f"stories-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def endpoint_of(dag_run_id: str) -> str:
    return endpoint_name(stories_run_id(dag_run_id))


def catalog_path() -> Path:
    """A relative path starts at STORIES_CATALOGS, or at the folder of `dags`. {date}: the run's day."""
    from pipeline.config.paths import path

    name = params()["catalog"].replace("{date}", _day())
    return path(os.environ.get("STORIES_CATALOGS") or ROOT) / path(name)


def _day() -> str:
    """Of the run's data, so that a backfill makes each day's own catalog; of its start where it has none."""
    run = get_current_context()["dag_run"]
    return f"{run.logical_date or run.run_after:%Y-%m-%d}"


def most_chunks() -> int:
    """Over how many Airflow maps a task: its setting core.max_map_length."""
    from airflow.sdk.configuration import conf

    return conf.getint("core", "max_map_length")


def log_estimate(app: App, budget: float | None) -> None:
    from pipeline.batch import reading
    from pipeline.batch.estimate import estimate
    from pipeline.batch.report.text import estimate_text
    from pipeline.batch.survey import survey

    summary = survey(app, reading.read(catalog_path()))
    summary.refuse_faults()
    LOG.info("%s", estimate_text(estimate(app, summary, budget)))


def is_last_try() -> bool:
    ti = get_current_context()["ti"]
    return ti.try_number > ti.max_tries


class LogProgress:
    """A ports.Progress in the task's log: a line every ten seconds, and one at a step's end."""

    def __init__(self, name: str) -> None:
        self._name = name

    def note(self, text: str) -> None:
        LOG.info("%s: %s", self._name, text)

    def show(self, early: Early) -> None:
        """Nobody reads along."""

    def spoke(self, number: int, narration: Narration) -> None:
        """The bar says it."""

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        began = logged = time.monotonic()
        done = 0

        def advance(more: int) -> None:
            nonlocal done, logged
            done += more
            if (now := time.monotonic()) - logged > _LOG_SECONDS:
                logged = now
                LOG.info("%s: %s %d of %d", self._name, name, done, total)

        yield advance
        LOG.info("%s: %s %d of %d in %.1f s", self._name, name, done, total, time.monotonic() - began)

"""The scheduled catalog: every story × language of a catalog file, made in chunks, reviewed and published.

plan → chunks (write → narrate, each chunk for itself) → review → approve → publish → report

Only a run's id and chunk numbers travel between tasks; everything else lies in the store. Environment:

  STORIES_SCHEDULE   cron, in UTC; empty: only when triggered
  STORIES_CATALOG    the catalog file of scheduled runs; {date} in its name is the day of the run
  STORIES_PROFILE    and everything else that the `stories` command reads
  STORIES_REVIEW     "off": publishes without a review; "later": does not wait for a review, and publishes
                     only where none is due
  STORIES_ENDPOINT   "ephemeral": each run creates its SageMaker endpoint and deletes it; aws only
  STORIES_REPORTS_URL, STORIES_DEADLINE_HOURS   story_catalog_views.py: where links lead, when a run is late

What matters most: `budget` (a run stops cleanly there), `dry_run` (calls, hours and money before anything is
made), the pools' slots (how many chunks at once), `chunk_size` (0 is measured to be right).

Pools: stories_writer and stories_voice, one slot each for a local model, more for AWS (`airflow pools set
stories_writer 1 ''`). A task whose pool does not exist is never scheduled.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import story_catalog_tasks as tasks
import story_catalog_views as views
from airflow.sdk import (
    CronTriggerTimetable,
    TriggerRule,
    dag,
    get_current_context,
    task,
    task_group,
)
from story_catalog_forms import approval, run_params

WRITER_POOL, VOICE_POOL = "stories_writer", "stories_voice"
_IS_EPHEMERAL = os.environ.get("STORIES_ENDPOINT") == tasks.EPHEMERAL
# With an endpoint of its own a run needs the profile aws.
PROFILES = ("aws",) if _IS_EPHEMERAL else ("embedded", "draft", "fake", "aws")

_CRON = os.environ.get("STORIES_SCHEDULE")
# A chunk is 40 s of work as the plan cuts it, or hours with a large chunk_size.
_CHUNK_TIMEOUT = timedelta(hours=6)
_DEFAULTS = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
}


@task
@tasks.failing_at_once
def plan() -> list[int]:
    """The numbers of the chunks to make. A plan that exists already is continued."""
    from pipeline.batch import plan as planning
    from pipeline.batch import reading
    from pipeline.errors import NotFoundError

    params, app = tasks.params(), tasks.app()
    run = tasks.run(app)
    if params["dry_run"]:
        tasks.log_estimate(app, params["budget"])
        return []
    try:
        chunks = run.about().chunks
    except NotFoundError:
        file = reading.read(tasks.catalog_path())
        planned = planning.plan(
            app, file, run.id, params["chunk_size"], params["budget"], tasks.most_chunks()
        )
        tasks.LOG.info(
            "plan: %d to make in %d chunks, %d made before", planned.todo, planned.chunks, planned.done
        )
        chunks = planned.chunks
    return list(range(1, chunks + 1))


@views.chunk_task(pool=WRITER_POOL, execution_timeout=_CHUNK_TIMEOUT)
@tasks.failing_at_once
def write(number: int) -> None:
    from pipeline.batch import work

    app = tasks.app()
    work.write(app, tasks.run(app), number, tasks.is_last_try(), tasks.LogProgress(f"chunk {number}"))


@views.chunk_task(pool=VOICE_POOL, execution_timeout=_CHUNK_TIMEOUT)
@tasks.failing_at_once
def narrate(number: int) -> None:
    from pipeline.batch import work

    app = tasks.app()
    work.narrate(app, tasks.run(app), number, tasks.is_last_try(), tasks.LogProgress(f"chunk {number}"))


# A failed chunk makes the run red; editions of the other chunks are published all the same.
@task.branch(trigger_rule=TriggerRule.ALL_DONE)
@tasks.failing_at_once
def review() -> str | None:
    """Decides by the catalog's policy whether a person reviews, and prepares the form."""
    from pipeline.batch.review import due

    app = tasks.app()
    shown = due(app, tasks.planned_run(app))
    mode = os.environ.get("STORIES_REVIEW")
    if not shown.is_needed or mode == "off":
        return "publish"
    if mode == "later":
        tasks.LOG.info(
            "not published: %d stories × languages wait for a review (review.html beside the report); then: "
            "stories catalog publish %s",
            shown.total,
            tasks.run_id(),
        )
        return None
    get_current_context()["ti"].xcom_push("shown", shown.markdown())
    return "approve"


@views.run_task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, outlets=[tasks.PUBLISHED])
@tasks.failing_at_once
def publish() -> None:
    """Every complete edition appears at once, without those that the reviewer withheld."""
    from pipeline.batch.publishing import publish as publish_run

    context = get_current_context()
    response = context["ti"].xcom_pull(task_ids="approve") or {}
    withheld = response.get("params_input", {}).get("withhold") or ""
    app = tasks.app()
    run = tasks.run(app)
    published = publish_run(app, run, withheld.split())
    tasks.LOG.info(
        "publish: %d stories × languages, %d withheld, %d not complete",
        published.cards,
        published.withheld,
        published.incomplete,
    )
    context["outlet_events"][tasks.PUBLISHED].extra = {
        "run_id": run.id,
        "profile": tasks.params()["profile"],
        "published": published.cards,
        "withheld": published.withheld,
        "incomplete": published.incomplete,
    }


@views.run_task(trigger_rule=TriggerRule.ALL_DONE)
@tasks.failing_at_once
def report() -> None:
    """Always, from the store alone. Fails where more failed than the catalog allows."""
    from pipeline.batch.report.text import report_text
    from pipeline.batch.report.writing import report as report_run

    app = tasks.app()
    figures = report_run(app, tasks.planned_run(app))
    tasks.LOG.info("%s", report_text(figures))
    views.publish_metrics(figures)
    if figures.is_red:
        causes = ", ".join(f"{count} × {problem}" for problem, count in figures.causes.items())
        raise tasks.failed(f"not made: {causes}; the catalog allows {figures.catalog['max_failed']}")


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watch() -> None:
    """The run's only leaf: the report always runs, and as a leaf it would make every run green."""
    raise tasks.failed("a task of this run failed")


@dag(
    schedule=CronTriggerTimetable(_CRON, timezone="UTC") if _CRON else None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=_DEFAULTS,
    params=run_params(PROFILES),
    deadline=views.deadline(),
    user_defined_macros={"stories_endpoint": tasks.endpoint_of},
    tags=["stories"],
    doc_md=__doc__,
)
def story_catalog() -> None:
    @task_group
    def chunk(number: int) -> Any:
        written = write(number)
        written >> narrate(number)

    planned, watcher = plan(), watch()
    chunks = chunk.expand(number=planned)
    if _IS_EPHEMERAL:
        from story_catalog_endpoint import ephemeral_endpoint

        endpoint = ephemeral_endpoint(planned)
        endpoint.created >> chunks
        # Speaking needs no endpoint: it is deleted when the last chunk is written.
        chunks.children["chunk.write"] >> endpoint.deleted >> watcher
    reviewed = review()
    approved = approval()
    published, reported = publish(), report()
    planned >> reviewed << chunks
    reviewed >> approved >> published >> reported
    reviewed >> published
    [planned, chunks, reviewed, approved, published, reported] >> watcher


CATALOG_DAG = story_catalog()

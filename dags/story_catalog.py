"""The scheduled catalog: every story × language of a catalog file, made in chunks, reviewed and published.

plan → chunks (write → narrate, each chunk for itself) → review → approve → publish → report

Only a run's id and chunk numbers travel between tasks; everything else lies in the store. Environment:

  STORIES_SCHEDULE   cron, in UTC; none: only when asked for
  STORIES_CATALOG    the catalog file of scheduled runs
  STORIES_PROFILE    and all else that the `stories` command reads
  STORIES_REVIEW     "off": nobody is asked before publishing; "later": nobody is asked, and what the catalog
                     wants looked at is not published
  STORIES_ENDPOINT   "ephemeral": each run raises its SageMaker endpoint and takes it down; aws only

Pools: stories_writer and stories_voice, one slot each for a local model, more for AWS (`airflow pools set
stories_writer 1 ''`). A task whose pool does not exist is never scheduled.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import story_catalog_tasks as tasks
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (
    CronTriggerTimetable,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
    task_group,
)

if TYPE_CHECKING:
    from pipeline.app import App

WRITER_POOL, VOICE_POOL = "stories_writer", "stories_voice"
_IS_EPHEMERAL = os.environ.get("STORIES_ENDPOINT") == tasks.EPHEMERAL
# Whoever waits for an endpoint cannot do without it.
PROFILES = ("aws",) if _IS_EPHEMERAL else ("embedded", "draft", "fake", "aws")

_CRON = os.environ.get("STORIES_SCHEDULE")
# One chunk: 40 s of work as the plan cuts it, hours where somebody asks for large ones.
_CHUNK_TIMEOUT = timedelta(hours=6)
_ANSWER_WITHIN = timedelta(days=3)
_DEFAULTS = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
}
_PARAMS = {
    "catalog": Param(
        os.environ.get("STORIES_CATALOG") or "catalogs/bedtime.yaml",
        type="string",
        minLength=1,
        title="Catalog file",
        description="YAML, CSV or JSON Lines, on the workers' disk",
    ),
    "profile": Param(
        os.environ.get("STORIES_PROFILE") or PROFILES[0],
        type="string",
        enum=list(PROFILES),
        title="Profile",
        description="Which engines write, translate and speak",
    ),
    "chunk_size": Param(
        0,
        type="integer",
        minimum=0,
        maximum=10_000,
        title="Stories in a chunk",
        description="0: by the engines' speed",
    ),
    "budget": Param(
        None,
        type=["null", "number"],
        minimum=0,
        title="Budget, US$",
        description="In place of the catalog's own; the run stops cleanly there",
    ),
    "dry_run": Param(
        False, type="boolean", title="Dry run", description="Say calls, hours and money; make nothing"
    ),
}


@task
@tasks.in_plain_words
def plan() -> list[int]:
    """The numbers of the chunks that are left to make. A plan that is there is gone on with."""
    from pipeline.batch import plan as planning
    from pipeline.batch import reading
    from pipeline.errors import NotFoundError

    asked, app = tasks.params(), tasks.app()
    run = tasks.run(app)
    if asked["dry_run"]:
        _say_estimate(app, asked["budget"])
        return []
    try:
        chunks = run.about().chunks
    except NotFoundError:
        file = reading.read(tasks.catalog_path())
        planned = planning.plan(app, file, run.id, asked["chunk_size"], asked["budget"])
        tasks.LOG.info("plan: %d to make in %d chunks, %d there", planned.todo, planned.chunks, planned.done)
        chunks = planned.chunks
    return list(range(1, chunks + 1))


def _say_estimate(app: App, budget: float | None) -> None:
    from pipeline.batch import reading
    from pipeline.batch.estimate import estimate
    from pipeline.batch.survey import survey
    from pipeline.cli import catalog_tables

    found = survey(app, reading.read(tasks.catalog_path()))
    if found.fault_count:
        first = found.faults[0]
        raise reading.bad(f"{found.fault_count} faults (line {first.line}: {first.told})")
    if budget is not None:
        found = replace(found, catalog=found.catalog.model_copy(update={"budget": budget}))
    tasks.LOG.info("%s", catalog_tables.estimate(estimate(app, found)))


@task(pool=WRITER_POOL, execution_timeout=_CHUNK_TIMEOUT)
@tasks.in_plain_words
def write(number: int) -> None:
    from pipeline.batch import work

    app = tasks.app()
    work.write(app, tasks.run(app), number, tasks.is_last_try(), tasks.Logged(f"chunk {number}"))


@task(pool=VOICE_POOL, execution_timeout=_CHUNK_TIMEOUT)
@tasks.in_plain_words
def narrate(number: int) -> None:
    from pipeline.batch import work

    app = tasks.app()
    work.narrate(app, tasks.run(app), number, tasks.is_last_try(), tasks.Logged(f"chunk {number}"))


# A chunk that failed is told by the run's colour; what the others made waits for nobody.
@task.branch(trigger_rule=TriggerRule.ALL_DONE)
@tasks.in_plain_words
def review() -> str | None:
    """Whether a person is asked, by the catalog's policy; what they are shown."""
    from pipeline.batch.review import due

    app = tasks.app()
    shown = due(app, tasks.planned_run(app))
    how = os.environ.get("STORIES_REVIEW")
    if not shown.is_needed or how == "off":
        return "publish"
    if how == "later":
        tasks.LOG.info(
            "not published: %d stories × languages wait for a person (review.html beside the report); then: "
            "stories catalog publish %s",
            shown.total,
            tasks.run_id(),
        )
        return None
    get_current_context()["ti"].xcom_push("shown", shown.markdown())
    return "approve"


@task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, outlets=[tasks.PUBLISHED])
@tasks.in_plain_words
def publish() -> None:
    """Everything that is complete appears at once, but for what the reviewer withheld."""
    from pipeline.batch.publishing import publish as publish_run

    context = get_current_context()
    answer = context["ti"].xcom_pull(task_ids="approve") or {}
    withheld = answer.get("params_input", {}).get("withhold") or ""
    app = tasks.app()
    run = tasks.run(app)
    done = publish_run(app, run, withheld.split())
    tasks.LOG.info(
        "publish: %d stories × languages, %d withheld, %d not there",
        done.cards,
        done.withheld,
        done.incomplete,
    )
    context["outlet_events"][tasks.PUBLISHED].extra = {"run_id": run.id, "profile": tasks.params()["profile"]}


@task(trigger_rule=TriggerRule.ALL_DONE)
@tasks.in_plain_words
def report() -> None:
    """Always, from the store alone. Fails where more stories failed than the catalog allows."""
    from pipeline.batch.report.figures import report as report_run
    from pipeline.cli import catalog_tables

    app = tasks.app()
    told = report_run(app, tasks.planned_run(app))
    tasks.LOG.info("%s", catalog_tables.summary(told))
    if told.is_red:
        causes = ", ".join(f"{count} × {problem}" for problem, count in told.causes.items())
        raise tasks.failed(f"not made: {causes}; the catalog bears {told.catalog['max_failed']}")


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watch() -> None:
    """The run's only leaf: without it the report, which runs whatever happened, turned every run green."""
    raise tasks.failed("a task of this run failed")


@dag(
    schedule=CronTriggerTimetable(_CRON, timezone="UTC") if _CRON else None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=_DEFAULTS,
    params=_PARAMS,
    user_defined_macros={"stories_endpoint": tasks.endpoint_of},
    tags=["stories"],
    doc_md=__doc__,
)
def story_catalog() -> None:
    @task_group
    def chunk(number: int) -> Any:
        written = write(number)
        written >> narrate(number)

    planned, watched = plan(), watch()
    chunks = chunk.expand(number=planned)
    if _IS_EPHEMERAL:
        from story_catalog_endpoint import ephemeral_endpoint

        endpoint = ephemeral_endpoint(planned)
        endpoint.raised >> chunks
        # Speaking needs no endpoint: it goes with the last chunk's writing.
        chunks.children["chunk.write"] >> endpoint.lowered >> watched
    looked = review()
    approved = ApprovalOperator(
        task_id="approve",
        subject="Publish the stories of {{ params.catalog }}?",
        body="{{ ti.xcom_pull(task_ids='review', key='shown') }}",
        params={
            "withhold": Param(
                None,
                type=["null", "string"],
                title="Ids of stories to leave out",
                description="As the list shows them, with spaces between",
            )
        },
        response_timeout=_ANSWER_WITHIN,
        execution_timeout=None,
        retries=0,  # a retry would ask again, after everybody had three days
    )
    published, told = publish(), report()
    planned >> looked << chunks
    looked >> approved >> published >> told
    looked >> published
    [planned, chunks, looked, approved, published, told] >> watched


CATALOG_DAG = story_catalog()

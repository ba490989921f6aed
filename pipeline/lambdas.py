"""The Lambda handlers: the API, and the states of infra/workflow.asl.yaml.

Each builds its app at the first event of an execution environment and keeps it. A state fails with one of
our errors: Step Functions matches their names, and retries the retryable ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pipeline.api import problems
from pipeline.api.gateway import Api
from pipeline.api.service import OnDemand
from pipeline.api.telemetry import observed
from pipeline.app import App
from pipeline.bootstrap import build_app, build_runner
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, StoriesError
from pipeline.steps import accept, status
from pipeline.steps.committed import is_complete
from pipeline.steps.generate import generate as generate_step
from pipeline.steps.run import run
from pipeline.steps.status import StatusProgress
from pipeline.steps.translate import translate as translate_step

Event = dict[str, Any]
Step = Callable[[App, str, str, StatusProgress], object]


@observed
def trigger(event: Event, context: Any) -> dict[str, Any]:
    """MvpStoriesWorkflowTrigger, the API: the response to a proxy event of API Gateway. Never raises."""
    return _api(_settings())(event, context)


@observed
def generate(event: Event, context: Any) -> dict[str, str]:
    """Generate Story; and Accept context, where somebody started the workflow by hand with a context."""
    if "context" in event:
        return _accept(event)
    return _run(event, lambda app, story_id, _, progress: generate_step(app, story_id, progress))


@observed
def translate(event: Event, context: Any) -> dict[str, str]:
    """Translate story."""
    return _run(event, translate_step)


@observed
def speak(event: Event, context: Any) -> dict[str, str]:
    """MvpStoriesTextToSpeech: speaks and stores, and so completes the edition."""
    return _run(event, run)


@observed
def record_failure(event: Event, context: Any) -> dict[str, str]:
    """Record failure: writes the status for a state that timed out, crashed or gave up."""
    app, (story_id, edition) = _app(_settings()), _ids(event)
    if not _has_failed(app, story_id, edition) and not is_complete(app.store, story_id, edition):
        name = str((event.get("error") or {}).get("Error", ""))
        status.fail(app.store, story_id, edition, problems.of_workflow(name))
    return {"id": story_id, "locale": edition}


# By function name, for a local AWS.
FUNCTIONS = {
    "MvpStoriesWorkflowTrigger": trigger,
    "MvpStoriesGenerate": generate,
    "MvpStoriesTranslate": translate,
    "MvpStoriesTextToSpeech": speak,
    "MvpStoriesRecordFailure": record_failure,
}


def _run(event: Event, step: Step) -> dict[str, str]:
    """Only ids come in and go out. An error that is not retryable is in the status before it is raised."""
    app, (story_id, edition) = _app(_settings()), _ids(event)
    try:
        step(app, story_id, edition, StatusProgress(app.store, story_id, edition))
    except StoriesError as error:
        if not error.retryable:
            status.fail(app.store, story_id, edition, error)
        raise
    return {"id": story_id, "locale": edition}


def _accept(event: Event) -> dict[str, str]:
    """The ids of the story of a context. Raises RequestError, ContentRejectedError."""
    app = _app(_settings())
    edition = accept.chain(app, str(event["locale"])).edition
    return {"id": accept.accept(app, str(event["context"])), "locale": edition}


def _has_failed(app: App, story_id: str, edition: str) -> bool:
    """Whether the state itself wrote why it failed."""
    try:
        return status.read(app.store, story_id, edition, clock=lambda: 0.0).state == status.FAILED
    except NotFoundError:  # no state ran
        return False


def _ids(event: Event) -> tuple[str, str]:
    """The story's id and the edition's name."""
    return str(event["id"]), str(event["locale"])


def _settings() -> Settings:
    return Settings.from_env(os.environ)


# The settings of an execution environment never change; those of a local AWS do. One app at a time.
@lru_cache(maxsize=1)
def _app(settings: Settings) -> App:
    return build_app(settings)


@lru_cache(maxsize=1)
def _api(settings: Settings) -> Api:
    app, serving = _app(settings), settings.serving
    return Api(OnDemand(app, build_runner(app, settings)), serving.wait, serving.origin)

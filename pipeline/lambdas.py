"""The Lambda handlers: the API, and the states of infra/workflow.asl.yaml.

Each builds its app at the first event of an execution environment and keeps it. A state fails with one of
our errors: Step Functions matches their names, and retries the retryable ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pipeline.api import events, followers, problems
from pipeline.api.gateway import Api
from pipeline.api.guard import SignedIn
from pipeline.api.service import OnDemand
from pipeline.api.telemetry import observed
from pipeline.app import App
from pipeline.bootstrap import build_app, build_runner, build_tickets
from pipeline.config.settings import Settings
from pipeline.errors import RequestError, StoriesError
from pipeline.steps import accept, status
from pipeline.steps.committed import is_complete
from pipeline.steps.generate import generate as generate_step
from pipeline.steps.run import run
from pipeline.steps.status_progress import StatusProgress
from pipeline.steps.translate import translate as translate_step
from pipeline.storage import editions

Event = dict[str, Any]
Step = Callable[[App, str, str, StatusProgress], object]


@observed
def trigger(event: Event, context: Any) -> dict[str, Any]:
    """MvpStoriesWorkflowTrigger, the API: the response to a proxy event of API Gateway. Never raises."""
    return _api(_settings())(event, context)


@observed
def generate(event: Event, context: Any) -> dict[str, str]:
    """Generate Story; and Accept context, where somebody started the workflow by hand with a context."""
    if "context" in events.table(event):
        return _accept(event)
    return _run(event, lambda app, story_id, _, progress: generate_step(app, story_id, progress))


@observed
def translate(event: Event, context: Any) -> dict[str, str]:
    """Translate story."""
    return _run(event, translate_step)


@observed
def speak(event: Event, context: Any) -> dict[str, str]:
    """MvpStoriesTextToSpeech: speaks and stores, and so completes the edition."""
    completed = _run(event, run)
    _app(_settings()).changes.changed(completed["id"], completed["locale"], status.DONE)
    return completed


@observed
def record_failure(event: Event, context: Any) -> dict[str, str]:
    """Record failure: writes the status for a state that timed out, crashed or gave up."""
    app = _app(_settings())
    story_id, edition = _ids(event, app)
    app = app.of(story_id)
    # A state may have written itself why it failed.
    if not status.has_failed(app.store, story_id, edition) and not is_complete(app.store, story_id, edition):
        name = str(events.table(event.get("error")).get("Error", ""))
        _fail(app, story_id, edition, problems.of_workflow(name))
    return {"id": story_id, "locale": edition}


@observed
def push(event: Event, context: Any) -> dict[str, int]:
    """MvpStoriesPush: a connection's beginning, messages and end, of the WebSocket API."""
    settings = _settings()
    app, serving = _app(settings), settings.serving
    tickets = build_tickets(settings, app.store)
    if not isinstance(app.changes, followers.Followers) or tickets is None:
        return {"statusCode": 404}
    return {"statusCode": followers.answer(app, app.changes, tickets, serving.origin, event)}


# By function name, for a local AWS.
FUNCTIONS = {
    "MvpStoriesWorkflowTrigger": trigger,
    "MvpStoriesGenerate": generate,
    "MvpStoriesTranslate": translate,
    "MvpStoriesTextToSpeech": speak,
    "MvpStoriesRecordFailure": record_failure,
    "MvpStoriesPush": push,
}


def _run(event: Event, step: Step) -> dict[str, str]:
    """Only ids come in and go out. An error that is not retryable is in the status before it is raised."""
    app = _app(_settings())
    story_id, edition = _ids(event, app)
    app = app.of(story_id)
    try:
        step(app, story_id, edition, StatusProgress(app.store, story_id, edition, changes=app.changes))
    except StoriesError as error:
        if not error.retryable:
            _fail(app, story_id, edition, error)
        if (
            app.private
        ):  # Lambda logs what is raised, and Step Functions keeps it: a message may have the name
            raise type(error)(f"a private story: {error.problem}", problem=error.problem) from None
        raise
    return {"id": story_id, "locale": edition}


def _fail(app: App, story_id: str, edition: str, error: StoriesError) -> None:
    status.fail(app.store, story_id, edition, error)
    app.changes.changed(story_id, edition, status.FAILED)


def _accept(event: Event) -> dict[str, str]:
    """The ids of the story of a context. Raises RequestError, ContentRejectedError."""
    app, sent = _app(_settings()), events.table(event)
    context, locale = (sent.get(name) for name in ("context", "locale"))
    if not isinstance(context, str) or not isinstance(locale, str):
        raise RequestError('the input has to be {"context": an idea, "locale": a tag, as in fr}')
    edition = accept.chain(app, locale).edition
    return {"id": accept.accept(app, context), "locale": edition}


def _ids(event: Event, app: App) -> tuple[str, str]:
    """The story's id and the edition's name. Raises RequestError: the event has none, or not of this app."""
    story_id, edition = events.edition(event)
    if editions.locale(edition) not in app.chains:
        raise RequestError(f"unknown locale {edition[:40]!r}", problem="unknown-locale")
    return story_id, edition


def _settings() -> Settings:
    return Settings.from_env(os.environ)


# The settings of an execution environment never change; those of a local AWS do. One app at a time.
@lru_cache(maxsize=1)
def _app(settings: Settings) -> App:
    app = build_app(settings)
    return replace(app, offer=app.offer.on_demand)


@lru_cache(maxsize=1)
def _api(settings: Settings) -> Api:
    app, serving = _app(settings), settings.serving
    tickets = build_tickets(settings, app.store)
    stories = OnDemand(app, build_runner(app, settings), serving.per_day, tickets, SignedIn(app))
    return Api(stories, serving.wait, serving.origin, settings.aws.url_seconds)

"""The routes: what each call asks of the stories, and how it is answered. No service, no file, no rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query

from pipeline.api import models, views
from pipeline.api.answers import JSON, PROBLEM, as_it_is, refused, text, told
from pipeline.api.models import LocaleAsk, StoryAsk
from pipeline.api.recent import Recent
from pipeline.api.service import Ask, Asked, OnDemand
from pipeline.errors import NotFoundError
from pipeline.steps.accept import chain
from pipeline.storage import shelf

_ID = r"^[0-9a-f]{32}$"
_IN_PATH = re.compile(r"/stories/([0-9a-f]{32})(?:/|$)")
# Seconds after which a story that is being made is worth another look.
_POLL = 2
_PAGE = 20

StoryId = Annotated[str, Path(pattern=_ID, description="32 hex digits, as an answer gave it")]
Tag = Annotated[str, Path(min_length=2, max_length=models.LONGEST_TAG, description="BCP-47")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of your own making: for 24 hours, the same key means the same story",
    ),
]
Cursor = Annotated[str | None, Query(pattern=f"^{shelf.CURSOR.pattern}$", description="Of the page before")]
Only = Annotated[
    str | None, Query(min_length=2, max_length=models.LONGEST_TAG, description="Only this locale")
]

_PROBLEMS = {
    400: "What was asked cannot be read, or cannot be had; `type` and `detail` say why",
    500: "Something is wrong here",
    503: "Not available now: ask again after Retry-After seconds",
}
_PROBLEMS_OF_POST = {
    413: "More than 16 kB",
    415: "Not application/json",
    422: "Not an idea for a children's story, or an Idempotency-Key that was sent with another request",
    429: "Too many stories are being made: ask again after Retry-After seconds",
    502: "The story could not be made",
}


class Route(NamedTuple):
    """answers: by status, the model and what it means."""

    method: str
    path: str
    handler: Callable[..., Any]
    summary: str
    answers: Mapping[int, tuple[Any, str]]


class Routes:
    def __init__(self, stories: OnDemand, wait: float) -> None:
        self._stories = stories
        self._app = stories.app
        self._wait = wait
        self._recent = Recent()
        # Every request is held against them.
        self._patterns = tuple((route, _pattern(route.path)) for route in self._table())
        self._resolver: APIGatewayRestResolver | None = None

    def register(self, resolver: APIGatewayRestResolver) -> None:
        self._resolver = resolver
        for route in self._table():
            resolver.route(
                route.path,
                method=route.method,
                summary=route.summary,
                operation_id=route.handler.__name__,
                responses=_documented(route),
            )(route.handler)

    def methods(self, path: str) -> list[str]:
        """Which methods an address has; none where it is no address. A name goes before an id or a locale."""
        fitting = [route for route, pattern in self._patterns if pattern.fullmatch(path)]
        least = min((route.path.count("<") for route in fitting), default=0)
        return sorted(route.method for route in fitting if route.path.count("<") == least)

    def addresses(self) -> list[tuple[str, str]]:
        """(path, method) that each route answers to, with "x" for an id or a locale."""
        return [(re.sub(r"<\w+>", "x", route.path), route.method) for route in self._table()]

    def _table(self) -> tuple[Route, ...]:
        made = (models.StoryView, "The story")
        begun = (models.Accepted, "It is being made: follow Location, after Retry-After seconds")
        there = (models.Accepted, "It is made already: Location has it")
        return (
            Route("POST", "/", self.make, "A story, now", {200: made, 202: begun}),
            Route("POST", "/stories", self.ask, "Ask for a story", {200: there, 202: begun}),
            Route(
                "POST",
                "/stories/<story_id>/locales",
                self.ask_locale,
                "The same story in another language, or again where it failed",
                {200: there, 202: begun},
            ),
            Route(
                "GET",
                "/stories/<story_id>/<locale>",
                self.story,
                "How far a story is; each sentence with its sound as soon as it is spoken",
                {200: made},
            ),
            Route(
                "GET", "/stories", self.stories, "The published stories", {200: (models.Catalog, "A page")}
            ),
            Route(
                "GET",
                "/locales",
                self.locales,
                "The languages",
                {200: (models.Locales, "All that are known")},
            ),
            Route("GET", "/health", self.health, "Is it well?", {200: (models.Health, "It is")}),
            Route("GET", "/openapi.json", self.document, "This document", {200: (None, "OpenAPI 3.1")}),
        )

    def make(self, body: StoryAsk, key: Key = None) -> Response[Any]:
        asked = self._accept(body, key)
        self._stories.finish(asked, self._wait)
        seen = views.view(self._app, asked.story_id, asked.locale)
        if seen["status"] == "done":
            return told(200, seen)
        if failure := views.failure(self._app, asked.story_id, asked.locale):
            return refused(failure)
        return self._begun(asked, seen["status"])

    def ask(self, body: StoryAsk, key: Key = None) -> Response[Any]:
        return self._begin(self._accept(body, key))

    def ask_locale(self, story_id: StoryId, body: LocaleAsk) -> Response[Any]:
        return self._begin(self._stories.again(story_id, body.locale, body.experimental))

    def story(self, story_id: StoryId, locale: Tag) -> Response[Any]:
        served = chain(self._app, locale, experimental=True).locale
        if kept := self._recent.get((story_id, served)):
            return as_it_is(200, kept)
        seen = views.view(self._app, story_id, served)
        if seen["status"] == "done":  # it stays as it is, but for its addresses' lives
            self._recent.keep((story_id, served), text(seen))
        waiting = seen["status"] not in {"done", "failed"}
        return told(200, seen, {"Retry-After": str(_POLL)} if waiting else {})

    def stories(self, cursor: Cursor = None, locale: Only = None) -> Response[Any]:
        served = chain(self._app, locale, experimental=True).locale if locale else ""
        page = shelf.page(self._app.store, served, cursor or "", _PAGE)
        cards = [
            {
                "id": card.id,
                "locale": card.locale,
                "title": card.title,
                "durationMs": card.duration_ms,
                "labels": list(card.labels),
            }
            for card in page.cards
        ]
        return told(200, {"stories": cards, "cursor": page.cursor or None})

    def locales(self) -> Response[Any]:
        found = [
            {
                "locale": way.locale,
                "quality": way.quality,
                "labels": list(way.labels),
                "experimental": way.experimental,
            }
            for way in self._app.chains.values()
        ]
        return told(200, {"locales": found})

    def health(self) -> Response[Any]:
        """The store answers. Raises StoreError."""
        with suppress(NotFoundError):
            self._app.store.get("health")
        return told(200, {"status": "ok", "profile": self._app.profile})

    def document(self) -> Response[Any]:
        from pipeline.api.document import document

        assert self._resolver is not None
        return told(200, document(self._resolver))

    def _accept(self, body: StoryAsk, key: str | None) -> Asked:
        assert self._resolver is not None
        return self._stories.accept(
            Ask(
                body.context,
                body.locale,
                body.variant,
                body.experimental,
                key or "",
                caller(self._resolver.current_event.raw_event),
            )
        )

    def _begin(self, asked: Asked) -> Response[Any]:
        self._stories.begin(asked)
        seen = views.view(self._app, asked.story_id, asked.locale)
        if seen["status"] == "done":
            return told(200, _accepted(asked, "done"), {"Location": self._location(asked)})
        return self._begun(asked, seen["status"])

    def _location(self, asked: Asked) -> str:
        """With the stage that API Gateway put before the path, where it did."""
        assert self._resolver is not None
        event = self._resolver.current_event.raw_event
        whole = (event.get("requestContext") or {}).get("path") or event["path"]
        stage = whole.removesuffix(event["path"])
        return f"{stage}/stories/{asked.story_id}/{asked.locale}"

    def _begun(self, asked: Asked, state: str) -> Response[Any]:
        headers = {"Location": self._location(asked), "Retry-After": str(_POLL)}
        return told(202, _accepted(asked, state), headers)


def caller(event: Mapping[str, Any]) -> str:
    """Whose key it is: who is signed in, else the API key's owner, else the address it came from."""
    context = event.get("requestContext") or {}
    claims = (context.get("authorizer") or {}).get("claims") or {}
    identity = context.get("identity") or {}
    told = (claims.get("sub"), identity.get("apiKeyId"), identity.get("sourceIp"))
    return next((str(one) for one in told if one), "")


def story_id(path: str) -> str:
    """The one that an address names, "" where it names none."""
    found = _IN_PATH.match(path)
    return found.group(1) if found else ""


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<\w+>", "[^/]+", path.rstrip("/")) + "/?")


def _documented(route: Route) -> dict[int, Any]:
    found: dict[int, Any] = {
        code: {
            "description": what,
            "content": {JSON: {"model": model} if model else {"schema": {"type": "object"}}},
        }
        for code, (model, what) in route.answers.items()
    }
    known = {**_PROBLEMS, **(_PROBLEMS_OF_POST if route.method == "POST" else {})}
    if "<" in route.path:
        known[404] = "There is no such story"
    return found | {
        code: {"description": what, "content": {PROBLEM: {"model": models.ProblemView}}}
        for code, what in known.items()
    }


def _accepted(asked: Asked, state: str) -> dict[str, Any]:
    return {"id": asked.story_id, "locale": asked.locale, "status": state, "variant": asked.variant}

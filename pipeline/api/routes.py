"""The routes: the parameters, the response and the documentation of each call."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from pipeline.api import models, openapi, views
from pipeline.api.covers import Pictures
from pipeline.api.events import caller, origin
from pipeline.api.grown_ups import GrownUps
from pipeline.api.models import LocaleOrder, NameOrder, PushOrder, StoryOrder
from pipeline.api.parameters import At, By, Cursor, Key, Name, Only, StoryId, Tag
from pipeline.api.pencil import Pencil
from pipeline.api.preview import HTML, preview
from pipeline.api.recent import Recent
from pipeline.api.responses import json_response, problem_response, to_json
from pipeline.api.service import Edition, OnDemand
from pipeline.errors import NotFoundError
from pipeline.steps import status
from pipeline.steps.accept import chain
from pipeline.steps.sample import sample
from pipeline.storage import editions, shelf
from pipeline.storage.editions import USUAL_PACE

# Seconds between two requests for a story in progress.
_POLL = 2
_PAGE = 20


class Route(NamedTuple):
    """responses: by status, the model and what it means."""

    method: str
    path: str
    handler: Callable[..., Any]
    summary: str
    responses: Mapping[int, tuple[Any, str]]


class Routes:
    """Registers itself with `resolver`. wait: seconds that POST / waits for a story. life: seconds for which
    signed URLs are valid. check: raises StoreError where the store does not work. page: the page's address,
    "" where this server has it, "*" where it is not known.
    """

    def __init__(
        self,
        resolver: APIGatewayRestResolver,
        stories: OnDemand,
        wait: float,
        life: float,
        check: Callable[[], object],
        page: str = "",
    ) -> None:
        self._resolver = resolver
        self._stories = stories
        self._app = stories.app
        self._wait = wait
        self._recent = Recent(life)
        self._grown_ups = GrownUps(resolver, stories, self._recent)
        self._pencil = Pencil(resolver, stories, self._recent, self._begin)
        self._check = check
        self._page = page
        self._patterns = tuple((route, _pattern(route.path)) for route in self._table())
        for route in self._table():
            resolver.route(
                route.path,
                method=route.method,
                summary=route.summary,
                operation_id=route.handler.__name__,
                responses=openapi.documented(route.method, route.path, route.responses),
            )(route.handler)

    def methods(self, path: str) -> list[str]:
        """The methods of an address; none where no route has it. A literal part goes before a parameter."""
        matches = [route for route, pattern in self._patterns if pattern.fullmatch(path)]
        parameters = min((route.path.count("<") for route in matches), default=0)
        methods = {route.method for route in matches if route.path.count("<") == parameters}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))

    def addresses(self) -> list[tuple[str, str]]:
        """(path, method) of each route, with "x" for each parameter."""
        return [(re.sub(r"<\w+>", "x", route.path), route.method) for route in self._table()]

    def _table(self) -> tuple[Route, ...]:
        story = (models.StoryView, "The story")
        accepted = (models.Accepted, "It is being made: follow Location, after Retry-After seconds")
        complete = (models.Accepted, "It is made already: Location has it")
        page = (models.StoryPage, "A page")
        locales = (models.Locales, "All that are known")
        another = "The same story in another language, or again where it failed"
        progress = "How far a story is; each sentence with its sound as soon as it is spoken"
        return (
            Route("POST", "/", self.make, "A story, now", {200: story, 202: accepted}),
            Route("POST", "/stories", self.ask, "Ask for a story", {200: complete, 202: accepted}),
            Route(
                "POST",
                "/stories/<story_id>/locales",
                self.ask_locale,
                another,
                {200: complete, 202: accepted},
            ),
            *(Route(*row) for row in self._pencil.table()),
            # Before a locale's, which would take their names.
            *(
                Route("GET", f"/stories/<story_id>/{name}", handler, summary, {200: (kind, "The picture")})
                for name, handler, summary, kind in Pictures(self._app).table()
            ),
            Route("GET", "/stories/<story_id>/<locale>", self.story, progress, {200: story}),
            Route(
                "GET",
                "/stories/<story_id>/<locale>/preview",
                self.preview,
                "A published story as a chat shows its link",
                {200: (HTML, "Title, picture and first sentence, with a link to the page")},
            ),
            Route(
                "POST",
                "/push",
                self.push,
                "An address at which changes of stories are pushed",
                {200: (models.PushView, "Connect a WebSocket to it")},
            ),
            *(Route(*row) for row in self._grown_ups.table()),
            Route("GET", "/stories", self.stories, "The published stories", {200: page}),
            Route("GET", "/locales", self.locales, "The languages", {200: locales}),
            Route(
                "GET",
                "/locales/<locale>/voices/<voice>",
                self.voice,
                "Hear a voice say one sentence",
                {200: (models.SampleView, "The sentence")},
            ),
            Route(
                "POST",
                "/locales/<locale>/name",
                self.name,
                "Hear a name said once; nothing is kept of it",
                {200: (models.NameView, "The name, spoken")},
            ),
            Route("GET", "/health", self.health, "Is it well?", {200: (models.Health, "It is")}),
            Route("GET", "/openapi.json", self.document, "This document", {200: (None, "OpenAPI 3.1")}),
        )

    def make(self, body: StoryOrder, key: Key = None) -> Response[Any]:
        edition = self._accept(body, key)
        self._stories.finish(edition, self._wait)
        app = self._app.of(edition.story_id)
        view = views.view(app, edition.story_id, edition.name)
        if view["status"] == status.DONE:
            return json_response(200, view)
        if problem := views.failure(app, edition.story_id, edition.name):
            return problem_response(problem)
        return self._accepted(edition, view["status"])

    def ask(self, body: StoryOrder, key: Key = None) -> Response[Any]:
        return self._begin(self._accept(body, key))

    def ask_locale(self, story_id: StoryId, body: LocaleOrder) -> Response[Any]:
        return self._begin(self._stories.in_locale(story_id, body, self._owner))

    def story(self, story_id: StoryId, locale: Tag, voice: By = None, pace: At = None) -> Response[Any]:
        served = chain(self._app, locale, True, voice or "", USUAL_PACE if pace is None else pace).edition
        if recent := self._recent.get((story_id, served)):
            return json_response(200, recent)
        outlook = self._stories.runner.outlook(story_id, served)
        view = views.view(self._app.of(story_id), story_id, served, outlook)
        if view["status"] == status.DONE:  # only the signatures of its URLs change from now on
            self._recent.keep((story_id, served), to_json(view))
        is_over = view["status"] in {status.DONE, status.FAILED}
        return json_response(200, view, {} if is_over else {"Retry-After": str(_POLL)})

    def preview(self, story_id: StoryId, locale: Tag, voice: By = None, pace: At = None) -> Response[Any]:
        served = chain(self._app, locale, True, voice or "", USUAL_PACE if pace is None else pace).edition
        event = self._resolver.current_event.raw_event
        base = "{}://{}".format(*origin(event)) + self._stage()
        return preview(self._app, story_id, served, base, self._page or base)

    def push(self, body: PushOrder) -> Response[Any]:
        if self._stories.tickets is None:
            raise NotFoundError("nothing is pushed here", problem="no-push")
        address = self._stories.tickets.address(*origin(self._resolver.current_event.raw_event))
        return json_response(200, {"address": address})

    def stories(self, cursor: Cursor = None, locale: Only = None) -> Response[Any]:
        served = chain(self._app, locale, experimental=True).locale if locale else ""
        page = shelf.page(self._app.store, served, cursor or "", _PAGE)
        cards = [views.card_view(self._app, card) for card in page.cards]
        return json_response(200, {"stories": cards, "cursor": page.cursor or None})

    def locales(self) -> Response[Any]:
        locales = [views.locale_view(chain) for chain in self._app.chains.values()]
        exports = {"exports": list(self._stories.exports)} if self._stories.exports else {}
        offered = {**views.offer_view(self._app.offer), "privateDays": self._app.private_days}
        return json_response(200, {"locales": locales, **offered, **exports})

    def voice(self, locale: Tag, voice: Name) -> Response[Any]:
        spoken = sample(self._app, chain(self._app, locale, True, voice))
        url = self._app.store.url(spoken.key)
        body = {"text": spoken.text, "audioUrl": url, "durationMs": spoken.duration_ms}
        return json_response(200, body)

    def name(self, locale: Tag, body: NameOrder) -> Response[Any]:
        narration = self._stories.name(locale, body)
        audio = b64encode(narration.audio).decode()
        view = {"mediaType": narration.media_type, "audio": audio, "durationMs": narration.duration_ms}
        return json_response(200, view)

    def health(self) -> Response[Any]:
        """The store works. Raises StoreError."""
        self._check()
        return json_response(200, {"status": "ok", "profile": self._app.profile})

    def document(self) -> Response[Any]:
        return json_response(200, openapi.document(self._resolver))

    def _accept(self, body: StoryOrder, key: str | None) -> Edition:
        event = self._resolver.current_event.raw_event
        return self._stories.accept(body, key or "", caller(event), self._owner)

    @property
    def _owner(self) -> str:
        return self._stories.guard.owner(self._resolver.current_event.raw_event)

    def _begin(self, edition: Edition) -> Response[Any]:
        if self._stories.begin(edition):
            return self._accepted(edition, status.DONE)
        state = views.view(self._app.of(edition.story_id), edition.story_id, edition.name)["status"]
        # Beside a manifest whose mp3 was deleted, it is being made again.
        return self._accepted(edition, status.QUEUED if state == status.DONE else state)

    def _accepted(self, edition: Edition, state: str) -> Response[Any]:
        """200 where it is complete, else 202; where the story is, or will be."""
        locale, voice, pace = editions.parse(edition.name)
        body = {
            "id": edition.story_id,
            "locale": locale,
            "status": state,
            "variant": edition.variant,
            **views.spoken_by(voice, pace),
        }
        headers = {"Location": self._location(edition)}
        if state == status.DONE:
            return json_response(200, body, headers)
        return json_response(202, body, {**headers, "Retry-After": str(_POLL)})

    def _location(self, edition: Edition) -> str:
        locale, voice, pace = editions.parse(edition.name)
        query = "?" + urlencode({"voice": voice, "pace": f"{pace:g}"}) if voice else ""
        return f"{self._stage()}/stories/{edition.story_id}/{locale}{query}"

    def _stage(self) -> str:
        """What API Gateway put before the path: "/dev"; "" where it did not."""
        event = self._resolver.current_event.raw_event
        path: str = event["requestContext"].get("path") or event["path"]
        return path.removesuffix(event["path"])


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<\w+>", "[^/]+", path.rstrip("/")) + "/?")

"""The routes of a family's shelf, and of what only its grown-ups may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from pipeline.api import cards, models
from pipeline.api.models import PinOrder, PublishedOrder
from pipeline.api.parameters import At, By, First, Pin, Place, StoryId, Tag
from pipeline.api.recent import Recent
from pipeline.api.responses import json_response, no_content
from pipeline.api.service import OnDemand
from pipeline.errors import NotFoundError, RequestError
from pipeline.steps import committed
from pipeline.steps.accept import chain
from pipeline.storage import keys, shelf
from pipeline.storage.editions import USUAL_PACE

_PAGE = 20
# (method, path, handler, summary, responses): as in routes.Route.
Row = tuple[str, str, Callable[..., Any], str, dict[int, tuple[Any, str]]]


class GrownUps:
    def __init__(self, resolver: APIGatewayRestResolver, stories: OnDemand, recent: Recent) -> None:
        self._resolver, self._stories, self._recent = resolver, stories, recent
        self._app, self._guard = stories.app, stories.guard

    def table(self) -> tuple[Row, ...]:
        page, pin = (models.ShelfPage, "A page"), (models.PinView, "Whether a PIN is needed")
        published = (models.PublishedView, "Whether it is published now")
        return (
            ("GET", "/shelf", self.shelf, "What was made for this family, newest first", {200: page}),
            ("DELETE", "/stories/<story_id>", self.delete, "Delete all of a story", {204: (None, "Gone")}),
            (
                "PUT",
                "/stories/<story_id>/<locale>/published",
                self.publish,
                "Publish an edition, or take it back",
                {200: published},
            ),
            ("GET", "/pin", self.about_pin, "The grown-ups' PIN", {200: pin}),
            ("PUT", "/pin", self.choose_pin, "Choose the grown-ups' PIN", {204: (None, "It holds now")}),
        )

    def shelf(self, cursor: Place = None, locale: First = None) -> Response[Any]:
        owner = self._guard.owner(self._event)
        if not owner:
            raise NotFoundError("no shelf without a sign-in", problem="no-shelf")
        first = chain(self._app, locale, experimental=True).locale if locale else ""
        stories, following = cards.page(self._app, owner, first, cursor or "", _PAGE)
        return json_response(200, {"stories": stories, "cursor": following or None})

    def delete(self, story_id: StoryId, pin: Pin = None) -> Response[Any]:
        """pin: the guard reads it of the event, as in publish(); here it is documented."""
        self._guard.check(self._event, story_id)
        for deleted in self._stories.delete(story_id):
            self._recent.forget(deleted)
        return no_content()

    def publish(
        self,
        story_id: StoryId,
        locale: Tag,
        body: PublishedOrder,
        voice: By = None,
        pace: At = None,
        pin: Pin = None,
    ) -> Response[Any]:
        self._guard.check(self._event, story_id)
        pace = USUAL_PACE if pace is None else pace
        edition = chain(self._app, locale, True, voice or "", pace).edition
        if keys.folder_of(story_id):
            raise RequestError("a private story is not published", problem="private-story")
        manifest = committed.read_manifest(self._app.store, story_id, edition)
        if body.published:
            shelf.publish(self._app.store, manifest)
        else:
            shelf.withhold(self._app.store, story_id, edition)
        return json_response(200, {"published": body.published})

    def about_pin(self) -> Response[Any]:
        return json_response(200, {"needed": self._guard.needs_pin, "set": self._guard.has_pin})

    def choose_pin(self, body: PinOrder) -> Response[Any]:
        self._guard.choose_pin(body.pin, body.old)
        return no_content()

    @property
    def _event(self) -> dict[str, Any]:
        event: dict[str, Any] = self._resolver.current_event.raw_event
        return event

"""The routes of a person's changes: a story is edited, and an edit taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from pipeline.api import models
from pipeline.api.models import EditOrder, UndoOrder
from pipeline.api.parameters import Pin, StoryId
from pipeline.api.recent import Recent
from pipeline.api.responses import json_response
from pipeline.api.service import Edition, OnDemand

# (method, path, handler, summary, responses): as in routes.Route.
Row = tuple[str, str, Callable[..., Any], str, dict[int, tuple[Any, str]]]


class Pencil:
    """begin: starts an edition, and answers as POST /stories does."""

    def __init__(
        self,
        resolver: APIGatewayRestResolver,
        stories: OnDemand,
        recent: Recent,
        begin: Callable[[Edition], Response[Any]],
    ) -> None:
        self._resolver, self._stories, self._recent, self._begin = resolver, stories, recent, begin

    def table(self) -> tuple[Row, ...]:
        complete = (models.Accepted, "The edited story is made already: Location has it")
        accepted = (models.Accepted, "The edited story is being made: follow Location")
        before = (models.Before, "It counts again, and the edited one is deleted")
        return (
            (
                "POST",
                "/stories/<story_id>/edits",
                self.edit,
                "Change sentences, which makes another story of it",
                {200: complete, 202: accepted},
            ),
            ("POST", "/stories/<story_id>/undo", self.undo, "The story before it was edited", {200: before}),
        )

    def edit(self, story_id: StoryId, body: EditOrder, pin: Pin = None) -> Response[Any]:
        """pin: the guard reads it of the event, as in undo(); here it is documented."""
        return self._begin(self._stories.edit(story_id, body, self._owner(story_id)))

    def undo(self, story_id: StoryId, body: UndoOrder, pin: Pin = None) -> Response[Any]:
        before = self._stories.undo(story_id, self._owner(story_id))
        self._recent.forget(story_id)
        return json_response(200, {"id": before})

    def _owner(self, story_id: str) -> str:
        """Whose shelf the story stands on. Raises as Guard.check() does."""
        event = self._resolver.current_event.raw_event
        self._stories.guard.check(event, story_id)
        return self._stories.guard.owner(event)

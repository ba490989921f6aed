"""The routes of a person's changes: a story is edited, and an edit taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pipeline.api import models
from pipeline.api.models import EditOrder
from pipeline.api.parameters import StoryId
from pipeline.api.responses import json_response
from pipeline.api.service import Edition, OnDemand

# (method, path, handler, summary, responses): as in routes.Route.
Row = tuple[str, str, Callable[..., Any], str, dict[int, tuple[Any, str]]]


class Pencil:
    """begin: starts an edition, and answers as POST /stories does."""

    def __init__(self, stories: OnDemand, begin: Callable[[Edition], Response[Any]]) -> None:
        self._stories, self._begin = stories, begin

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

    def edit(self, story_id: StoryId, body: EditOrder) -> Response[Any]:
        # At the merge with the guard: self._stories.guard.check(event, story_id)
        return self._begin(self._stories.edit(story_id, body))

    def undo(self, story_id: StoryId) -> Response[Any]:
        # At the merge with the guard: self._stories.guard.check(event, story_id)
        return json_response(200, {"id": self._stories.undo(story_id)})

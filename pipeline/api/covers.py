"""Pictures of stories: their addresses in views, and themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pipeline.api.parameters import StoryId
from pipeline.api.responses import picture_response
from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError
from pipeline.ports import Covers
from pipeline.steps import committed
from pipeline.storage import keys
from pipeline.storage.cards import Card
from pipeline.storage.records import CommittedText
from pipeline.types import Manifest, Story

SVG, PNG = "image/svg+xml", "image/png"
View = dict[str, Any]


class Pictures:
    """Their routes below /stories/<story_id>/."""

    def __init__(self, app: App) -> None:
        self._app = app

    def table(self) -> tuple[tuple[str, Callable[..., Any], str, str], ...]:
        """Name, handler, summary, media type."""
        return (
            ("cover.svg", self.cover, "The picture of a story", SVG),
            ("cover-night.svg", self.cover_night, "The same for a dark room", SVG),
            ("cover.png", self.cover_png, "The same for lock screens", PNG),
        )

    def cover(self, story_id: StoryId) -> Response[Any]:
        return self._svg(story_id, night=False)

    def cover_night(self, story_id: StoryId) -> Response[Any]:
        return self._svg(story_id, night=True)

    def cover_png(self, story_id: StoryId) -> Response[Any]:
        covers, source = self._of(story_id)
        picture = covers.png(source.story, source.idea)
        if not picture:
            raise NotFoundError("there is nothing here that draws a PNG")
        return picture_response(PNG, picture)

    def _svg(self, story_id: str, night: bool) -> Response[Any]:
        covers, source = self._of(story_id)
        return picture_response(SVG, covers.svg(source.story, source.idea, night))

    def _of(self, story_id: str) -> tuple[Covers, CommittedText]:
        """Raises NotFoundError: no such story, or no pictures here; DamagedError."""
        if self._app.covers is None:
            raise NotFoundError("stories have no pictures here")
        return self._app.covers, committed.text(self._app.of(story_id).store, story_id, keys.WRITTEN_IN)


def view(app: App, manifest: Manifest) -> View:
    """The cover's fields of a models.StoryView; none where stories have no pictures."""
    if app.covers is None:
        return {}
    edition = _story(manifest)
    try:
        english = edition if manifest.locale == keys.WRITTEN_IN else _english(app, manifest.story_id)
        text = app.covers.text(english, manifest.idea, edition)
    except (NotFoundError, DamagedError):
        text = app.covers.title_text(manifest.title, manifest.locale)
    return {**_addresses(app.covers, manifest.story_id), "coverText": text}


def card_view(app: App, card: Card) -> View:
    """The same of a models.Card, which is made without reading the story."""
    if app.covers is None:
        return {}
    text = app.covers.title_text(card.title, card.locale)
    return {**_addresses(app.covers, card.id), "coverText": text}


def _english(app: App, story_id: str) -> Story:
    return committed.text(app.store, story_id, keys.WRITTEN_IN).story


def _story(manifest: Manifest) -> Story:
    texts = tuple(segment.text for segment in manifest.segments)
    return Story(manifest.story_id, manifest.locale, manifest.title, texts)


def _addresses(covers: Covers, story_id: str) -> View:
    """Of the API's own. v: a browser keeps a picture until it is another."""
    folder, version = f"/stories/{story_id}", f"?v={covers.version}"
    return {
        "coverUrl": f"{folder}/cover.svg{version}",
        "coverNightUrl": f"{folder}/cover-night.svg{version}",
        "coverPngUrl": f"{folder}/cover.png{version}",
    }

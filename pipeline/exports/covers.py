"""The covers of stories, as an app has them (ports.Covers)."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from pipeline.exports import picture
from pipeline.exports.picture import png, tables, texts
from pipeline.types import Story

# Pixels of a side: what lock screens and players show.
_ARTWORK = 512


_KEPT = 8


class ComposedCovers:
    """Composed from the English text and the tables of data/pictures; nothing is stored."""

    version: int = tables.VERSION

    def __init__(self) -> None:
        # A story in eight languages has one picture.
        self._kept = lru_cache(maxsize=_KEPT)(_artwork)

    def svg(self, story: Story, idea: str, night: bool = False) -> str:
        return picture.svg(story, idea, night)

    def png(self, story: Story, idea: str) -> bytes:
        return self._kept(story, idea) if find_spec("resvg_py") else b""

    def text(self, story: Story, idea: str, edition: Story) -> str:
        return texts.text(story, idea, edition)

    def title_text(self, title: str, locale: str) -> str:
        return texts.plain_text(title, locale)


def _artwork(story: Story, idea: str) -> bytes:
    return png.png(picture.svg(story, idea), _ARTWORK, _ARTWORK)

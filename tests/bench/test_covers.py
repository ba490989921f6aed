"""The sheet of covers."""

from __future__ import annotations

from bench.covers import stories


def test_the_sheet_has_sixty_stories() -> None:
    texts = [(story.title, idea) for story, idea in stories()]
    assert len(set(texts)) == len(texts) == 60
    assert all(story.segments for story, _ in stories())

"""The bench of lengths, on the fake engines."""

from __future__ import annotations

from bench.lengths import outcome, report
from pipeline.engines.fake import MemoryStore
from tests.making import ScriptedText, fake_app


def test_what_passed_is_counted_and_each_story_stands_by_its_scenes() -> None:
    good = outcome(fake_app(MemoryStore()), "a shy snail", "good-night", "young")
    short = fake_app(MemoryStore(), text=ScriptedText(["cut", "cut", "cut"]))
    text = report([good, outcome(short, "a kite", "short", "young")])
    assert text.startswith("1 of 2 passed, 1 without a refused draft.")
    assert "## a kite (REFUSED)\n\n- draft 1 refused: " in text
    assert good.story
    assert good.story.segments[0] + " " in text
    assert (
        len(text.partition("## a kite")[0].split("\n\n")) == 7
    )  # summary, idea, title, three scenes, an end

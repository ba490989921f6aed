from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.engines.fake import FakeText, FakeTranslation, MemoryStore
from pipeline.notebooks.experiment import grid, listening, measures
from pipeline.notebooks.experiment.candidates import arms, shipped
from pipeline.notebooks.experiment.listening import Recording
from pipeline.ports import NoProgress, OnText, ignore
from tests.command import ROOT
from tests.counting import CountingText
from tests.making import fake_app
from tests.notebooks.experiment.frames import rows, table

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> & \"'"
CONTEXT = "a shy badger"


def test_stories_stand_side_by_side_with_their_checks_and_are_escaped() -> None:
    old = rows("old", [1.0], title=HOSTILE, text="Old one.")
    new = rows("new", [0.0], text=f"New one. {HOSTILE}", refused="words 70")
    frame = table(old, new, rows("gone", [0.0], failure="away"))
    frame["context"] = HOSTILE
    html = listening.side_by_side(frame, HOSTILE, 0)._repr_html_()
    assert html.index("Old one.") < html.index("New one.") < html.index("accepted") < html.index("words 70")
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "<script" not in html
    assert "<img" not in html
    assert ">gone<" not in html


def test_the_most_different_verdicts_come_first() -> None:
    frame = table(rows("old", [1.0, 1.0, 0.0]), rows("new", [1.0, 0.0, 0.0]))
    assert listening.most_different(frame) == [("context 01", 0), ("context 00", 0)]


def test_a_recording_is_the_cached_draft_in_each_language() -> None:
    text = CountingText(FakeText())
    app = fake_app(MemoryStore(), text)
    (arm,) = arms(["short"], {"own": {}}, ROOT / "notebooks" / "prompts")
    cells = grid.cells((shipped("story@1"), arm), [CONTEXT], 1)
    frame = measures.table(grid.run(app, cells, grid.in_english(app, [CONTEXT]), "test"))
    calls = len(text.calls)
    ((context, variant),) = listening.accepted(frame, arm.id)
    english, french = listening.record(app, arm, context, variant, ["en", "fr"], NoProgress())
    assert len(text.calls) == calls
    assert english.manifest
    assert french.manifest
    segments = " ".join(segment.text for segment in english.manifest.segments)
    assert segments == measures.drafts(frame, arm.id).text.iloc[0]
    hostile = replace(english.manifest, title=HOSTILE, labels=(HOSTILE,))
    html = listening.player(Recording("en", hostile, english.mp3))._repr_html_()
    assert "data:audio/mpeg;base64," in html
    assert "<script" not in html
    assert "<img" not in html


class Ungentle(FakeTranslation):
    """Adds a word that the word filter rejects."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        return tuple(f"{text} un couteau" for text in super().translate(texts, source, target, on_text))


def test_a_refused_language_says_why_and_the_others_are_made() -> None:
    app = fake_app(MemoryStore(), translation=Ungentle())
    french, english = listening.record(app, shipped("story@1"), CONTEXT, 0, ["fr", "en"], NoProgress())
    assert not french.mp3
    assert english.mp3
    html = listening.player(french)._repr_html_()
    assert "[fr] could not be made: the translation to fr did not pass" in html
    assert "<audio" not in html

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import escape

from pipeline.engines.fake import FakeText, FakeTranslation, MemoryStore
from pipeline.notebooks.experiment import grid, listening, measures
from pipeline.notebooks.experiment.candidates import arms, shipped
from pipeline.ports import NoProgress, OnText, ignore
from pipeline.steps.accept import accept
from pipeline.steps.run import run
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
    frame = grid.run(app, cells, grid.in_english(app, [CONTEXT]), "test")
    calls = len(text.calls)
    ((context, variant),) = listening.accepted(frame, arm.id)
    english, french = (
        page._repr_html_() for page in listening.record(app, arm, context, variant, ["en", "fr"])
    )
    assert len(text.calls) == calls
    assert escape(measures.drafts(frame, arm.id).text.iloc[0]) in english
    assert "[fr] " in french  # the mark of the fake translation
    assert "data:audio/mpeg;base64," in english
    assert "data:audio/mpeg;base64," in french


def test_a_player_escapes_what_the_engines_wrote() -> None:
    app = fake_app(MemoryStore())
    manifest = run(app, accept(app, CONTEXT), "en", NoProgress())
    html = listening.player(replace(manifest, title=HOSTILE, labels=(HOSTILE,)), b"mp3")._repr_html_()
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
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
    french, english = (
        page._repr_html_() for page in listening.record(app, shipped("story@1"), CONTEXT, 0, ["fr", "en"])
    )
    assert "[fr] could not be made: the translation to fr did not pass" in french
    assert "<audio" not in french
    assert "<audio" in english

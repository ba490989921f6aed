from __future__ import annotations

from collections.abc import Sequence

from pipeline.engines.fake import FakeText, FakeTranslation, MemoryStore
from pipeline.notebooks.experiment import grid as experiment
from pipeline.notebooks.experiment import measures, reading
from pipeline.notebooks.experiment.candidates import arms, shipped
from pipeline.notebooks.experiment.reading import Heard
from pipeline.ports import NoProgress, OnText, ignore
from tests.command import ROOT
from tests.counting import CountingText
from tests.making import fake_app
from tests.notebooks.experiment.tables import rows, table

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> & \"'"


def test_what_a_model_wrote_is_shown_and_never_run() -> None:
    frame = table(rows("old", [1.0], title=HOSTILE, text=HOSTILE), rows("new", [0.0], refused=HOSTILE))
    frame["context"] = HOSTILE
    told = reading.side_by_side(frame, HOSTILE, 0) + reading.player(
        Heard("en", HOSTILE, HOSTILE, (HOSTILE,), b"mp3")
    )
    assert "<script" not in told
    assert "<img" not in told
    assert told.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 7


def test_stories_stand_side_by_side_with_what_the_checks_found() -> None:
    new = rows("new", [0.0], text="New one.", refused="words 70")
    frame = table(rows("old", [1.0], text="Old one."), new)
    told = reading.side_by_side(frame, "context 00", 0)
    assert told.index("Old one.") < told.index("New one.") < told.index("accepted") < told.index("words 70")


def test_a_prompt_whose_draft_failed_has_no_column() -> None:
    frame = table(rows("old", [1.0]), rows("new", [0.0], failure="away"))
    assert "<th" in (told := reading.side_by_side(frame, "context 00", 0))
    assert ">new<" not in told


def test_those_where_prompts_differ_are_read_first() -> None:
    frame = table(rows("old", [1.0, 1.0, 0.0]), rows("new", [1.0, 0.0, 0.0]))
    assert reading.telling(frame) == [("context 01", 0), ("context 00", 0)]


def test_what_is_heard_is_the_draft_that_was_remembered_told_in_each_language() -> None:
    store, text = MemoryStore(), CountingText(FakeText())
    app = fake_app(store, text)
    (arm,) = arms(["short"], {"own": {}}, ROOT / "notebooks" / "prompts")
    told = experiment.in_english(app, ["a shy badger"])
    grid = experiment.cells((shipped("story@1"), arm), ["a shy badger"], 1)
    frame = measures.table(experiment.run(app, grid, told, "test"))
    asked = len(text.calls)
    ((context, variant),) = reading.accepted(frame, arm.id)
    heard = list(reading.hear(app, arm, context, variant, ["en", "fr"], NoProgress()))
    assert len(text.calls) == asked
    assert [one.locale for one in heard] == ["en", "fr"]
    assert heard[0].story == measures.made(frame, arm.id).text.iloc[0]
    assert all(one.mp3 for one in heard)
    assert "data:audio/mpeg;base64," in reading.player(heard[0])


class Ungentle(FakeTranslation):
    """Brings a word into the story that no child is told of."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        return tuple(f"{text} un couteau" for text in super().translate(texts, source, target, on_text))


def test_a_language_that_is_refused_says_why_and_the_others_are_heard() -> None:
    app = fake_app(MemoryStore(), translation=Ungentle())
    heard = list(reading.hear(app, shipped("story@1"), "a shy badger", 0, ["fr", "en"], NoProgress()))
    assert [(one.locale, bool(one.mp3)) for one in heard] == [("fr", False), ("en", True)]
    assert "couteau" in heard[0].failure
    assert "[fr] not told: the translation to fr did not pass" in reading.player(heard[0])
    assert "<audio" not in reading.player(heard[0])

"""Longer stories: written scene by scene, heard while they are, and not paid for twice."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, field, replace

import pytest
from mutagen.id3 import ID3

from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ContentRejectedError, EngineError, RequestError
from pipeline.ports import OnText, ignore
from pipeline.steps import committed
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.steps.heal import heal
from pipeline.steps.run import run
from pipeline.steps.verify import verify
from pipeline.story.text import words
from pipeline.types import Completion, Narration, Prompt
from tests.counting import CountingText
from tests.making import Listener, fake_app

IDEA = "a shy snail"


def good_night(app: App, **changed: str) -> str:
    return accept(app, IDEA, length="good-night", **changed)


def new_lines(prompt: Prompt) -> bool:
    return prompt.name == "scenes@1"


@dataclass
class Scripted(FakeText):
    """As the fake; the answers to the calls for new lines with these numbers are changed."""

    instead: dict[int, str]
    lines: list[Prompt] = field(default_factory=list)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        completion = super().complete(prompt, on_text)
        if not new_lines(prompt):
            return completion
        self.lines.append(prompt)
        return replace(completion, text=self.instead.get(len(self.lines), completion.text))


def test_a_good_night_story_is_one_text_with_its_plan_in_it_and_the_starts_of_its_scenes() -> None:
    app = fake_app(MemoryStore())
    text = generate(app, good_night(app), Listener())
    plan = generate(app, accept(app, IDEA), Listener()).story
    assert 200 <= sum(len(words(sentence)) for sentence in text.story.segments) <= 400
    assert text.story.segments[::3] == plan.segments
    assert text.story.title == plan.title
    assert text.story.scenes == (0, 9, 18)
    assert all(check.passed for check in text.checks)
    assert {"words", "sentence length", "readability", "judge: ends well"} <= {c.name for c in text.checks}
    assert committed.text(app.store, text.story.id, "en") == text


def test_a_scene_is_written_with_the_last_one_in_view_and_none_before_it() -> None:
    text = Scripted({})
    app = fake_app(MemoryStore(), text=text)
    segments = generate(app, good_night(app), Listener()).story.segments
    third = text.lines[-1].user
    assert [segments[first] in third for first in (0, 9, 18)] == [False, True, True]


def test_the_plan_of_a_longer_story_is_the_short_one_and_is_paid_once() -> None:
    writer = CountingText(FakeText())
    app = fake_app(MemoryStore(), text=writer)
    generate(app, accept(app, IDEA), Listener())
    paid = len(writer.calls)
    generate(app, good_night(app), Listener())
    again = writer.calls.arguments[paid:]
    assert {prompt.name.partition("-")[0] for prompt in again} == {"scenes@1", "judge"}


def test_after_a_crash_only_what_was_not_written_is_written() -> None:
    writer = CountingText(FakeText())
    app = fake_app(MemoryStore(), text=writer)
    story_id = good_night(app)
    real = writer.inner.complete

    def crash(prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if sum(map(new_lines, writer.calls.arguments)) > 7:  # in the third scene
            raise EngineError("gone", engine="fake")
        return real(prompt, on_text)

    writer.inner.complete = crash  # type: ignore[method-assign]
    with pytest.raises(EngineError):
        generate(app, story_id, Listener())
    before = len(writer.calls)
    writer.inner.complete = real  # type: ignore[method-assign]
    text = generate(app, story_id, Listener())
    assert sum(map(new_lines, writer.calls.arguments[before:])) == 3
    assert len(text.story.segments) == 30


def test_a_scene_that_does_not_pass_is_written_again_and_no_other() -> None:
    writer, progress = Scripted({4: "1. He was dead.\n2. Nobody came."}), Listener()
    app = fake_app(MemoryStore(), text=writer)
    text = generate(app, good_night(app), progress)
    assert [note for note in progress.notes if "refused" in note] == [
        "scene 2, draft 1 refused: gentle words dead"
    ]
    assert len(writer.lines) == 13  # ten lines of the plan, and the three of the second scene again
    assert text.attempt == 1


SAME = "1. Bees hum in the tall lime trees today.\n2. Far away a red cart rolls down the lane."
AGAIN = SAME.replace("Bees", "Wasps").replace("cart", "van")
COPIED = "1. Rain tapped on the window, and it was warm.\n2. He would tap on the window, and it was hers."


@pytest.mark.parametrize("instead", [{1: SAME, 4: AGAIN}, {4: COPIED}])
def test_new_lines_that_are_not_new_are_asked_for_again(instead: dict[int, str]) -> None:
    writer, progress = Scripted(instead), Listener()
    app = fake_app(MemoryStore(), text=writer)
    generate(app, good_night(app), progress)
    assert len(writer.lines) == 11
    assert progress.notes == []


def test_what_is_new_of_two_answers_is_kept() -> None:
    half = f"{AGAIN.splitlines()[0]}\n2. Bread baked in an oven nearby."
    writer = Scripted({1: SAME, 4: half, 5: f"1. A mill stood on the hill.\n{AGAIN.splitlines()[1]}"})
    app = fake_app(MemoryStore(), text=writer)
    segments = generate(app, good_night(app), Listener()).story.segments
    assert segments[10:12] == ("Bread baked in an oven nearby.", "A mill stood on the hill.")
    assert len(segments) == 30


def test_where_nothing_new_comes_the_line_of_the_plan_stands_alone() -> None:
    writer, progress = Scripted({1: SAME, 4: AGAIN, 5: AGAIN, 6: AGAIN}), Listener()
    app = fake_app(MemoryStore(), text=writer)
    assert len(generate(app, good_night(app), progress).story.segments) == 28
    assert progress.notes == []


def test_a_story_of_which_no_draft_of_a_scene_passes_is_refused_and_not_kept() -> None:
    bad = "1. He was dead.\n2. Nobody came."
    app = fake_app(MemoryStore(), text=Scripted(dict.fromkeys(range(4, 20), bad)))
    story_id = good_night(app)
    with pytest.raises(ContentRejectedError, match="of scene 2 passed") as refused:
        generate(app, story_id, Listener())
    assert refused.value.problem == "no-good-story"
    assert f"stories/{story_id}/story.json" not in list(app.store.list("stories/"))


@dataclass
class Following(Listener):
    """Notices the first sentence that is spoken."""

    begun: threading.Event = field(default_factory=threading.Event)

    def spoke(self, number: int, narration: Narration) -> None:
        super().spoke(number, narration)
        self.begun.set()


def test_the_first_scene_is_heard_while_the_next_is_written() -> None:
    progress = Following()

    class Waits(FakeText):
        def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
            if new_lines(prompt) and prompt.user.count(".") > 9:  # a scene stands before it
                assert progress.begun.wait(30)
            return super().complete(prompt, on_text)

    app = fake_app(MemoryStore(), text=Waits())
    manifest = run(app, good_night(app), "en", progress)
    assert progress.spoken == list(range(len(manifest.segments)))
    assert next(early.passed for early in progress.shown if early.passed) == 9


def test_every_edition_of_a_longer_story_knows_its_scenes_and_the_mp3_has_chapters() -> None:
    app = fake_app(MemoryStore())
    manifest = run(app, good_night(app), "fr", Listener())
    assert (manifest.length, manifest.scenes) == ("good-night", (0, 9, 18))
    tags = ID3(io.BytesIO(app.store.get(manifest.mp3)))
    scenes = sorted(tags.getall("CHAP"), key=lambda frame: frame.start_time)
    starts = [manifest.segments[first].start_ms for first in manifest.scenes]
    assert [frame.start_time for frame in scenes] == starts
    assert [frame.end_time for frame in scenes] == [*starts[1:], manifest.duration_ms]
    assert scenes[1].sub_frames["TIT2"].text == [f"{manifest.title} 2/3"]


def test_length_and_audience_are_part_of_the_id_and_what_is_not_offered_is_refused() -> None:
    app = fake_app(MemoryStore())
    ids = {
        accept(app, IDEA),
        accept(app, IDEA, audience="tiny"),
        accept(app, IDEA, length="good-night"),
        accept(app, IDEA, length="long"),
    }
    assert len(ids) == 4
    # As it was before there were lengths (tests/storage/test_records.py has the digest by hand).
    before = "7f8dce61e419ee58371f9b03fd87ecce"
    assert accept(app, IDEA) == accept(app, IDEA, audience="young", length="short") == before
    with pytest.raises(RequestError, match="choose from short, good-night, long"):
        accept(app, IDEA, length="epic")


def test_a_band_is_checked_by_its_own_bounds() -> None:
    progress = Listener()
    app = fake_app(MemoryStore())
    text = generate(app, accept(app, IDEA, audience="tiny"), progress)
    bounds = {check.name: check.bound for check in text.checks}
    assert bounds["sentence length"] == "at most 14 words"


def test_the_request_and_the_text_of_a_longer_story_are_healed() -> None:
    app = fake_app(MemoryStore())
    story_id = good_night(app, audience="older")
    run(app, story_id, "en", Listener())
    whole = {
        key: app.store.get(key) for key in (f"stories/{story_id}/{n}.json" for n in ("request", "story"))
    }
    for key in whole:
        app.store.put(key, b"{")
    faults = verify(app.store, (story_id,), Listener()).faults
    assert {fault.key for fault in faults} == whole.keys()
    assert heal(app, faults, Listener()) == dict.fromkeys(whole, "")
    assert {key: app.store.get(key) for key in whole} == whole

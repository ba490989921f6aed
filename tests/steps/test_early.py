"""What may be read and heard of a text before it is whole."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import ContentRejectedError, EngineError
from pipeline.ports import OnText, ignore
from pipeline.steps import committed
from pipeline.steps.accept import accept
from pipeline.steps.early import SpeakingAhead
from pipeline.steps.run import run
from pipeline.types import Completion, Narration, Prompt, Voice
from tests.making import HOSTILE, Listener, fake_app

IDEA = "a shy snail"


@dataclass
class Changed(FakeText):
    """Its story with one word exchanged, also while it is written."""

    old: str
    new: str

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        return super().complete(prompt, lambda piece: on_text(piece.replace(self.old, self.new)))


def test_a_draft_is_shown_line_by_line_as_it_is_written() -> None:
    app, progress = fake_app(MemoryStore()), Listener()
    story_id = accept(app, IDEA)
    run(app, story_id, "en", progress)
    text = committed.text(app.store, story_id, "en").story
    shown = progress.shown
    assert [early.locale for early in shown] == ["en"] * len(shown)
    assert shown[0].hero  # the plan comes first
    assert not shown[0].title
    assert shown[-1].title == text.title
    for before, after in pairwise(shown):
        assert after.sentences[: len(before.sentences)] == before.sentences
    # All but the last line, after which no line end comes.
    assert shown[-1].sentences == text.segments[: len(shown[-1].sentences)]
    assert len(shown[-1].sentences) >= len(text.segments) - 2


@pytest.mark.parametrize("new", ["dead", *HOSTILE.values()])
def test_a_draft_is_shown_up_to_what_no_child_may_read(new: str) -> None:
    progress = Listener()
    app = fake_app(MemoryStore(), text=Changed("danced", new))
    run(app, accept(app, IDEA), "en", progress)
    assert progress.shown
    assert not any(new in " ".join(early.sentences) for early in progress.shown)
    assert 3 <= len(progress.shown[-1].sentences) < 9


@dataclass
class SlowTranslation(FakeTranslation):
    """Goes on after each sentence only once it was spoken; `bad`: the sentence that stays English."""

    sentences: threading.Semaphore
    bad: int = -1
    waited: list[bool] = field(default_factory=list)

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        done = []
        for number, text in enumerate(texts):
            done.append(text if number == self.bad else f"[{target}] {text}")
            on_text(done[-1])
            if number and (self.bad < 0 or number < self.bad):
                self.waited.append(self.sentences.acquire(timeout=60))
        return tuple(done)


@dataclass
class Heard(FakeSpeech):
    sentences: threading.Semaphore
    spoken: list[str] = field(default_factory=list)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.spoken.append(text)
        self.sentences.release()
        return super().synthesize(text, voice)


def test_each_translated_sentence_is_spoken_before_the_next_is_translated() -> None:
    sentences = threading.Semaphore(0)
    translation, speech, progress = SlowTranslation(sentences), Heard(sentences), Listener()
    app = fake_app(MemoryStore(), translation=translation, speech=speech)
    manifest = run(app, accept(app, IDEA), "fr", progress)
    segments = [segment.text for segment in manifest.segments]
    assert translation.waited == [True] * len(segments)
    assert speech.spoken == segments  # in order, and each once
    assert progress.spoken == list(range(len(segments)))
    french = [early for early in progress.shown if early.locale == "fr"]
    assert [len(early.sentences) for early in french] == list(range(len(segments) + 1))
    assert french[-1].title == manifest.title


def test_nothing_is_said_from_the_first_sentence_on_that_fails_its_own_checks() -> None:
    sentences = threading.Semaphore(0)
    translation, speech, progress = SlowTranslation(sentences, bad=3), Heard(sentences), Listener()
    store = MemoryStore()
    app = fake_app(store, translation=translation, speech=speech, strict=True)
    story_id = accept(app, IDEA)
    with pytest.raises(ContentRejectedError):
        run(app, story_id, "fr", progress)
    assert translation.waited == [True] * 2
    assert len(speech.spoken) == 2
    assert max(len(early.sentences) for early in progress.shown if early.locale == "fr") == 2
    assert not [key for key in store.list(f"stories/{story_id}/fr/") if key.endswith("text.json")]


class Mute(FakeSpeech):
    count = 0

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.count += 1
        raise EngineError("no voice today", engine=self.fingerprint)


def test_what_the_voice_raises_ahead_is_raised_and_not_asked_again() -> None:
    speech = Mute()
    app = fake_app(MemoryStore(), speech=speech)
    with pytest.raises(EngineError, match="no voice today"):
        run(app, accept(app, IDEA), "fr", Listener())
    assert speech.count == 1


def test_after_an_error_nothing_more_is_spoken_and_nothing_is_waited_for() -> None:
    begun, held = threading.Event(), threading.Event()

    class Held(FakeSpeech):
        def synthesize(self, text: str, voice: Voice) -> Narration:
            begun.set()
            held.wait(60)
            return super().synthesize(text, voice)

    app, progress = fake_app(MemoryStore(), speech=Held()), Listener()
    with pytest.raises(KeyboardInterrupt), SpeakingAhead(app.chain("en"), progress) as ahead:  # noqa: PT012
        ahead.say("One.")
        ahead.say("Two.")
        assert begun.wait(60)
        raise KeyboardInterrupt
    threads = [thread for thread in threading.enumerate() if thread is ahead._thread]
    held.set()
    for thread in threads:
        thread.join(60)
    assert [sentence for sentence, _ in ahead.spoken] == ["One."]

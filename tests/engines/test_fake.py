from __future__ import annotations

import io
import wave

import pytest

from pipeline.config.profiles import profile
from pipeline.engines.fake import (
    FakeEncoder,
    FakeLanguage,
    FakeSpeech,
    FakeText,
    FakeTranslation,
    MemoryStore,
)
from pipeline.errors import RequestError
from pipeline.ports import Store, TextEngine
from pipeline.storage.cache import CachedText
from pipeline.story.checks import MOST_WORDS, story_checks
from pipeline.story.prompt import story_prompt
from pipeline.story.word_filter import word_filter
from pipeline.types import StoryRequest, Voice
from tests.engines.contracts.store_contract import StoreContract
from tests.engines.contracts.text_contract import TextContract

IDEAS = [
    "a shy snail",
    "I <3 my cat",
    "2 < 3",
    "my grandfather died and I miss him",
    "de beer die zijn wekker vergeet",
    "[fr] l'ours qui danse",
    "the ghost & the mummy #1 {hero} $5 100%",
    "القطة التي تخاف من المطر",
    "word " * 59 + "words",
    "a" * 300,
]


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestFakeText(TextContract):
    @pytest.fixture
    def engine(self) -> TextEngine:
        return FakeText()


class TestCachedFakeText(TextContract):
    @pytest.fixture
    def engine(self) -> TextEngine:
        return CachedText(FakeText(), MemoryStore())


@pytest.mark.parametrize("idea", IDEAS)
def test_the_fake_story_passes_the_checks_for_any_idea(idea: str) -> None:
    prompt = story_prompt()
    completion = FakeText().complete(prompt.prompt(StoryRequest(idea), idea, 0))
    draft = prompt.parse(completion, MOST_WORDS)
    checks = story_checks(draft, idea, prompt, FakeLanguage(), word_filter())
    assert [check for check in checks if not check.passed] == []
    assert len(draft.lines) == 10


def test_fakes_are_deterministic() -> None:
    prompt = story_prompt().prompt(StoryRequest("a shy snail"), "a shy snail", 0)
    assert FakeText().complete(prompt) == FakeText().complete(prompt)
    voice = Voice("fake", "fr", "fake-speech")
    assert FakeSpeech().synthesize("Oui.", voice) == FakeSpeech().synthesize("Oui.", voice)


def test_the_fake_translation_is_marked_with_its_language_for_the_fake_detector() -> None:
    texts = FakeTranslation().translate(("Good night.", "Sleep well."), "en", "fr")
    assert texts == ("[fr] Good night.", "[fr] Sleep well.")
    assert [FakeLanguage().detect(text) for text in texts] == ["fr", "fr"]
    assert FakeLanguage().confidence(texts[0], "fr") == 1.0
    assert FakeLanguage().confidence(texts[0], "en") == 0.0
    assert FakeLanguage().detect("Good night.") == "en"


@pytest.mark.parametrize("text", ["Good night, Nora!", "« Oui ! »", "نعم", "A", "…"])
def test_the_fake_voice_is_sound_of_the_stated_length_with_marks_inside(text: str) -> None:
    narration = FakeSpeech().synthesize(text, Voice("fake", "en", "fake-speech"))
    with wave.open(io.BytesIO(narration.audio)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        assert sound.getnframes() * 1000 // sound.getframerate() == narration.duration_ms
    for mark in narration.marks:
        assert text[mark.start : mark.end] == mark.value
        assert 0 <= mark.time_ms < narration.duration_ms
    assert [mark.time_ms for mark in narration.marks] == sorted(mark.time_ms for mark in narration.marks)


def test_an_unknown_voice_is_rejected() -> None:
    for voice in (Voice("joanna", "en", "fake-speech"), Voice("fake", "sv", "fake-speech")):
        with pytest.raises(RequestError) as caught:
            FakeSpeech().synthesize("Hej.", voice)
        assert caught.value.problem == "unknown-voice"


def test_the_fake_profile_uses_every_fake_voice() -> None:
    spec = profile("fake")["locales"]
    voices = {Voice(chain["voice"], locale, chain["speech"]) for locale, chain in spec.items()}
    assert voices == set(FakeSpeech().voices())


def test_the_fake_mp3_is_as_long_as_its_narrations_to_the_frame() -> None:
    from mutagen.mp3 import MP3

    voice = Voice("fake", "en", "fake-speech")
    narrations = [FakeSpeech().synthesize(text, voice) for text in ("Good night.", "Sleep well, Nora.")]
    recording = FakeEncoder().join(narrations)
    info = MP3(io.BytesIO(recording.audio)).info
    assert recording.starts_ms == (0, 11 * 60)
    assert recording.duration_ms == pytest.approx(28 * 60, abs=24)  # 11 + 17 characters, one frame is 24 ms
    assert info.length * 1000 == pytest.approx(recording.duration_ms, abs=1)
    assert (info.bitrate, info.sample_rate, info.channels) == (64000, 24000, 1)

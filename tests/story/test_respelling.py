"""A name said by a respelling: what is spoken, and the marks of the text as it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines.fake import FakeSpeech
from pipeline.story.respelling import RespelledSpeech
from pipeline.story.text import WORD, words
from pipeline.types import Hero, Narration, Voice

VOICE = Voice("fake", "en", "fake-speech")
HERO = Hero("Siobhan", "Shi vawn")


@dataclass
class Heard(FakeSpeech):
    texts: list[str] = field(default_factory=list)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.texts.append(text)
        return super().synthesize(text, voice)


def test_the_voice_is_given_the_respelling() -> None:
    voice = Heard()
    RespelledSpeech(voice, HERO).synthesize("Siobhan ran to Siobhan's hut.", VOICE)
    assert voice.texts == ["Shi vawn ran to Shi vawn's hut."]


@pytest.mark.parametrize("sounds", ["Shi-vawn", "Shi vawn", "She Vaw Nn", "X", "Siobhan"])
def test_each_word_of_the_text_has_one_mark(sounds: str) -> None:
    text = "“Siobhan!” called Siobhan's friend; Siobhan"
    narration = RespelledSpeech(FakeSpeech(), Hero("Siobhan", sounds)).synthesize(text, VOICE)
    assert [mark.value for mark in narration.marks] == ["Siobhan", "called", "Siobhan's", "friend", "Siobhan"]


def test_a_name_of_several_words_keeps_a_mark_for_its_respellings_first() -> None:
    narration = RespelledSpeech(FakeSpeech(), Hero("Xiao Ming", "Shaow")).synthesize(
        "Hi, Xiao Ming ran", VOICE
    )
    assert [mark.value for mark in narration.marks] == ["Hi", "Xiao Ming", "ran"]


def test_a_text_without_the_name_is_spoken_as_it_is() -> None:
    text = "The snail slept."
    assert RespelledSpeech(FakeSpeech(), HERO).synthesize(text, VOICE) == FakeSpeech().synthesize(text, VOICE)


def test_its_fingerprint_does_not_say_what_is_respelled() -> None:
    assert (
        RespelledSpeech(FakeSpeech(), HERO).fingerprint
        == RespelledSpeech(FakeSpeech(), Hero("A", "B")).fingerprint
    )


PARTS = st.lists(
    st.sampled_from(["Siobhan", "Siobhan's", "snail", "“Siobhan”,", "ran.", "Siobhans", "é", "…", "小明"]),
    min_size=1,
)
SOUNDS = st.from_regex(r"[A-Za-zé]{1,6}([ '-][A-Za-z]{1,5}){0,3}", fullmatch=True)


@settings(max_examples=40)
@given(PARTS, SOUNDS)
def test_marks_are_of_the_text_in_order_and_of_every_word(parts: list[str], sounds: str) -> None:
    text = " ".join(parts)
    narration = RespelledSpeech(FakeSpeech(), Hero("Siobhan", sounds)).synthesize(text, VOICE)
    last = 0
    for mark in narration.marks:
        assert last <= mark.start < mark.end <= len(text)
        assert mark.value == text[mark.start : mark.end]
        last = mark.end
    assert [m.time_ms for m in narration.marks] == sorted(m.time_ms for m in narration.marks)
    marked = "".join(text[mark.start : mark.end] for mark in narration.marks)
    assert words(marked) or not words(text)
    assert [m.value for m in narration.marks] == [m.group() for m in WORD.finditer(text)]

"""What every SpeechEngine promises. An engine's tests subclass SpeechContract and give it an engine.

HeardContract adds what holds of real sound only: silence at the ends, and marks that agree with a second
clock, the times at which sound begins after a pause.
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import soundfile

from pipeline.config.voices import paced
from pipeline.errors import EngineError, RequestError
from pipeline.ports import SpeechEngine
from pipeline.story.locales import language
from pipeline.story.text import words
from pipeline.types import Narration, Voice
from tests.hearing import first_sound_ms, last_sound_ms, sounds_after_pauses_ms

SENTENCES = {
    "en": "One of the cats couldn't see 25 dogs in the old house.",
    "fr": "Aujourd’hui, l'été de la petite Zoé sent la crème brûlée.",
    "nl": "Het lieve zusje had zo'n mooie, oranje paraplu gevonden.",
    "ar": "في قَدِيمِ الزَّمَانِ عاشت قطة صغيرة.",
    "it": "C'era una volta una bambina più piccola dell'orso.",
    "es": "¿Dónde está el pingüino? —preguntó la niña.",
    "de": "Der kleine Bär hörte die Vögel übers Dach fliegen.",
    "pt": "A avó não achou o coração de maçã no chão.",
}
HARD = (
    "🐻 The bear 🐻🍯 ate honey 👩‍👧‍👦!",
    "Cafe\u0301 de\u0301ja\u0300 vu",
    "The word قطة صغيرة means kitten.",
    "“Wait… what?!” — he said (softly): ‘no’.",
    "It cost 3,500 coins, 7.5% more at 10:30; wow!",
    "Soft\u00adhyphen and zero\u200bwidth and \u200fmark\u200e.",
    "Tab\tand\nnew line\r\nand\x07bell",
    "a",
    "漢字 and кот",
    "& [[x]] <b>bold</b> {y} a|b * _ under_score",
)
PAUSED = (
    "Near the wall lay a mouse. Now we will wait here. Later, rain fell. More mice ran away. Look over there."
)
_FORMATS = {"audio/wav": ("WAV", "PCM_16"), "audio/mpeg": ("MP3", "MPEG_LAYER_III")}
WORDLESS = ("", " ", "…", "?!", "🐻🍯", "— “” —", "\u200d\ufe0f", "-'-")


def voice_of(engine: SpeechEngine, locale: str) -> Voice:
    return next(voice for voice in engine.voices() if voice.locale == locale)


def sentence(voice: Voice) -> str:
    """Of its locale, else of its language: a regional voice reads what its neighbours read."""
    return SENTENCES.get(voice.locale) or SENTENCES[language(voice.locale)]


class SpeechContract(ABC):
    """deterministic: equal calls give equal bytes; else times within 20 ms of one another.

    media_type: of its narrations.
    """

    deterministic = True
    media_type = "audio/wav"

    @pytest.fixture
    @abstractmethod
    def engine(self) -> SpeechEngine: ...

    def test_its_fingerprint_is_provider_model_and_version(self, engine: SpeechEngine) -> None:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", engine.fingerprint)

    def test_each_locale_has_one_voice(self, engine: SpeechEngine) -> None:
        locales = [voice.locale for voice in engine.voices()]
        assert "en" in locales
        assert len(locales) == len(set(locales))

    def test_each_voice_speaks_its_locale(self, engine: SpeechEngine) -> None:
        for voice in engine.voices():
            text = sentence(voice)
            narration = engine.synthesize(text, voice)
            self.check_sound(narration)
            self.check_marks(text, narration)
            assert narration.marks[-1].time_ms > narration.duration_ms / 2

    @pytest.mark.parametrize("text", HARD)
    def test_marks_cover_the_words_of_hard_texts(self, engine: SpeechEngine, text: str) -> None:
        narration = engine.synthesize(text, voice_of(engine, "en"))
        self.check_sound(narration)
        self.check_marks(text, narration)

    @pytest.mark.parametrize("text", WORDLESS)
    def test_text_without_words_is_rejected(self, engine: SpeechEngine, text: str) -> None:
        with pytest.raises(EngineError) as caught:
            engine.synthesize(text, voice_of(engine, "en"))
        assert caught.value.problem == "nothing-to-say"

    @pytest.mark.parametrize(("name", "locale"), [("nobody", "en"), (None, "tlh")])
    def test_an_unknown_voice_is_rejected(self, engine: SpeechEngine, name: str | None, locale: str) -> None:
        known = voice_of(engine, "en")
        with pytest.raises(RequestError) as caught:
            engine.synthesize("Hello.", Voice(name or known.id, locale, known.engine))
        assert caught.value.problem == "unknown-voice"

    def test_more_text_is_more_sound(self, engine: SpeechEngine) -> None:
        voice = voice_of(engine, "en")
        short = engine.synthesize("The snail slept.", voice)
        long = engine.synthesize("The snail slept under a leaf, and the rain sang all night long.", voice)
        assert long.duration_ms > 2 * short.duration_ms

    @pytest.mark.parametrize("pace", [0.7, 1.3])
    def test_another_pace_is_longer_or_shorter_where_the_table_says_so(
        self, engine: SpeechEngine, pace: float
    ) -> None:
        voice = voice_of(engine, "en")
        usual = engine.synthesize(SENTENCES["en"], voice)
        other = engine.synthesize(SENTENCES["en"], replace(voice, pace=pace))
        expected = 1 / pace if voice.engine in paced() else 1.0
        assert other.duration_ms / usual.duration_ms == pytest.approx(expected, rel=0.15)
        self.check_sound(other)
        self.check_marks(SENTENCES["en"], other)
        places = [
            [mark.time_ms / narration.duration_ms for mark in narration.marks] for narration in (usual, other)
        ]
        assert places[0] == pytest.approx(places[1], abs=0.06)

    def test_the_same_text_sounds_the_same(self, engine: SpeechEngine) -> None:
        voice = voice_of(engine, "en")
        self.check_same(engine.synthesize("Good night.", voice), engine.synthesize("Good night.", voice))

    def test_threads_do_not_disturb_one_another(self, engine: SpeechEngine) -> None:
        calls = [(sentence(voice), voice) for voice in engine.voices()[:3]]
        alone = [engine.synthesize(*call) for call in calls]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda call: engine.synthesize(*call), calls * 2))
        for narration, expected in zip(together, alone * 2, strict=True):
            self.check_same(narration, expected)

    def check_same(self, narration: Narration, expected: Narration) -> None:
        if self.deterministic:
            assert narration == expected
        assert [mark.value for mark in narration.marks] == [mark.value for mark in expected.marks]
        times = [mark.time_ms for mark in expected.marks]
        assert [mark.time_ms for mark in narration.marks] == pytest.approx(times, abs=20)
        assert narration.duration_ms == pytest.approx(expected.duration_ms, abs=20)

    def check_sound(self, narration: Narration) -> None:
        assert narration.media_type == self.media_type
        with soundfile.SoundFile(io.BytesIO(narration.audio)) as sound:
            assert (sound.format, sound.subtype, sound.channels) == (*_FORMATS[self.media_type], 1)
            assert sound.frames * 1000 / sound.samplerate == pytest.approx(narration.duration_ms, abs=1)

    def check_marks(self, text: str, narration: Narration) -> None:
        marks = narration.marks
        assert [mark.value for mark in marks] == words(text)
        assert [text[mark.start : mark.end] for mark in marks] == words(text)
        assert all(mark.end <= after.start for mark, after in pairwise(marks))
        assert all(mark.time_ms <= after.time_ms for mark, after in pairwise(marks))
        assert marks[0].time_ms >= 0
        assert marks[-1].time_ms < narration.duration_ms


class HeardContract(SpeechContract):
    """What was measured for the engine. tolerance_ms: how far a mark is from the sound of its word, at most.

    ebbs_ms: how long a last vowel, already faint, may ring on.
    """

    tolerance_ms: int
    ebbs_ms: int

    def test_silence_at_both_ends_is_50_ms(self, engine: SpeechEngine) -> None:
        for voice in engine.voices():
            narration = engine.synthesize(sentence(voice), voice)
            sound = self.samples(narration)
            assert first_sound_ms(*sound) == pytest.approx(50, abs=15)
            assert 35 <= narration.duration_ms - last_sound_ms(*sound) <= 65 + self.ebbs_ms

    @pytest.mark.parametrize("pace", [0.7, 1.0, 1.3])
    def test_marks_agree_with_where_sound_begins_after_a_pause(
        self, engine: SpeechEngine, pace: float
    ) -> None:
        narration = engine.synthesize(PAUSED, replace(voice_of(engine, "en"), pace=pace))
        begins_ms = sounds_after_pauses_ms(*self.samples(narration), at_least_ms=150)
        marked = [
            mark.time_ms for mark in narration.marks if mark.start == 0 or PAUSED[mark.start - 2] in ".,"
        ]
        assert len(begins_ms) >= 4
        for begin_ms in begins_ms:
            assert min(abs(time_ms - begin_ms) for time_ms in marked) <= self.tolerance_ms

    def samples(self, narration: Narration) -> tuple[Any, int]:
        samples, rate = soundfile.read(io.BytesIO(narration.audio), dtype="float32")
        return samples, int(rate)

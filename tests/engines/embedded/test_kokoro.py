"""The real Kokoro needs its weights (120 MB): `make test-embedded` runs that class."""

from __future__ import annotations

import io
import os
from itertools import pairwise
from pathlib import Path

import onnx
import pyloudnorm
import pytest
import soundfile

from pipeline.config.voices import VoiceRow, rows
from pipeline.engines.embedded import models
from pipeline.engines.embedded.kokoro import _DURATION, KokoroSpeech
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.story.text import words
from pipeline.types import Voice
from tests.engines.contracts.speech_contract import SENTENCES, HeardContract, voice_of


def weights(name: str) -> Path:
    return models.path_of(name, models.models_dir(os.environ))


def never() -> Path:
    raise AssertionError("the weights were loaded")


@pytest.fixture(scope="module")
def loaded() -> KokoroSpeech:
    return KokoroSpeech(lambda: weights("kokoro-82m-int8"), lambda: weights("kokoro-voices"))


@pytest.mark.embedded
class TestKokoroSpeech(HeardContract):
    tolerance_ms = 100
    ebbs_ms = 80

    @pytest.fixture
    def engine(self, loaded: KokoroSpeech) -> KokoroSpeech:
        return loaded

    def test_words_spoken_as_one_share_their_time_in_order(self, engine: KokoroSpeech) -> None:
        marks = engine.synthesize("The roof of the house fell.", voice_of(engine, "en")).marks
        time = {mark.value: mark.time_ms for mark in marks}
        assert time["of"] < time["the"] < time["house"]

    def test_a_segment_beyond_the_limit_of_510_phonemes_is_spoken_whole(self, engine: KokoroSpeech) -> None:
        text = " ".join(f"Then the small grey mouse number {number} ran home." for number in range(20, 32))
        narration = engine.synthesize(text, voice_of(engine, "en"))
        self.check_sound(narration)
        self.check_marks(text, narration)
        assert narration.marks[-1].time_ms > narration.duration_ms - 1500
        per_minute = len(words(text)) * 60_000 / narration.duration_ms
        assert 110 < per_minute < 190
        times = [mark.time_ms for mark in narration.marks if mark.value == "Then"]
        lengths = [after - before for before, after in pairwise(times)]
        assert max(lengths) < 1.6 * min(lengths)

    def test_any_style_speaks_any_language(self, engine: KokoroSpeech) -> None:
        british = engine.synthesize("The bath is in the hall.", Voice("bf_emma", "en-GB", "kokoro"))
        american = engine.synthesize("The bath is in the hall.", Voice("bf_emma", "en", "kokoro"))
        assert british.audio != american.audio

    def test_an_unknown_region_sounds_like_its_language(self, engine: KokoroSpeech) -> None:
        french, canadian = (Voice("ff_siwis", locale, "kokoro") for locale in ("fr", "fr-CA"))
        assert engine.synthesize("Bonne nuit.", french) == engine.synthesize("Bonne nuit.", canadian)

    def test_a_foreign_word_adds_no_language_names_to_the_sound(self, engine: KokoroSpeech) -> None:
        """espeak-ng writes "(en)sandi(fr)", and Kokoro would read the brackets out: half a second more."""
        voice = voice_of(engine, "fr")
        foreign = engine.synthesize("Bonne nuit, Sandy.", voice).duration_ms
        french = engine.synthesize("Bonne nuit, Sandie.", voice).duration_ms
        assert foreign == pytest.approx(french, abs=250)

    def test_the_number_of_threads_does_not_change_the_sound(self, engine: KokoroSpeech) -> None:
        single = KokoroSpeech(lambda: weights("kokoro-82m-int8"), lambda: weights("kokoro-voices"), threads=1)
        voice = voice_of(engine, "es")
        assert single.synthesize(SENTENCES["es"], voice) == engine.synthesize(SENTENCES["es"], voice)

    def test_the_audio_is_24_kilohertz_and_never_full_scale(self, engine: KokoroSpeech) -> None:
        for voice in engine.voices():
            audio = engine.synthesize(SENTENCES[voice.locale], voice).audio
            samples, rate = soundfile.read(io.BytesIO(audio))
            assert rate == 24000
            assert 0.1 < abs(samples).max() < 0.96

    @pytest.mark.parametrize("row", [row for row in rows() if row.engine == "kokoro"], ids=lambda row: row.id)
    def test_every_voice_of_the_table_is_in_the_weights_and_as_loud_as_the_others(
        self, engine: KokoroSpeech, row: VoiceRow
    ) -> None:
        text = SENTENCES[row.locale]
        narration = engine.synthesize(text, Voice(row.id, row.locale, "kokoro"))
        self.check_sound(narration)
        self.check_marks(text, narration)
        samples, rate = soundfile.read(io.BytesIO(narration.audio))
        loudness = pyloudnorm.Meter(rate).integrated_loudness(samples)
        assert loudness == pytest.approx(-21, abs=2.5)


def test_listing_voices_loads_no_weights() -> None:
    engine = KokoroSpeech(never, never)
    assert [voice.locale for voice in engine.voices()] == ["en", "fr", "it", "es", "pt", "de"]
    assert engine.fingerprint.startswith("kokoro/82m-int8")


def test_an_unknown_language_is_rejected_before_anything_is_loaded() -> None:
    with pytest.raises(RequestError, match="'ar'") as caught:
        KokoroSpeech(never, never).synthesize("Hello.", Voice("af_heart", "ar", "kokoro"))
    assert caught.value.problem == "unknown-voice"


def test_text_without_words_is_rejected_before_anything_is_loaded() -> None:
    with pytest.raises(EngineError) as caught:
        KokoroSpeech(never, never).synthesize("🐻!", Voice("af_heart", "en", "kokoro"))
    assert caught.value.problem == "nothing-to-say"


def test_damaged_weights_are_one_line_with_the_command(tmp_path: Path) -> None:
    damaged = tmp_path / "kokoro.onnx"
    damaged.write_bytes(b"half a download")
    engine = KokoroSpeech(lambda: damaged, lambda: damaged)
    with pytest.raises(ConfigError, match="stories models fetch") as caught:
        engine.synthesize("Hello.", voice_of(engine, "en"))
    assert caught.value.problem == "corrupt-weights"
    assert "\n" not in str(caught.value)


def test_the_bytes_appended_to_the_graph_add_the_durations_as_an_output() -> None:
    added = onnx.ModelProto.FromString(_DURATION).graph
    (node,) = added.node
    assert (node.op_type, list(node.input), list(node.output)) == (
        "Cast",
        ["/encoder/Clip_output_0"],
        ["duration"],
    )
    assert onnx.helper.get_attribute_value(node.attribute[0]) == onnx.TensorProto.INT64
    (output,) = added.output
    assert (output.name, output.type.tensor_type.elem_type) == ("duration", onnx.TensorProto.INT64)

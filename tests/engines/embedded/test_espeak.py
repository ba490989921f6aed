from __future__ import annotations

import io
import wave

import pytest

from pipeline.engines.embedded.espeak import EspeakSpeech
from pipeline.engines.embedded.espeakng import library
from pipeline.errors import EngineError
from pipeline.types import Narration, Voice
from tests.engines.contracts.speech_contract import SENTENCES, HeardContract, voice_of

LOCALES = ["en", "fr", "nl", "ar", "it", "es", "de", "pt"]


def spoken(text: str, locale: str) -> Narration:
    engine = EspeakSpeech()
    return engine.synthesize(text, voice_of(engine, locale))


def times(narration: Narration) -> dict[str, int]:
    return {mark.value: mark.time_ms for mark in narration.marks}


class TestEspeakSpeech(HeardContract):
    tolerance_ms = 40
    ebbs_ms = 20
    deterministic = False

    @pytest.fixture
    def engine(self) -> EspeakSpeech:
        return EspeakSpeech()


def test_it_has_a_voice_for_every_locale() -> None:
    assert [voice.locale for voice in EspeakSpeech().voices()] == LOCALES


def test_its_fingerprint_names_the_installed_library() -> None:
    assert EspeakSpeech().fingerprint == f"espeak-ng/{library().version}/1"
    assert library().version.startswith("1.")


@pytest.mark.parametrize("locale", LOCALES)
def test_it_speaks_slowly_enough_for_children(locale: str) -> None:
    """8 to 12.5 phonemes a second; adults are read to at 13 to 15."""
    engine = EspeakSpeech()
    voice = voice_of(engine, locale)
    narration = engine.synthesize(SENTENCES[locale], voice)
    phonemes = len(library().speak(SENTENCES[locale], voice.id).phonemes)
    assert 7 <= phonemes * 1000 / narration.duration_ms <= 13


def test_words_spoken_as_one_share_their_time_in_order() -> None:
    """espeak-ng speaks "of the" as one word, and reports only where that begins."""
    time = times(spoken("The roof of the house fell.", "en"))
    assert time["of"] < time["the"] < time["house"]
    assert time["the"] - time["of"] < 300


def test_a_number_spoken_as_many_words_is_one_mark() -> None:
    narration = spoken("I have 325 apples.", "en")
    time = times(narration)
    assert list(time) == ["I", "have", "325", "apples"]
    assert time["apples"] - time["325"] > 1000


def test_emoji_are_not_read_out() -> None:
    plain, adorned = spoken("The bear sleeps.", "en"), spoken("The bear 🐻 sleeps 😴.", "en")
    assert adorned.duration_ms == pytest.approx(plain.duration_ms, abs=150)


def test_a_combining_accent_sounds_like_a_composed_letter() -> None:
    composed, apart = (
        spoken("L'\u00e9t\u00e9 d'H\u00e9l\u00e8ne.", "fr"),
        spoken("L'e\u0301te\u0301 d'He\u0301le\u0300ne.", "fr"),
    )
    assert apart.duration_ms == pytest.approx(composed.duration_ms, abs=20)
    assert [mark.value for mark in apart.marks] == ["L'e\u0301te\u0301", "d'He\u0301le\u0300ne"]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(EngineError):
        library().speak("Hello", "xx-none")


def test_transcriptions_for_kokoro_do_not_change_this_voice() -> None:
    """The library's voice and rate are process globals."""
    engine = EspeakSpeech()
    contract = TestEspeakSpeech()
    for locale in LOCALES:
        voice = voice_of(engine, locale)
        before = engine.synthesize(SENTENCES[locale], voice)
        library().speak("Der Vogel fliegt.", "de", 300)
        assert library().transcribe("two", "en-us") == "tˈuː"
        contract.check_same(engine.synthesize(SENTENCES[locale], voice), before)


def test_phonemizer_in_the_same_process_changes_nothing() -> None:
    """kokoro-onnx brings the phonemizer package, which starts the same library with other options."""
    from kokoro_onnx.tokenizer import Tokenizer

    engine = EspeakSpeech()
    contract = TestEspeakSpeech()
    voice = voice_of(engine, "fr")
    alone = engine.synthesize(SENTENCES["fr"], voice)
    tokenizer = Tokenizer()
    for _ in range(3):
        assert tokenizer.phonemize("Hello world.", "en-us") == "həlˈoʊ wˈɜːld."
        contract.check_same(engine.synthesize(SENTENCES["fr"], voice), alone)


def test_the_audio_is_22_kilohertz() -> None:
    engine = EspeakSpeech()
    with wave.open(io.BytesIO(engine.synthesize("Yes.", Voice("en-us", "en", "espeak")).audio)) as sound:
        assert sound.getframerate() == 22050

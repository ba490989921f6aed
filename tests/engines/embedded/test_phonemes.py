"""With the real espeak-ng; the symbols of Kokoro are read from the package that runs it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kokoro_onnx.config import DEFAULT_VOCAB

from pipeline.engines.embedded.alignment import words
from pipeline.engines.embedded.espeakng import library
from pipeline.engines.embedded.phonemes import Phonemes, phonemes
from tests.engines.contracts.speech_contract import SENTENCES

LANGUAGES = {"en": "en-us", "fr": "fr", "it": "it", "es": "es", "pt": "pt-br", "de": "de"}


def pronounced(text: str, language: str = "en-us") -> Phonemes:
    return phonemes(text, language, library(), DEFAULT_VOCAB)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_symbols_are_known_to_kokoro_and_anchors_begin_words_in_order(locale: str) -> None:
    text = SENTENCES[locale]
    pronunciation = pronounced(text, LANGUAGES[locale])
    assert set(pronunciation.symbols) <= set(DEFAULT_VOCAB)
    anchors = pronunciation.anchors
    assert all(
        anchor.position < after.position and anchor.phoneme < after.phoneme
        for anchor, after in pairwise(anchors)
    )
    begins = {start for start, _ in words(text)} | {text.find("25") + 1}
    assert {anchor.position for anchor in anchors} <= begins
    assert len(anchors) >= len(words(text)) - 2


def test_diphthongs_and_affricates_are_one_symbol_as_in_training() -> None:
    assert pronounced("a five day joy now, go choose jam").symbols == "ə fˈIv dˈA ʤˈY nˈW, ɡˌO ʧˈuz ʤˈæm"


def test_an_anchor_counts_the_symbols_before_its_word_without_spaces() -> None:
    pronunciation = pronounced("Red cats run.")
    flat = pronunciation.symbols.replace(" ", "")
    begins = [flat[anchor.phoneme :] for anchor in pronunciation.anchors]
    assert [text[0] for text in begins] == ["ɹ", "k", "ɹ"]
    assert [anchor.position for anchor in pronunciation.anchors] == [0, 4, 9]


@pytest.mark.parametrize(
    ("text", "language", "marks"),
    [
        ("Stop, look: wait; no! Why? Yes…", "en-us", ",:;!?…"),
        ("“Come,” she said. (Softly.)", "en-us", "“,”.(.)"),
        ('"Come," she said.', "en-us", "“,”."),
        ("« Viens ? » dit-elle.", "fr", "“?”."),
        ("„Komm!“, rief sie.", "de", "“!”,."),
        ("—¿Hola? —dijo.", "es", "?."),
        ("Mr. Fox met Dr. Owl.", "en-us", "."),
        ("It cost 3,500 at 10:30, 1.5 more.", "en-us", ",."),
        ("One - two – three — four", "en-us", "——"),
    ],
)
def test_only_punctuation_that_shapes_the_intonation_is_kept(text: str, language: str, marks: str) -> None:
    symbols = pronounced(text, language).symbols
    assert "".join(symbol for symbol in symbols if symbol in ';:,.!?—…"()“”') == marks


def test_punctuation_follows_its_word_and_opening_quotes_lead_theirs() -> None:
    assert pronounced("« Oui ! » dit-il : « Non. »", "fr").symbols == "“wˈi!” dˈitˈil: “nˈɔ̃.”"


def test_a_foreign_word_brings_no_name_of_a_language() -> None:
    assert "(" in library().transcribe("Le whisky de Sandy", "fr")
    assert "(" not in pronounced("Le whisky de Sandy", "fr").symbols


def test_long_consonants_keep_their_length() -> None:
    """The names in espeak-ng's events are cut at 8 bytes and lose it; the transcription has it."""
    assert pronounced("accanto", "it").symbols == "akːˈanto"


def test_words_of_another_alphabet_have_anchors_inside_the_text() -> None:
    text = "The кот and 漢字 end"
    pronunciation = pronounced(text)
    assert all(0 <= anchor.position < len(text) for anchor in pronunciation.anchors)
    assert pronunciation.symbols.endswith("ˈɛnd")

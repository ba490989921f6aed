"""espeak-ng for real; which symbols Kokoro has is read from the package that runs it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kokoro_onnx.config import DEFAULT_VOCAB

from pipeline.engines.embedded.alignment import words
from pipeline.engines.embedded.espeakng import library
from pipeline.engines.embedded.phonemes import Phonemes, phonemes
from tests.engines.contracts.speech_contract import SENTENCES

LANGUAGES = {"en": "en-us", "fr": "fr", "it": "it", "es": "es", "pt": "pt-br", "de": "de"}


def said(text: str, language: str = "en-us") -> Phonemes:
    return phonemes(text, language, library(), DEFAULT_VOCAB)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_symbol_is_one_that_kokoro_knows(locale: str) -> None:
    assert set(said(SENTENCES[locale], LANGUAGES[locale]).symbols) <= set(DEFAULT_VOCAB)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_anchors_are_at_the_beginnings_of_words_and_rise(locale: str) -> None:
    text = SENTENCES[locale]
    found = said(text, LANGUAGES[locale])
    assert all(
        one.position < two.position and one.phoneme < two.phoneme for one, two in pairwise(found.anchors)
    )
    begins = {start for start, _ in words(text)} | {text.find("25") + 1}
    assert {anchor.position for anchor in found.anchors} <= begins
    assert len(found.anchors) >= len(words(text)) - 2


def test_diphthongs_and_affricates_are_one_symbol_as_kokoro_was_taught() -> None:
    assert said("a five day joy now, go choose jam").symbols == "ə fˈIv dˈA ʤˈY nˈW, ɡˌO ʧˈuz ʤˈæm"


def test_an_anchor_counts_the_symbols_before_its_word_without_spaces() -> None:
    found = said("Red cats run.")
    flat = found.symbols.replace(" ", "")
    begins = [flat[anchor.phoneme :] for anchor in found.anchors]
    assert [text[0] for text in begins] == ["ɹ", "k", "ɹ"]
    assert [anchor.position for anchor in found.anchors] == [0, 4, 9]


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
def test_punctuation_that_is_sung_is_kept_and_no_other(text: str, language: str, marks: str) -> None:
    symbols = said(text, language).symbols
    assert "".join(symbol for symbol in symbols if symbol in ';:,.!?—…"()“”') == marks


def test_punctuation_follows_its_word_and_opening_quotes_lead_theirs() -> None:
    assert said("« Oui ! » dit-il : « Non. »", "fr").symbols == "“wˈi!” dˈitˈil: “nˈɔ̃.”"


def test_a_foreign_word_brings_no_name_of_a_language() -> None:
    assert "(" in library().transcribe("Le whisky de Sandy", "fr")
    assert "(" not in said("Le whisky de Sandy", "fr").symbols


def test_long_consonants_keep_their_length() -> None:
    """The names in espeak-ng's events are cut at 8 bytes and lose it; the transcription has it."""
    assert said("accanto", "it").symbols == "akːˈanto"


def test_a_text_that_only_another_alphabet_can_write_still_has_anchors_inside_it() -> None:
    text = "The кот and 漢字 end"
    found = said(text)
    assert all(0 <= anchor.position < len(text) for anchor in found.anchors)
    assert found.symbols.endswith("ˈɛnd")

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.embedded.alignment import Anchor, Spoken, first_phonemes, speech_marks, words
from pipeline.story.text import words as counted

ANY_TEXT = st.text(
    st.one_of(
        st.sampled_from("aé e\u0301\u0308ñ'’- .,…🐻\u200d\ufe0f👩قطة\u064e\u0651\u00ad\u200f1\t\n"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)


def anchors(*pairs: tuple[int, int]) -> list[Anchor]:
    return [Anchor(*pair) for pair in pairs]


@given(ANY_TEXT)
def test_words_are_those_that_story_text_counts(text: str) -> None:
    assert [text[start:end] for start, end in words(text)] == counted(text)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("The bear 🐻 sleeps", "The bear   sleeps"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("soft\u00adhyphen", "softhyphen"),
        ("3\ufe0f\u20e3 ducks", "3  ducks"),
        ("فِي", "فِي"),
        ("a\tb\x00c", "a b c"),
        ("👩\u200d👧", "  "),
        ("", ""),
    ],
)
def test_characters_without_sound_become_spaces(written: str, spoken: str) -> None:
    assert Spoken.of(written).text == spoken


@given(ANY_TEXT)
def test_each_spoken_character_has_its_original_offset(text: str) -> None:
    spoken = Spoken.of(text)
    assert len(spoken.origins) == len(spoken.text)
    assert all(origin <= after for origin, after in pairwise(spoken.origins))
    for character, origin in zip(spoken.text, spoken.origins, strict=True):
        if character != " ":
            written = unicodedata.normalize("NFD", text[origin:])
            assert unicodedata.normalize("NFD", character)[0] in written


@given(ANY_TEXT)
def test_spoken_text_has_no_controls_and_cleaning_it_again_changes_nothing(text: str) -> None:
    once = Spoken.of(text).text
    assert "\x00" not in once
    assert Spoken.of(once).text == once


def test_anchors_of_the_spoken_text_are_mapped_to_the_original() -> None:
    written = "e\u0301te\u0301 🐻 fin"
    spoken = Spoken.of(written)
    (carried,) = spoken.original(anchors((spoken.text.index("fin"), 3)))
    assert carried == (written.index("fin"), 3)


FIRSTS = {
    "each word begins at its anchor": ("one two three", [(0, 0), (4, 3), (8, 5)], 9, [0, 3, 5]),
    # "of the" is spoken as one word: ʌvðə, two phonemes each; by letters the second begins at 4 * 2/5.
    "words of one anchor share it": ("roof of the house", [(0, 0), (5, 3), (12, 7)], 10, [0, 3, 5, 7]),
    "the first of many": ("have 325 apples", [(0, 0), (5, 3), (6, 9), (9, 14)], 18, [0, 3, 14]),
    "between words: of the next": ("one - and", [(0, 0), (4, 3)], 6, [0, 3]),
    "before the first": ("ab cd ef", [(6, 4)], 6, [0, 2, 4]),
    "no anchor: spread evenly": ("aa bb cc dd", [], 8, [0, 2, 4, 6]),
}


@pytest.mark.parametrize(("text", "pairs", "length", "firsts"), FIRSTS.values(), ids=FIRSTS)
def test_words_begin_at_their_anchors_or_share_what_lies_between(
    text: str, pairs: list[tuple[int, int]], length: int, firsts: list[int]
) -> None:
    assert first_phonemes(words(text), anchors(*pairs), length) == firsts


@given(
    st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8),
)
def test_first_phonemes_never_go_back_or_beyond(tokens: list[str], pairs: list[tuple[int, int]]) -> None:
    spans = words(" ".join(tokens))
    ordered = sorted(phoneme for _, phoneme in pairs)
    given_anchors = [Anchor(position, at) for (position, _), at in zip(pairs, ordered, strict=True)]
    firsts = first_phonemes(spans, given_anchors, 30)
    assert len(firsts) == len(spans)
    assert all(first <= after for first, after in pairwise(firsts))
    assert firsts[0] >= 0
    assert firsts[-1] <= 30


def test_marks_never_decrease_or_exceed_the_audio() -> None:
    text = "un deux trois quatre"
    marks = speech_marks(text, words(text), [-40.0, 120.4, 90.0, 2000.0], duration_ms=500)
    assert [mark.value for mark in marks] == ["un", "deux", "trois", "quatre"]
    assert [mark.time_ms for mark in marks] == [0, 120, 120, 499]

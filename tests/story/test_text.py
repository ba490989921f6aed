from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.story.text import clean, sentences, words

# A text and its sentences, cut by hand.
CUT = {
    "Pip ran. Mila hid.": ["Pip ran.", "Mila hid."],
    "Who is there? It is me! Good.": ["Who is there?", "It is me!", "Good."],
    "one line without an end": ["one line without an end"],
    # Quotes after the ender belong to the sentence; a lower-case letter goes on with it.
    '"Stop!" said the owl. "Go!" He ran.': ['"Stop!" said the owl.', '"Go!"', "He ran."],
    "“Oh no!” “Yes!” he said.": ["“Oh no!”", "“Yes!” he said."],
    "‘Why?’ ‘Because.’ She left.": ["‘Why?’", "‘Because.’", "She left."],
    "« Stop ! » dit le hibou. Il rit.": ["« Stop ! » dit le hibou.", "Il rit."],
    "« Stop ! » Le hibou rit. « Encore ! »": ["« Stop ! »", "Le hibou rit.", "« Encore ! »"],
    "„Komm!“ Sie ging. »Ja!« Er blieb.": ["„Komm!“", "Sie ging.", "»Ja!«", "Er blieb."],
    "Er rief. »Komm!«, sagte sie.": ["Er rief.", "»Komm!«, sagte sie."],
    "¿Dónde estás? ¡Aquí! Bien.": ["¿Dónde estás?", "¡Aquí!", "Bien."],
    "She left. (She was tired.) He slept.": ["She left.", "(She was tired.)", "He slept."],
    # Abbreviations and initials.
    "Mr. Fox met Mrs. Hen. They sang.": ["Mr. Fox met Mrs. Hen.", "They sang."],
    "Dr. J. Owl said hello. Bye.": ["Dr. J. Owl said hello.", "Bye."],
    "Mme. Poule et M. Renard dansent. Fin.": ["Mme. Poule et M. Renard dansent.", "Fin."],
    "Hr. Fuchs lachte, d.h. Er war froh. Gut.": ["Hr. Fuchs lachte, d.h. Er war froh.", "Gut."],
    "La Sra. Rana y el Sr. Sapo bailan. Fin.": ["La Sra. Rana y el Sr. Sapo bailan.", "Fin."],
    '"Mr. Fox!" she cried. He hid.': ['"Mr. Fox!" she cried.', "He hid."],
    # "No." is a number only before one.
    "It was house No. 5 on the hill. Pip knocked.": ["It was house No. 5 on the hill.", "Pip knocked."],
    "She said no. Then she laughed.": ["She said no.", "Then she laughed."],
    # Numbers.
    "He ran 3.5 miles. Then he slept.": ["He ran 3.5 miles.", "Then he slept."],
    "Sie zählte 10.000 Sterne. Dann schlief sie.": ["Sie zählte 10.000 Sterne.", "Dann schlief sie."],
    "The clock said 7. Pip woke up.": ["The clock said 7.", "Pip woke up."],
    "It cost 2. 3 were left.": ["It cost 2.", "3 were left."],
    # Ellipses.
    "Wait… Then he ran.": ["Wait…", "Then he ran."],
    "Wait... then he ran. Oh...": ["Wait... then he ran.", "Oh..."],
    "Really?! Yes!!! Good.": ["Really?!", "Yes!!!", "Good."],
    # Right to left.
    "هل تنام القطة؟ نعم، تنام. تصبح على خير!": ["هل تنام القطة؟", "نعم، تنام.", "تصبح على خير!"],
    "قال: «هيا بنا!» ثم ذهب. وصل.": ["قال: «هيا بنا!»", "ثم ذهب.", "وصل."],
    # What says nothing stays with what does.
    "Good night! 😀": ["Good night! 😀"],
    "Good night! 😀 Sleep well.": ["Good night!", "😀 Sleep well."],
    "👩‍👩‍👧‍👦! They hug. 🏳️‍🌈": ["👩‍👩‍👧‍👦! They hug. 🏳️‍🌈"],
    "... Pip woke up. ... Mila slept.": ["... Pip woke up.", "... Mila slept."],
    "!!!": ["!!!"],
    # No text, no sentence.
    "": [],
    " \t\n ": [],
}


@pytest.mark.parametrize("text", CUT)
def test_a_text_is_cut_where_a_reader_would_breathe(text: str) -> None:
    assert list(sentences(text)) == CUT[text]


_PIECES = st.sampled_from(
    [
        *"Mr. Dr. No. no. e.g. etc. J. 3.5 10.000 7. Pip ran « » “ ”".split(),
        *"! ? . … ... ؟ 。 نعم مَرْحَبًا İ ß - ' ’ ( )".split(),
        *[
            "👩‍👩‍👧‍👦",
            "🏳️‍🌈",
            "e\u0301",
            '"',
            "\ud800",
            "\u200d",
            "\u0000",
            " ",
            "\n",
            "\t",
            "\u00a0",
            "\u2028",
        ],
    ]
)
_TEXTS = st.one_of(
    st.lists(_PIECES).map(" ".join),
    st.lists(_PIECES).map("".join),
    st.text(),
    st.text(st.characters(codec=None)),  # lone surrogates too
)


@given(_TEXTS)
@example("a. \u0301B")
def test_sentences_rejoin_exactly_to_the_clean_text(text: str) -> None:
    assert " ".join(sentences(text)) == clean(text)


@given(_TEXTS)
def test_no_sentence_is_empty_or_says_nothing_in_a_text_that_says_something(text: str) -> None:
    cut = sentences(text)
    says = [any(char.isalnum() for char in sentence) for sentence in cut]
    assert all(sentence == sentence.strip() != "" for sentence in cut)
    assert all(says) or len(cut) == 1


@given(_TEXTS)
def test_clean_is_composed_trimmed_and_single_spaced(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == unicodedata.normalize("NFC", cleaned)
    assert cleaned.split(" ") == cleaned.split() or cleaned == ""
    assert clean(cleaned) == cleaned


# A text and how many words a person counts in it.
COUNTED = {
    "": 0,
    "Pip ran.": 2,
    "the well-known owl": 3,
    "the fox's den, the foxes’ den": 6,
    "don't can’t won't": 3,
    "l'enfant d'hier": 2,
    "She was 7 years old": 5,
    "- a dash - and — another –": 4,
    "' ’ - -- '-'": 0,
    "“Stop!” said the owl…": 4,
    "🐱 a cat 👩‍👩‍👧‍👦 and a family": 5,
    "كان يا ما كان": 4,
    "مَرْحَبًا بِكُمْ": 2,
    "e\u0301te\u0301 indien": 2,
    "été indien": 2,
    "snake_case": 1,
    "twenty-two": 1,
    "Straßenbahn fährt über Brücke": 4,
}


@pytest.mark.parametrize("text", COUNTED)
def test_words_are_counted_as_a_person_counts_them(text: str) -> None:
    assert len(words(text)) == COUNTED[text]


def test_the_length_of_a_story_counted_by_hand() -> None:
    # Counted with a pencil: 12 + 9 + 14.
    text = (
        "Tomas was five years old, and he lived above a small bakery. "
        '"Let the wind hold you," he said with joy. '
        "In the morning he ran the whole race, and all of them cheered loudly."
    )
    assert [len(words(sentence)) for sentence in sentences(text)] == [12, 9, 14]


@given(st.lists(st.sampled_from(["Pip", "well-known", "d'or", "été", "نعم", "42"]), max_size=30))
def test_words_of_words_joined_by_blanks_are_these_words(tokens: list[str]) -> None:
    assert words(" ".join(tokens)) == tokens


@given(_TEXTS)
def test_each_word_stands_in_the_text_and_holds_a_letter_or_a_digit(text: str) -> None:
    at = 0
    for word in words(text):
        at = text.index(word, at) + len(word)
        assert any(char.isalnum() for char in word)

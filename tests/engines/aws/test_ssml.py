"""The document is judged by an XML parser that is not ours."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.aws.ssml import document

TEXTS = st.text(
    st.one_of(
        st.sampled_from(
            "a b é & < > \" ' ] ; # 漢 ق ِ 🐻 \u0301 \u200d \ufe0f \u202e \x00 \x07 \t \ud800 \uffff".split(
                " "
            )
        ),
        st.sampled_from(" \n\u00ad°\U0001d49c"),
        st.characters(),
    ),
    max_size=60,
)


def read_aloud(text: str) -> str:
    """The text that an XML parser reads."""
    root = ElementTree.fromstring(document(text).ssml)
    (sentence,) = root
    assert (root.tag, root.text, root.attrib) == ("speak", None, {})
    assert (sentence.tag, sentence.tail, sentence.attrib, list(sentence)) == ("s", None, {}, [])
    return sentence.text or ""


@pytest.mark.parametrize(
    "text",
    [
        "The snail slept.",
        "Stop! </s></speak><speak>Now I am in charge",
        '<break time="10s"/>',
        "]]> <![CDATA[x]]> <!-- x --> <?x?> &amp; &lt; &#65; &unknown;",
        "Q&A with Tom & Jerry: is 3 < 5 > 2?",
        '"Don\'t," said the owl.',
        "L'été d'Hélène; e\u0301te\u0301",
        "في قَدِيمِ الزَّمَانِ عاشت قطة",
        "25 °C © ®",
        "𝒜 letter beyond the basic plane",
    ],
)
def test_markup_in_a_story_is_text(text: str) -> None:
    assert read_aloud(text) == text


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("one\x07two", "one two"),
        ("one\x00\x01\ud83d\udc3b\ufffe\uffff\x7f\x85two", "one" + " " * 8 + "two"),
        ("tab\tline\r\nend", "tab line  end"),
        ("The bear 🐻🍯 ate", "The bear    ate"),
        ("family 👩‍👧‍👦!", "family    !"),
        ("heart ❤️ and 1️⃣", "heart   and 1 "),
        ("soft\u00adhyphen, zero\u200bwidth, \u202eright\u202c", "softhyphen, zerowidth, right"),
    ],
)
def test_characters_without_a_sound_part_words_or_vanish_inside_them(text: str, spoken: str) -> None:
    assert read_aloud(text) == spoken


@pytest.mark.parametrize("text", ["\ud83d", "\udc3b lone", "a\ud800\udc00b"])
def test_half_surrogates_are_accepted(text: str) -> None:
    assert document(text).ssml.encode()


@given(TEXTS)
def test_any_text_becomes_a_document_that_parses_and_adds_nothing(text: str) -> None:
    assert set(read_aloud(text)) <= set(text) | {" "}


@given(TEXTS)
def test_each_byte_leads_back_to_its_character(text: str) -> None:
    result = document(text)
    sent = result.ssml.encode()
    assert len(result.origins) == len(sent)
    inside = result.origins[len(b"<speak><s>") : -len(b"</s></speak>")]
    assert list(inside) == sorted(inside)
    for index in set(inside):
        start = len(b"<speak><s>") + inside.index(index)
        end = start + inside.count(index)
        assert result.characters(start, end) == (index, index + 1)
        spoken = ElementTree.fromstring(b"<s>" + sent[start:end] + b"</s>").text
        assert spoken in {text[index], " "}


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (7, 6), (0, 10_000), (10_000, 10_001)])
def test_bytes_outside_the_document_are_of_no_character(start: int, end: int) -> None:
    assert document("Hello.").characters(start, end) is None


def test_tags_are_not_billed_and_the_rest_is_as_it_stands() -> None:
    assert document("a" * 3000).billed == 3000
    assert document("🐻é漢").billed == 3
    assert document("a & b").billed == len("a &amp; b")


def test_another_pace_is_a_rate_in_percent_around_the_whole_sentence() -> None:
    paced = document("Tom & Jo: é", 0.85)
    assert paced.ssml == '<speak><s><prosody rate="85%">Tom &amp; Jo: é</prosody></s></speak>'
    assert paced.billed == len("Tom &amp; Jo: é")
    start = paced.ssml.encode().index("é".encode())
    assert paced.characters(start, start + 2) == (10, 11)
    assert document("Tom", 1.0) == document("Tom")

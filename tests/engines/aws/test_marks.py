from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines.aws import marks
from pipeline.engines.aws.ssml import Document, document
from pipeline.errors import EngineError
from pipeline.story.text import words
from pipeline.types import SpeechMark

PIECES = (
    "the 25 don't half-asleep naïve L'été e\u0301te\u0301 قطة قَدِيمِ 漢字 кот Q&A 3<5 <b>bold</b> &amp; "
    "🐻 👩‍👧‍👦 soft\u00adhyphen \u200fmark\u200e — … “quoted” ‘no’ 7.5% 𝒜lef \x07 under_score"
).split(" ")
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(" ".join)


def marked(text: str, pattern: str = r"[^\s<>]+", step_ms: int = 100) -> tuple[Document, list[marks.Mark]]:
    """The document, and a mark for each match in its bytes, as the service counts them."""
    sent = document(text)
    tags = re.compile(rb"<[^>]*>")
    body = tags.sub(lambda tag: b" " * len(tag.group()), sent.ssml.encode())
    matches = re.finditer(pattern.encode(), body)
    return sent, [marks.Mark(step_ms * n, match.start(), match.end()) for n, match in enumerate(matches)]


def aligned(text: str, *timed: tuple[int, str], duration_ms: int) -> list[tuple[int, str]]:
    """Marks for these words of the text, in order, as (ms, word)."""
    sent = document(text)
    raw, at = sent.ssml.encode(), len(b"<speak><s>")
    given_marks = []
    for time_ms, word in timed:
        at = raw.index(word.encode(), at)
        given_marks.append(marks.Mark(time_ms, at, at + len(word.encode())))
        at += len(word.encode())
    return [(mark.time_ms, mark.value) for mark in marks.align(text, sent, given_marks, duration_ms)]


def check(text: str, aligned_marks: tuple[SpeechMark, ...], duration_ms: int) -> None:
    assert [mark.value for mark in aligned_marks] == words(text)
    assert [text[mark.start : mark.end] for mark in aligned_marks] == words(text)
    times = [mark.time_ms for mark in aligned_marks]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < duration_ms


def test_the_example_of_the_developer_guide_is_read() -> None:
    """Its first example, all three kinds of marks."""
    stream = b"""{"time":0,"type":"sentence","start":0,"end":23,"value":"Mary had a little lamb."}
{"time":6,"type":"word","start":0,"end":4,"value":"Mary"}
{"time":6,"type":"viseme","value":"p"}
{"time":373,"type":"word","start":5,"end":8,"value":"had"}
"""
    assert marks.read(stream) == (marks.Mark(6, 0, 4), marks.Mark(373, 5, 8))


def test_a_value_cut_inside_a_character_is_ignored() -> None:
    stream = b'{"time":0,"type":"sentence","start":0,"end":6,"value":"pools\xe2"}\n'
    stream += '{"time":6,"type":"word","start":0,"end":5,"value":"po\u2028ols"}\r\n\n'.encode()
    assert marks.read(stream) == (marks.Mark(6, 0, 5),)


@pytest.mark.parametrize(
    "line",
    [
        b"<html>",
        b'{"time":6,"type":"word","start":0,"end":',
        b'{"time":6,"type":"word","start":0}',
        b'{"time":"6","type":"word","start":0,"end":4}',
        b'{"time":null,"type":"word","start":0,"end":4}',
        b"[1, 2]",
        b"7",
    ],
)
def test_a_reply_without_valid_marks_is_an_error(line: bytes) -> None:
    good = b'{"time":6,"type":"word","start":0,"end":4,"value":"Mary"}\n'
    with pytest.raises(EngineError) as caught:
        marks.read(good + line)
    assert (caught.value.problem, caught.value.engine) == ("bad-marks", "polly")


def test_a_captured_reply_is_read() -> None:
    """Byte offsets count the tags; a comma is of no word; a straight apostrophe is one byte."""
    sent = "<speak>\n<p>\n Congratulations"
    stream = b'{"time":25,"type":"word","start":13,"end":28,"value":"Congratulations"}'
    (mark,) = marks.read(stream)
    assert sent.encode()[mark.start : mark.end] == b"Congratulations"


TIMES = {
    "🐻 Zoé's café, naïve & <b>bold</b> قطة!": (
        "40 Zoé's 100 café 300 naïve 500 b 590 bold 700 b 900 قطة",
        "40 Zoé's 100 café 300 naïve 500 b 590 bold 700 b 900 قطة",
    ),
    # Of the parts of one word the first counts; a mark over several words is shared out by letters.
    "I don't know": ("5 I 100 don 180 't 300 know", "5 I 100 don't 300 know"),
    "at 7.25 she left": ("0 at 200 7.25 800 she 990 left", "0 at 200 7 400 25 800 she 990 left"),
    # Words without a mark lie between their neighbours, or within the audio; so does every mark.
    "one of the cats": ("0 one 800 cats", "0 one 300 of 500 the 800 cats"),
    "ab cd ef gh": ("400 cd", "0 ab 400 cd 600 ef 800 gh"),
    "one two": ("0 one 1990 two", "0 one 999 two"),
}


@pytest.mark.parametrize("text", TIMES)
def test_words_have_the_times_of_the_service_or_a_share_between_them_within_the_audio(text: str) -> None:
    service, ours = (
        [(int(time_ms), word) for time_ms, word in zip(times[::2], times[1::2], strict=True)]
        for times in map(str.split, TIMES[text])
    )
    assert aligned(text, *service, duration_ms=1_000) == ours


def test_marks_that_go_back_in_the_text_do_not_turn_time_back() -> None:
    text, at = "one two three", len("<speak><s>")
    spans = ((0, 0, 3), (200, 8, 13), (500, 4, 7))
    given_marks = [marks.Mark(time_ms, at + start, at + end) for time_ms, start, end in spans]
    result = marks.align(text, document(text), given_marks, 1000)
    check(text, result, 1000)
    assert (result[0].time_ms, result[2].time_ms) == (0, 200)


def test_a_mark_of_no_word_or_outside_the_text_is_ignored_and_the_order_does_not_matter() -> None:
    text, at = "one — two", len("<speak><s>")
    dash, before, after = marks.Mark(100, at + 4, at + 7), marks.Mark(150, -1, 14), marks.Mark(160, 900, 910)
    given_marks = [marks.Mark(200, at + 8, at + 11), dash, before, after, marks.Mark(20, at, at + 3)]
    assert [mark.time_ms for mark in marks.align(text, document(text), given_marks, 1000)] == [20, 200]


@pytest.mark.parametrize("spans", [[], [(14, 17)], [(9_000, 9_003)]])
def test_marks_of_no_word_are_an_error(spans: list[tuple[int, int]]) -> None:
    """Nothing, a dash, and a place outside the text."""
    text = "one — two"
    with pytest.raises(EngineError) as caught:
        marks.align(text, document(text), [marks.Mark(5, *span) for span in spans], 1000)
    assert caught.value.problem == "bad-marks"


@settings(max_examples=40)
@given(TEXTS)
def test_every_word_gets_one_mark_whatever_the_text(text: str) -> None:
    if words(text):
        sent, given_marks = marked(text)
        check(text, marks.align(text, sent, given_marks, 2_000), 2_000)


@settings(max_examples=40)
@given(TEXTS)
def test_a_word_that_the_service_begins_where_we_do_has_exactly_its_time(text: str) -> None:
    """Words cut as we cut them, marked by bytes: each comes back at its own characters and time."""
    if not words(text):
        return
    sent = document(text)
    encoded, given_marks = sent.ssml.encode(), []
    for n, (start, end) in enumerate(marks.words(text)):
        first = sent.origins.index(start, 10) if start in sent.origins[10:] else None
        last = len(encoded) - 12 - list(reversed(sent.origins[:-12])).index(end - 1)
        if first is not None:
            given_marks.append(marks.Mark(1 + 100 * n, first, last))
    result = marks.align(text, sent, given_marks, 100_000)
    assert [mark.time_ms for mark in result] == [1 + 100 * n for n in range(len(result))]


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(-5, 5_000), st.integers(-5, 200), st.integers(-5, 200)), max_size=12),
)
def test_no_marks_make_times_fall_or_leave_the_audio(text: str, drawn: list[tuple[int, int, int]]) -> None:
    if not words(text):
        return
    given_marks = [marks.Mark(max(0, time_ms), start, end) for time_ms, start, end in drawn]
    try:
        result = marks.align(text, document(text), given_marks, 3_000)
    except EngineError:
        return
    check(text, result, 3_000)

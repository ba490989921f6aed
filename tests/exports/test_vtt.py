"""WebVTT transcripts, read back by webvtt-py, a parser of others."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
import webvtt

from pipeline.errors import DamagedError
from pipeline.exports.transcript import transcript
from pipeline.exports.vtt import vtt
from pipeline.types import Manifest, SpeechMark
from tests.exports.stored import ARABIC, HOSTILE_TEXTS, HOSTILE_TITLE, manifest


def cues(edition: Manifest) -> list[webvtt.Caption]:
    return list(webvtt.WebVTT.from_string(vtt(transcript(edition)).decode(), strict=True))


def times(cue: webvtt.Caption) -> list[int]:
    return [
        webvtt.models.Timestamp.from_string(match).in_milliseconds()
        for match in re.findall(r"<([\d:.]+)>", cue.raw_text)
    ]


def test_a_cue_is_a_sentence_and_each_of_its_words_has_its_time() -> None:
    edition = manifest(["Once upon a time.", "A snail slept."])
    first, second = cues(edition)
    assert [first.text, second.text] == ["Once upon a time.", "A snail slept."]
    assert (first.start, first.end) == ("00:00:00.350", "00:00:01.720")  # 350 + 17 letters of 60 ms + 350
    assert (second.start, second.end) == ("00:00:01.720", "00:00:02.560")
    assert first.raw_text.startswith("Once <")
    assert times(first) == [350 + 60 * at for at in (5, 10, 12)]
    assert times(second) == [1720 + 60 * at for at in (2, 8)]


def test_words_have_their_times_in_a_language_from_right_to_left() -> None:
    for cue, text in zip(cues(manifest(ARABIC, locale="ar")), ARABIC, strict=True):
        assert cue.text == text
        assert len(times(cue)) == len(text.split()) - 1


def test_markup_and_signs_that_mean_something_stay_text() -> None:
    edition = manifest(HOSTILE_TEXTS, HOSTILE_TITLE)
    first, second, third = cues(edition)
    assert re.sub(r"<[\d:.]+>", "", first.raw_text) == (
        "“Stop &lt;b&gt;there&lt;/b&gt;!” said Tom &amp; Jerry --&gt;  NOTE now."
    )
    assert html.unescape(second.text) == HOSTILE_TEXTS[1]
    assert third.text == "\ufffd\ufffd\ufffdA fox 🦊 and an owl\ufffd."


def test_the_note_that_ai_made_it_is_a_comment_in_the_language() -> None:
    head = vtt(transcript(manifest(["Il dort."], locale="fr"))).decode().partition("\n\n1\n")[0]
    assert "NOTE\nA Snail [fr]\nL’histoire et la voix sont faites par une IA." in head
    assert "La voix est celle d’un robot." in head
    assert "Fait avec fake/text/1, fake/speech/1 (fake)" in head


def test_marks_that_overlap_or_begin_at_once_give_no_time_twice() -> None:
    edition = manifest(["One two three four."])
    (segment,) = edition.segments
    bad = (
        SpeechMark(0, 0, 3, "One"),
        SpeechMark(0, 4, 7, "two"),
        SpeechMark(100, 2, 9, "e two t"),
        SpeechMark(200, 8, 13, "three"),
        SpeechMark(200, 14, 18, "four"),
        SpeechMark(900_000, 14, 18, "four"),
        SpeechMark(300, 14, 99, "four"),
    )
    (cue,) = cues(replace(edition, segments=(replace(segment, marks=bad),)))
    assert cue.text == "One two three four."
    assert times(cue) == [350 + 200]


@pytest.mark.parametrize(
    "damage",
    [
        lambda edition: replace(edition, segments=()),
        lambda edition: replace(edition, duration_ms=10),
        lambda edition: replace(edition, segments=edition.segments[::-1]),
        lambda edition: replace(edition, segments=(replace(edition.segments[0], text=5),)),
        lambda edition: replace(edition, segments=(replace(edition.segments[0], start_ms="now"),)),
        lambda edition: replace(edition, segments=(replace(edition.segments[0], start_ms=float("inf")),)),
        lambda edition: replace(edition, title=None),
        lambda edition: replace(edition, engines={"text": 5}),
        lambda edition: replace(edition, labels=(5,)),
    ],
)
def test_a_manifest_that_is_no_story_is_damaged(damage: object) -> None:
    with pytest.raises(DamagedError, match="stories verify 5135aa71 --heal"):
        transcript(damage(manifest(["One.", "Two."])))  # type: ignore[operator]

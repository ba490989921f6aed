from __future__ import annotations

import io

import mutagen.mp3
import pytest
import soundfile

from pipeline.engines.embedded.lame import LameEncoder
from pipeline.steps.id3 import tag
from tests.hearing import narration_of

SEGMENTS = (
    (200, "كان يا ما كان، قطة صغيرة."),
    (2350, "L’été 🐻 e\u0301te\u0301 \u200fوداعا"),
    (61_000, "Fin."),
)
COMMENT = "Made by AI with qwen, kokoro"
ENGINES = {"speech": "kokoro/82m-int8/1", "generate": "llama/qwen/1"}


@pytest.fixture(scope="module")
def mp3() -> bytes:
    import numpy as np

    return LameEncoder().join([narration_of(0.1 * np.sin(np.arange(24_000) / 9))]).audio


def tagged(mp3: bytes, language: str = "ar", title: str = "القطة 🐱 et l’été") -> bytes:
    return tag(mp3, title=title, language=language, segments=SEGMENTS, comment=COMMENT, engines=ENGINES)


def read(mp3: bytes) -> mutagen.mp3.MP3:
    return mutagen.mp3.MP3(io.BytesIO(mp3))


def test_title_and_comment_survive_in_any_script(mp3: bytes) -> None:
    tags = read(tagged(mp3)).tags
    assert tags["TIT2"].text == ["القطة 🐱 et l’été"]
    (comment,) = tags.getall("COMM")
    assert comment.text == [COMMENT]


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("en", "eng"),
        ("fr-CA", "fra"),
        ("nl-BE", "nld"),
        ("ar", "ara"),
        ("it", "ita"),
        ("es-419", "spa"),
        ("DE", "deu"),
        ("pt-BR", "por"),
        ("tlh", "und"),
    ],
)
def test_the_language_is_written_in_three_letters(mp3: bytes, locale: str, code: str) -> None:
    """ISO 639-2, as ID3 wants it; "und" is its code for undetermined."""
    tags = read(tagged(mp3, locale)).tags
    assert tags["TLAN"].text == [code]
    assert {frame.lang for frame in tags.getall("USLT") + tags.getall("SYLT")} == {code}


def test_lyrics_hold_each_segment_with_its_start(mp3: bytes) -> None:
    tags = read(tagged(mp3)).tags
    (plain,) = tags.getall("USLT")
    assert plain.text.split("\n") == [text for _, text in SEGMENTS]
    (lines,) = tags.getall("SYLT")
    assert lines.text == [(text, start_ms) for start_ms, text in SEGMENTS]
    milliseconds, lyrics = 2, 1
    assert (lines.format, lines.type) == (milliseconds, lyrics)


def test_each_engine_has_a_frame(mp3: bytes) -> None:
    tags = read(tagged(mp3)).tags
    assert {frame.desc: frame.text[0] for frame in tags.getall("TXXX")} == {
        "engine:speech": "kokoro/82m-int8/1",
        "engine:generate": "llama/qwen/1",
    }


def test_tag_is_id3_version_2_3_only(mp3: bytes) -> None:
    assert tagged(mp3)[:5] == b"ID3\x03\x00"
    assert tagged(mp3)[-128:-125] != b"TAG"


def test_audio_is_unchanged(mp3: bytes) -> None:
    assert tagged(mp3).endswith(mp3)
    before, rate = soundfile.read(io.BytesIO(mp3))
    after, same = soundfile.read(io.BytesIO(tagged(mp3)))
    assert rate == same
    assert (before == after).all()
    assert read(tagged(mp3)).info.length == pytest.approx(len(before) / rate, abs=0.03)
    assert read(tagged(mp3)).info.bitrate == 64_000


def test_the_same_input_gives_the_same_bytes(mp3: bytes) -> None:
    assert tagged(mp3) == tagged(mp3)


def test_existing_tags_are_replaced(mp3: bytes) -> None:
    assert tagged(tagged(mp3, "fr", title="a much longer title than before")) == tagged(mp3)

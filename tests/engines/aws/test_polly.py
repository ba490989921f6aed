"""The service is botocore's Stubber, which checks requests and answers against the service's model."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.response import StreamingBody

from pipeline.engines import mpeg
from pipeline.engines.aws import polly
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.voices import PollyVoice, Table, read_table, render
from pipeline.errors import ConfigError, EngineError, RequestError, ThrottledError, UnavailableError
from pipeline.types import Narration, Voice
from tests.engines.aws.stubbed import Stubbed
from tests.engines.test_mpeg import decoded, mp3_of, noise

TEXT = "The bear 🐻 doesn't sleep & snore."
SSML = "<speak><s>The bear   doesn't sleep &amp; snore.</s></speak>"
JOANNA = Voice("Joanna", "en", "polly")


class Service(Stubbed):
    """A Polly with scripted replies."""

    def __init__(self) -> None:
        super().__init__("polly")
        self.bodies: list[io.BytesIO] = []

    def replies(self, body: bytes, expected: dict[str, Any] | None = None, missing: int = 0) -> None:
        """missing: how many bytes fewer come than were announced."""
        raw = io.BytesIO(body)
        self.bodies.append(raw)
        reply = {"AudioStream": StreamingBody(raw, len(body) + missing), "RequestCharacters": 9}
        self.stub.add_response("synthesize_speech", reply, expected)

    def fails(self, code: str, status: int = 400) -> None:
        self.stub.add_client_error("synthesize_speech", code, "no", http_status_code=status)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stub.assert_no_pending_responses()


@cache
def sound(seconds: float = 2.0) -> bytes:
    return mp3_of(noise(seconds))


def word_marks(ssml: str, *timed: tuple[int, str]) -> bytes:
    """As the service writes them: byte offsets into the SSML."""
    lines, at, encoded = [], len("<speak><s>"), ssml.encode()
    for time_ms, word in timed:
        at = encoded.index(word.encode(), at)
        end = at + len(word.encode())
        lines.append(json.dumps({"time": time_ms, "type": "word", "start": at, "end": end, "value": word}))
        at = end
    return "\n".join(lines).encode() + b"\n"


TIMED = [(6, "The"), (180, "bear"), (620, "doesn't"), (900, "sleep"), (1300, "snore")]
MARKS = word_marks(SSML, *TIMED)


def expect(service: Service, **other: str) -> None:
    """The two requests of a narration; other: what differs from Joanna's."""
    request = {"Engine": "neural", "VoiceId": "Joanna", "LanguageCode": "en-US", "TextType": "ssml"}
    request |= {"Text": SSML, **other}
    service.replies(sound(), {**request, "OutputFormat": "mp3", "SampleRate": "24000"})
    service.replies(MARKS, {**request, "OutputFormat": "json", "SpeechMarkTypes": ["word"]})


def speak(service: Service, text: str = TEXT, voice: Voice = JOANNA, **options: Any) -> Narration:
    return PollySpeech(service, **options).synthesize(text, voice)


def refused(service: Service, text: str = TEXT, voice: Voice = JOANNA, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        speak(service, text, voice, **options)
    assert caught.value.engine == "polly"
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_sound_and_then_the_marks_of_the_same_document_are_requested(service: Service) -> None:
    expect(service)
    narration = speak(service)
    assert [body.closed for body in service.bodies] == [True, True]
    assert (narration.audio, narration.media_type) == (sound(), "audio/mpeg")
    assert [(mark.time_ms, mark.value) for mark in narration.marks] == TIMED


def test_each_locale_has_its_voice() -> None:
    voices = PollySpeech(Service()).voices()
    assert {voice.locale: voice.id for voice in voices} == dict(read_table().locales)
    assert {voice.engine for voice in voices} == {"polly"}


def test_voices_without_the_engine_are_not_offered() -> None:
    names = {voice.locale: voice.id for voice in PollySpeech(Service(), "standard").voices()}
    assert names["fr"] == "Lea"
    assert {"ar", "nl", "fr-CA", "de-AT"}.isdisjoint(names)


@pytest.mark.parametrize(
    ("name", "locale", "code"), [("Liam", "fr-CA", "fr-CA"), ("Liam", "fr", "fr-CA"), ("Zayd", "ar", "ar-AE")]
)
def test_any_voice_of_the_language_may_be_chosen(service: Service, name: str, locale: str, code: str) -> None:
    expect(service, VoiceId=name, LanguageCode=code)
    assert speak(service, voice=Voice(name, locale, "polly")).marks


def test_the_engine_is_part_of_every_request_and_of_the_fingerprint(service: Service) -> None:
    expect(service, Engine="standard")
    assert speak(service, engine="standard").marks
    assert PollySpeech(service, "standard").fingerprint == "polly/standard/1"
    assert PollySpeech(service).fingerprint == "polly/neural/1"


@pytest.mark.parametrize(
    ("name", "locale", "words"),
    [
        ("Hans", "nl", "its neural voices are Lisa, Laura"),
        ("Joanna", "tlh", "has none"),
        ("", "en", "Joanna"),
    ],
)
def test_an_unknown_voice_is_rejected_before_any_call(
    service: Service, name: str, locale: str, words: str
) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        speak(service, voice=Voice(name, locale, "polly"))
    assert caught.value.problem == "unknown-voice"


@pytest.mark.parametrize(
    ("engine", "name", "locale"),
    [("neural", "Zeina", "ar"), ("standard", "Hala", "ar"), ("long-form", "Lea", "fr")],
)
def test_a_voice_that_lacks_the_engine_is_rejected_before_any_call(
    service: Service, engine: str, name: str, locale: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{name} has no {engine} engine") as caught:
        speak(service, voice=Voice(name, locale, "polly"), engine=engine)
    assert caught.value.problem == "voice-lacks-engine"


def test_a_newer_table_replaces_the_shipped_one(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "voices.toml"
    path.write_text(
        render(Table("later", {"en": "Nova"}, (PollyVoice("Nova", "en-US", ("neural",)),))), "utf-8"
    )
    engine = PollySpeech(service, table=path)
    assert engine.voices() == (Voice("Nova", "en", "polly"),)
    with pytest.raises(RequestError):
        engine.synthesize("Hello.", JOANNA)


def test_the_constructor_reads_no_file(tmp_path: Path) -> None:
    damaged = tmp_path / "voices.toml"
    damaged.write_text("dated = ")
    engine = PollySpeech(Service(), table=damaged)
    with pytest.raises(ConfigError):
        engine.voices()


UNSPEAKABLE = {
    "nothing-to-say": ["", " ", "…", "?!", "🐻🍯", "\x00\ud800", "-'-"],
    "too-long-to-say": ["a" * 3001, "a & " * 751, "<" * 1000 + "a", "é" * 2990 + "&&&"],
}


@pytest.mark.parametrize("problem", UNSPEAKABLE)
def test_a_text_without_words_or_with_too_many_is_rejected_before_any_call(
    service: Service, problem: str
) -> None:
    assert {refused(service, text).problem for text in UNSPEAKABLE[problem]} == {problem}


@pytest.mark.parametrize("text", ["a" * 3000, "🐻" * 2999 + "a", "漢" * 3000])
def test_the_longest_segment_is_spoken(service: Service, text: str) -> None:
    """Characters are counted, not bytes: 3,000 of four bytes are 3,000."""
    service.replies(sound())
    ssml = f"<speak><s>{text.replace('🐻', ' ')}</s></speak>"
    service.replies(word_marks(ssml, (0, text.replace("🐻", " ").strip())))
    assert len(speak(service, text).marks) == 1


@pytest.mark.parametrize(
    "audio", [b"", b"ID3\x04\x00\x00\x00\x00\x00\x00", bytes(8), b"<html>", mp3_of(noise(0.2))[:-9]]
)
def test_an_mp3_that_is_empty_or_unreadable_is_an_error_and_no_marks_are_paid(
    service: Service, audio: bytes
) -> None:
    service.replies(audio)
    assert refused(service).problem == "bad-audio"
    assert [body.closed for body in service.bodies] == [True]


@pytest.mark.parametrize("reply", [b"", b"\n", b"<html>", b'{"time":', b'{"type":"sentence"}\n'])
def test_marks_that_are_missing_or_unreadable_are_an_error(service: Service, reply: bytes) -> None:
    service.replies(sound())
    service.replies(reply)
    assert refused(service).problem == "bad-marks"


def _lasting(ms: int) -> bytes:
    return mpeg.read(sound()).frames[5].silent().data * (ms // 24)


def test_sound_of_ten_minutes_was_cut_and_no_marks_are_paid(service: Service) -> None:
    service.replies(_lasting(600_000))
    assert refused(service).problem == "cut-short"
    service.replies(_lasting(598_000))
    service.replies(MARKS)
    assert speak(service).duration_ms == pytest.approx(598_000, abs=24)


def test_a_mark_after_the_end_of_the_sound_means_a_cut(service: Service) -> None:
    service.replies(sound())
    service.replies(word_marks(SSML, (6, "The"), (2_500, "snore")))
    assert refused(service).problem == "cut-short"


@pytest.mark.parametrize("first", [True, False])
def test_a_reply_that_breaks_off_or_is_refused_for_now_is_an_error(service: Service, first: bool) -> None:
    """Of the sound, or of its marks. Polly throttles with status 400."""
    for expected in (UnavailableError, ThrottledError):
        if not first:
            service.replies(sound())
        if expected is ThrottledError:
            service.fails("ThrottlingException")
        else:
            service.replies(sound() if first else MARKS, missing=10)
        assert type(refused(service)) is expected


def test_a_reply_that_drips_for_too_long_is_an_error(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polly, "_BODY_S", -1.0)
    service.replies(sound())
    assert isinstance(refused(service), UnavailableError)
    assert service.bodies[0].closed


def test_marks_follow_the_sound(service: Service) -> None:
    """The onsets of bursts are at the marks, plus the delay of encoder and decoder."""
    begins = (100, 700, 1300)
    burst = np.zeros(48_000)
    for begin in begins:
        burst[begin * 24 : begin * 24 + 2_400] = noise(0.1, seed=begin)
    service.replies(mp3_of(burst))
    ssml = "<speak><s>one two three</s></speak>"
    service.replies(word_marks(ssml, *zip(begins, ("one", "two", "three"), strict=True)))
    narration = speak(service, "one two three")
    samples, rate = decoded(narration.audio)
    loud = np.flatnonzero(abs(samples) > 0.05)
    onsets = [loud[0], *loud[1:][np.diff(loud) > rate // 4]]
    late_ms = (576 + 529) * 1000 / 24_000
    assert [mark.time_ms + late_ms for mark in narration.marks] == pytest.approx(
        [onset * 1000 / rate for onset in onsets], abs=5
    )

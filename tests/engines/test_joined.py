"""The joined mp3 is judged by another decoder (libsndfile): what sounds, and when."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate, resample_poly

from pipeline.engines import mpeg
from pipeline.engines.embedded.espeak import EspeakSpeech
from pipeline.engines.joined import JoinedMp3
from pipeline.errors import EngineError
from pipeline.types import Narration
from tests.engines.contracts.encoder_contract import EncoderContract
from tests.engines.contracts.speech_contract import PAUSED, SENTENCES, voice_of
from tests.engines.test_mpeg import mp3_of, spoken, tagged_mp3_of
from tests.hearing import (
    Sound,
    decoded,
    first_sound_ms,
    last_sound_ms,
    noise,
    position_ms,
    sounds_after_pauses_ms,
)

RATE = 24_000
REQUIRED_MS = 30  # between a mark and its sound, over a whole story


class TestJoinedMp3(EncoderContract):
    kilobits = 48
    media_type = "audio/mpeg"
    rates = (16_000, 22_050, 24_000, 44_100, 48_000)

    def narration(self, samples: Sound, rate: int = RATE) -> Narration:
        return spoken(samples, rate, 48 if rate in (16_000, RATE) else 64)  # fewer bits serve no other rate

    @pytest.fixture
    def encoder(self) -> JoinedMp3:
        return JoinedMp3()


def bursts(seed: int, rate: int = RATE) -> tuple[Sound, list[int]]:
    """Sharp noises of 60 ms with 190 ms and more of silence around them, and the ms at which they begin."""
    chance = np.random.default_rng(seed)
    begins = list(np.cumsum(chance.integers(250, 400, size=6)))
    sound = np.zeros((int(begins[-1]) + 300) * rate // 1000)
    for begin in begins:
        at = int(begin) * rate // 1000
        sound[at : at + 60 * rate // 1000] = 0.3 * chance.standard_normal(60 * rate // 1000).clip(-3, 3)
    return sound, [int(begin) for begin in begins]


@pytest.mark.parametrize("delay", [576, 1105, 2257])
def test_the_delay_that_an_encoder_states_is_used(delay: int) -> None:
    sounds = [noise(0.5 + n / 7, seed=n) for n in range(3)]
    audios = [mp3_of(sounds[0]), _late(sounds[1], delay), mp3_of(sounds[2])]
    recording = JoinedMp3().join([Narration(audio, "audio/mpeg", 1, ()) for audio in audios])
    samples, rate = decoded(recording.audio)
    for sound, start_ms in zip(sounds, recording.starts_ms, strict=True):
        assert position_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def _late(sound: Sound, delay: int) -> bytes:
    """As from an encoder that is late by so many samples (LAME by 576) and says so in an Info frame."""
    audio = mp3_of(np.concatenate([np.zeros(delay - 576), sound]))
    tag = b"Info" + bytes(4) + b"LAME3.100" + bytes(12) + (delay << 12).to_bytes(3)
    return (audio[:4] + bytes(9) + tag).ljust(144, b"\0") + audio


def test_over_a_long_story_sharp_sounds_begin_within_30_ms_of_their_marks() -> None:
    """25 segments with 6 bursts each: a drift of 1 ms a segment would show."""
    segments = [bursts(seed) for seed in range(25)]
    recording = JoinedMp3().join([spoken(sound) for sound, _ in segments])
    begins_ms = sounds_after_pauses_ms(*decoded(recording.audio), at_least_ms=100)
    marked = [
        start_ms + begin
        for start_ms, (_, begins) in zip(recording.starts_ms, segments, strict=True)
        for begin in begins
    ]
    assert len(begins_ms) >= len(marked) - 1  # the first of all has no pause before it
    assert max(min(abs(mark - sound) for sound in begins_ms) for mark in marked[1:]) < REQUIRED_MS


def test_over_a_spoken_story_sound_begins_where_it_began_in_each_segment() -> None:
    engine = EspeakSpeech()
    sentences = [sentence.strip() + "." for sentence in PAUSED.rstrip(".").split(".")] * 2
    sentences += [SENTENCES[locale] for locale in ("en", "fr", "de", "es")]
    sounds = [_at_24_kilohertz(engine.synthesize(text, voice_of(engine, "en"))) for text in sentences]
    recording = JoinedMp3().join([spoken(sound) for sound in sounds])
    samples, rate = decoded(recording.audio)
    assert len(sounds) >= 10
    ends = [*recording.starts_ms[1:], recording.duration_ms]
    for sound, start_ms, end_ms in zip(sounds, recording.starts_ms, ends, strict=True):
        # From a little before its start (the pause) to the next one's: this segment alone.
        own = samples[(start_ms - 40) * rate // 1000 : (end_ms - 60) * rate // 1000]
        assert abs(first_sound_ms(own, rate) - 40 - first_sound_ms(sound, RATE)) < REQUIRED_MS
        assert abs(last_sound_ms(own, rate) - 40 - last_sound_ms(sound, RATE)) < REQUIRED_MS
        assert position_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def _at_24_kilohertz(narration: Narration) -> Sound:
    samples, rate = soundfile.read(io.BytesIO(narration.audio))
    return np.asarray(resample_poly(samples, RATE // 150, rate // 150))


def test_it_is_silent_before_and_between_segments() -> None:
    """A frame that used bytes of another segment in the reservoir would click there."""
    sounds = [noise(0.4, seed=n) for n in range(10)]
    recording = JoinedMp3().join([spoken(sound) for sound in sounds])
    samples, rate = decoded(recording.audio)
    for sound, start_ms in zip(sounds, recording.starts_ms, strict=True):
        end_ms = start_ms + len(sound) * 1000 // rate
        assert abs(samples[(start_ms - 100) * rate // 1000 : (start_ms - 40) * rate // 1000]).max() < 1e-4
        assert abs(samples[(end_ms + 60) * rate // 1000 : (end_ms + 200) * rate // 1000]).max() < 1e-4


def test_each_segment_sounds_as_it_sounds_alone() -> None:
    narrations = [spoken(noise(0.4 + n / 10, seed=n)) for n in range(5)]
    recording = JoinedMp3().join(narrations)
    samples, rate = decoded(recording.audio)
    for narration, start_ms in zip(narrations, recording.starts_ms, strict=True):
        alone, _ = decoded(narration.audio)
        first = round(start_ms * rate / 1000) - 576 - 529
        window = samples[first - 30 : first + len(alone) + 30]
        at = int(np.argmax(correlate(window, alone, mode="valid")))
        assert abs(window[at : at + len(alone)] - alone).max() < 1e-3


def test_headers_and_tags_of_segments_do_not_end_up_in_the_middle() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x05hello"
    audio = tag + tagged_mp3_of(noise(0.4)) + b"TAG" + bytes(125)
    recording = JoinedMp3().join([Narration(audio, "audio/mpeg", 400, ())] * 3)
    assert not [remnant for remnant in (b"ID3", b"TAG", b"Xing", b"Info") if remnant in recording.audio]
    assert mpeg.read(recording.audio).duration_ms == recording.duration_ms


FRAMES = [frame.data for frame in mpeg.read(mp3_of(noise(0.5))).frames]


@pytest.mark.parametrize(
    ("narration", "words"),
    [
        (spoken(noise(0.2, 16_000), 16_000), r"16000 Hz with 1 channel.*24000 Hz with 1 channel"),
        (spoken(noise(0.2, channels=2), kbps=64), r"1 channel.*2 channel"),
        (Narration(b"".join(FRAMES[5:]), "audio/mpeg", 400, ()), "begins in the middle"),
        (Narration(b"RIFF", "audio/wav", 10, ()), r"audio/wav.*another encoder"),
    ],
    ids=["another rate", "stereo", "cut out of a longer one", "a wav"],
)
def test_a_segment_that_cannot_be_joined_is_rejected(narration: Narration, words: str) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        JoinedMp3().join([spoken(noise(0.2)), narration])
    assert (caught.value.problem, caught.value.engine) == ("bad-audio", "joined")

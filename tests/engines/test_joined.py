"""The joined mp3 is judged by another decoder (libsndfile): what is heard, and when."""

from __future__ import annotations

import io
from itertools import pairwise

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
from tests.engines.test_mpeg import Sound, decoded, mp3_of, noise, spoken, tagged_mp3_of
from tests.hearing import first_sound_ms, last_sound_ms, sounds_after_pauses_ms

RATE = 24_000
REQUIRED_MS = 30  # the issue's: between a mark and its sound, over a whole story


class TestJoinedMp3(EncoderContract):
    kilobits = 48

    def narration(self, samples: Sound) -> Narration:
        return spoken(samples)

    @pytest.fixture
    def encoder(self) -> JoinedMp3:
        return JoinedMp3()


def found_ms(sound: Sound, within: Sound, rate: int, near_ms: int) -> float:
    """Where in the decoded mp3 a sound fits best, in ms."""
    first = max(0, (near_ms - 300) * rate // 1000)
    window = within[first : first + len(sound) + 600 * rate // 1000]
    return float((first + np.argmax(correlate(window, sound, mode="valid"))) * 1000 / rate)


def bursts(seed: int, rate: int = RATE) -> tuple[Sound, list[int]]:
    """Sharp noises of 60 ms with 190 ms and more of silence around them, and the ms at which they begin."""
    chance = np.random.default_rng(seed)
    begins = list(np.cumsum(chance.integers(250, 400, size=6)))
    sound = np.zeros((int(begins[-1]) + 300) * rate // 1000)
    for begin in begins:
        at = int(begin) * rate // 1000
        sound[at : at + 60 * rate // 1000] = 0.3 * chance.standard_normal(60 * rate // 1000).clip(-3, 3)
    return sound, [int(begin) for begin in begins]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
def test_segments_are_heard_where_it_says_to_the_millisecond(rate: int) -> None:
    sounds = [noise(0.5 + n / 7, rate, seed=n) for n in range(12)]
    recording = JoinedMp3().join([spoken(sound, rate, 64) for sound in sounds])
    samples, decoded_rate = decoded(recording.audio)
    assert decoded_rate == rate
    for sound, start_ms in zip(sounds, recording.starts_ms, strict=True):
        assert found_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


@pytest.mark.parametrize("delay", [576, 1105, 2257])
def test_where_an_encoder_tells_its_delay_it_is_believed(delay: int) -> None:
    sounds = [noise(0.5 + n / 7, seed=n) for n in range(3)]
    audios = [mp3_of(sounds[0]), _late(sounds[1], delay), mp3_of(sounds[2])]
    recording = JoinedMp3().join([Narration(audio, "audio/mpeg", 1, ()) for audio in audios])
    samples, rate = decoded(recording.audio)
    for sound, start_ms in zip(sounds, recording.starts_ms, strict=True):
        assert found_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def _late(sound: Sound, delay: int) -> bytes:
    """As from an encoder that is late by so many samples (LAME by 576) and says so in an Info frame."""
    audio = mp3_of(np.concatenate([np.zeros(delay - 576), sound]))
    told = b"Info" + bytes(4) + b"LAME3.100" + bytes(12) + (delay << 12).to_bytes(3)
    return (audio[:4] + bytes(9) + told).ljust(144, b"\0") + audio


def test_over_a_long_story_sharp_sounds_begin_within_30_ms_of_their_marks() -> None:
    """25 segments with 6 bursts each: a drift of 1 ms a segment would show."""
    told = [bursts(seed) for seed in range(25)]
    recording = JoinedMp3().join([spoken(sound) for sound, _ in told])
    heard = sounds_after_pauses_ms(*decoded(recording.audio), at_least_ms=100)
    marked = [
        start_ms + begin
        for start_ms, (_, begins) in zip(recording.starts_ms, told, strict=True)
        for begin in begins
    ]
    assert len(heard) >= len(marked) - 1  # the first of all has no pause before it
    assert max(min(abs(mark - sound) for sound in heard) for mark in marked[1:]) < REQUIRED_MS


def test_over_a_spoken_story_sound_begins_where_it_began_in_each_segment() -> None:
    engine = EspeakSpeech()
    sentences = [one.strip() + "." for one in PAUSED.rstrip(".").split(".")] * 2
    sentences += [SENTENCES[locale] for locale in ("en", "fr", "de", "es")]
    said = [_at_24_kilohertz(engine.synthesize(text, voice_of(engine, "en"))) for text in sentences]
    recording = JoinedMp3().join([spoken(sound) for sound in said])
    samples, rate = decoded(recording.audio)
    assert len(said) >= 10
    ends = [*recording.starts_ms[1:], recording.duration_ms]
    for sound, start_ms, end_ms in zip(said, recording.starts_ms, ends, strict=True):
        # From a little before its start (the pause) to the next one's: this segment alone.
        own = samples[(start_ms - 40) * rate // 1000 : (end_ms - 60) * rate // 1000]
        assert abs(first_sound_ms(own, rate) - 40 - first_sound_ms(sound, RATE)) < REQUIRED_MS
        assert abs(last_sound_ms(own, rate) - 40 - last_sound_ms(sound, RATE)) < REQUIRED_MS
        assert found_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def _at_24_kilohertz(narration: Narration) -> Sound:
    samples, rate = soundfile.read(io.BytesIO(narration.audio))
    return np.asarray(resample_poly(samples, RATE // 150, rate // 150))


def test_a_story_begins_after_200_ms_and_rests_350_ms_between_segments() -> None:
    """As heard, to a few frames of 24 ms: an encoder fills up its last frame, and adds one or two."""
    recording = JoinedMp3().join([spoken(noise(1, seed=n)) for n in range(3)])
    assert recording.starts_ms[0] == pytest.approx(200, abs=12)
    for one, two in pairwise(recording.starts_ms):
        assert 340 <= two - one - 1000 <= 430
    assert 290 <= recording.duration_ms - recording.starts_ms[-1] - 1000 <= 400


def test_the_decoder_hears_as_much_as_is_said() -> None:
    recording = JoinedMp3().join([spoken(noise(0.3 + n / 10, seed=n)) for n in range(12)])
    samples, rate = decoded(recording.audio)
    assert len(samples) * 1000 / rate == pytest.approx(recording.duration_ms, abs=1)


def test_nothing_is_heard_before_and_between_segments() -> None:
    """A frame that found the bytes of another segment in the reservoir would click there."""
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
    for remnant in (b"ID3", b"TAG", b"Xing", b"Info"):
        assert remnant not in recording.audio
    assert mpeg.read(recording.audio).duration_ms == recording.duration_ms


def test_voices_of_different_rates_cannot_be_joined() -> None:
    with pytest.raises(EngineError, match=r"16000 Hz with 1 channel.*24000 Hz with 1 channel") as caught:
        JoinedMp3().join([spoken(noise(0.2)), spoken(noise(0.2, 16_000), 16_000)])
    assert caught.value.problem == "bad-audio"


def test_mono_and_stereo_cannot_be_joined() -> None:
    with pytest.raises(EngineError, match=r"1 channel.*2 channel"):
        JoinedMp3().join([spoken(noise(0.2)), spoken(noise(0.2, channels=2), kbps=64)])


def test_a_segment_that_was_cut_out_of_a_longer_one_is_refused() -> None:
    frames = mpeg.read(mp3_of(noise(0.5))).frames
    cut = b"".join(frame.data for frame in frames[5:])
    with pytest.raises(EngineError, match="begins in the middle") as caught:
        JoinedMp3().join([Narration(cut, "audio/mpeg", 400, ())])
    assert caught.value.problem == "bad-audio"


def test_a_wav_is_refused_with_what_to_do() -> None:
    with pytest.raises(EngineError, match=r"audio/wav.*another encoder") as caught:
        JoinedMp3().join([Narration(b"RIFF", "audio/wav", 10, ())])
    assert caught.value.problem == "bad-audio"


@pytest.mark.parametrize("audio", [b"", b"no mp3 at all", mp3_of(noise(0.1))[:-1]])
def test_what_is_no_mp3_is_an_error_of_the_engine(audio: bytes) -> None:
    with pytest.raises(EngineError) as caught:
        JoinedMp3().join([Narration(audio, "audio/mpeg", 10, ())])
    assert (caught.value.problem, caught.value.engine) == ("bad-audio", "joined")


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(EngineError):
        JoinedMp3().join([])

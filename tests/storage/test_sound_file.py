"""Packed sounds, read by libraries that know nothing of us: wave, libsndfile, mutagen."""

from __future__ import annotations

import io
import wave

import pytest
import soundfile
from mutagen.id3 import ID3

from pipeline.engines.embedded.lame import LameEncoder
from pipeline.engines.fake import FakeSpeech
from pipeline.storage.sound_file import note_of, pack, unpack
from pipeline.types import Voice

NARRATION = FakeSpeech().synthesize("A bear sleeps.", Voice("fake", "en", "fake-speech"))
WAV = NARRATION.audio
MP3 = LameEncoder().join([NARRATION]).audio
SOUNDS = {"audio/wav": WAV, "audio/mpeg": MP3}
NOTES = [b"", b"{}", b'{"odd":1}', '{"text":"un été"}'.encode(), b"x" * 70_000]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("media_type", SOUNDS)
def test_audio_and_note_survive_packing(media_type: str, note: bytes) -> None:
    audio, unpacked = unpack(pack(SOUNDS[media_type], media_type, note))
    assert audio == SOUNDS[media_type]
    assert unpacked.rstrip() == note.rstrip()


@pytest.mark.parametrize("note", NOTES)
def test_other_libraries_decode_the_same_samples(note: bytes) -> None:
    with wave.open(io.BytesIO(pack(WAV, "audio/wav", note))) as packed, wave.open(io.BytesIO(WAV)) as plain:
        assert packed.getparams() == plain.getparams()
        assert packed.readframes(10**6) == plain.readframes(10**6)
    for media_type, audio in SOUNDS.items():
        packed_samples, rate = soundfile.read(io.BytesIO(pack(audio, media_type, note)))
        samples, same_rate = soundfile.read(io.BytesIO(audio))
        assert (packed_samples.tolist(), rate) == (samples.tolist(), same_rate)


def test_the_note_in_an_mp3_is_a_private_frame_that_mutagen_reads() -> None:
    (frame,) = ID3(io.BytesIO(pack(MP3, "audio/mpeg", b'{"a":1}'))).getall("PRIV")
    assert (frame.owner, frame.data) == ("mvp-stories", b'{"a":1}')


@pytest.mark.parametrize("media_type", SOUNDS)
def test_note_is_read_from_the_first_bytes(media_type: str) -> None:
    packed = pack(SOUNDS[media_type], media_type, b'{"a":1}!')
    note, end = note_of(packed[:100])
    assert (note, end <= 100) == (b'{"a":1}!', True)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3", WAV, MP3, b"RIFF1234WAVEstry\xff\xff\xff\x7f"])
def test_file_without_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"note|cut"):
        unpack(data)

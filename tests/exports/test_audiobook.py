"""Audiobooks, read back by mutagen and decoded by libav."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import lameenc
import numpy as np
import pytest
from mutagen.mp4 import MP4

from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError
from pipeline.exports.audiobook import audiobook
from pipeline.exports.source import edition
from pipeline.exports.transcript import Transcript, transcript
from pipeline.storage import keys
from pipeline.storage.records import dump
from tests.exports.stored import ARABIC, HOSTILE_TITLE, ID, manifest, stored

OTHER = "f" * 32
RATE = 24_000


def beep(hertz: int, rate: int, seconds: float) -> bytes:
    """An mp3 of one tone."""
    encoder = lameenc.Encoder()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(rate)
    encoder.set_bit_rate(64)
    encoder.silence()
    wave = np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate) * 8000
    return bytes(encoder.encode(wave.astype(np.int16).tobytes()) + encoder.flush())


def spoken(store: MemoryStore, sound: bytes, story_id: str, title: str) -> Transcript:
    kept = stored(store, manifest(["Good night."], title, story_id=story_id))
    key = keys.mp3(story_id, "en", sound)
    store.put(key, sound)
    store.put(keys.manifest(story_id, "en"), dump(replace(kept, mp3=key)))
    return edition(store, story_id, "en")


def pitch(samples: np.ndarray) -> float:
    """The strongest frequency, in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


def test_each_story_is_a_chapter_that_begins_where_its_sound_does() -> None:
    store = MemoryStore()
    first = spoken(store, beep(400, 24_000, 3), ID, "A Snail")
    second = spoken(store, beep(900, 22_050, 2), OTHER, "An Owl")
    data = audiobook(store, [first, second])
    chapters = MP4(io.BytesIO(data)).chapters
    assert [chapter.title for chapter in chapters] == ["A Snail", "An Owl"]
    assert [chapter.start for chapter in chapters] == pytest.approx([0, 4.5], abs=0.2)  # and a pause of 1.5 s
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    start = int(chapters[1].start * RATE)
    assert pitch(samples[RATE : 2 * RATE]) == pytest.approx(400, abs=5)
    assert pitch(samples[start + RATE // 2 : start + RATE]) == pytest.approx(900, abs=5)
    assert np.abs(samples[start - RATE : start - RATE // 2]).max() < 0.01
    assert len(samples) / RATE == pytest.approx(6.5, abs=0.3)


def test_its_tags_have_the_title_the_cover_the_note_and_the_language() -> None:
    store = MemoryStore()
    stored(store, manifest(ARABIC, "الحلزون", "ar"))
    data = audiobook(store, [edition(store, ID, "ar")])
    tags = MP4(io.BytesIO(data))
    assert tags["\xa9nam"] == ["الحلزون"]
    assert bytes(tags["covr"][0]).startswith(b"\x89PNG\r\n\x1a\n")
    assert tags["\xa9cmt"][0].startswith("الحكاية والصوت من صنع الذكاء الاصطناعي.")
    assert tags["\xa9ART"] == ["AI"]
    assert (tags.info.codec, tags.info.channels) == ("mp4a.40.2", 1)
    with av.open(io.BytesIO(data)) as container:
        assert container.streams.audio[0].metadata["language"] == "ara"


def test_a_long_or_hostile_title_is_cut_between_letters() -> None:
    store = MemoryStore()
    stored(store, manifest(["Sleep."], "é" * 5000))
    stored(store, manifest(["Sleep."], HOSTILE_TITLE, story_id=OTHER))
    data = audiobook(store, [edition(store, ID, "en"), edition(store, OTHER, "en")])
    first, second = (chapter.title for chapter in MP4(io.BytesIO(data)).chapters)
    assert first == "é" * 127
    assert second.startswith("</title><script>")


def test_the_same_stories_are_the_same_bytes() -> None:
    store = MemoryStore()
    story = spoken(store, beep(400, 24_000, 1), ID, "A Snail")
    assert audiobook(store, [story]) == audiobook(store, [story])


def test_a_sound_that_cannot_be_decoded_is_damaged() -> None:
    store = MemoryStore()
    story = spoken(store, b"no sound at all" * 100, ID, "A Snail")
    with pytest.raises(DamagedError, match="no sound that can be read"):
        audiobook(store, [story])


def test_a_story_in_scenes_has_a_chapter_for_each() -> None:
    store = MemoryStore()
    first = spoken(store, beep(400, 24_000, 3), ID, "A Snail")
    kept = manifest(["Good night."] * 3, "An Owl", story_id=OTHER, scenes=(0, 2))
    sound = beep(900, 22_050, 2)
    key = keys.mp3(OTHER, "en", sound)
    store.put(key, sound)
    store.put(keys.manifest(OTHER, "en"), dump(replace(kept, mp3=key)))
    second = edition(store, OTHER, "en")
    chapters = MP4(io.BytesIO(audiobook(store, [first, second]))).chapters
    assert [chapter.title for chapter in chapters] == ["A Snail", "An Owl 1/2", "An Owl 2/2"]
    begins = 4.5 + kept.segments[2].start_ms / 1000
    assert [chapter.start for chapter in chapters] == pytest.approx([0, 4.5, begins], abs=0.2)


@pytest.mark.parametrize("scenes", [(1, 2), (0, 0), (0, 3)])
def test_scenes_that_do_not_go_on_are_damage(scenes: tuple[int, ...]) -> None:
    with pytest.raises(DamagedError):
        transcript(manifest(["Good night."] * 3, scenes=scenes))

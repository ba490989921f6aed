"""An audiobook of an evening's stories: one m4b (AAC) with a chapter for each story or scene, and a cover.

It is the one export that encodes anew: an m4b's sound is AAC, an mp3 inside of one is played by few.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pipeline.errors import DamagedError
from pipeline.exports import source
from pipeline.exports.artwork import artwork
from pipeline.exports.transcript import Transcript
from pipeline.exports.words import words
from pipeline.ports import Store
from pipeline.steps.id3 import Chapter, iso_639_2

if TYPE_CHECKING:
    import av

_RATE, _BIT_RATE = 24_000, 64_000
_SAMPLE = 2  # bytes
_PAUSE = bytes(_SAMPLE * _RATE * 3 // 2)  # between two stories
_FRAME = 1024  # samples of an AAC frame
_LONGEST_TITLE = 255  # bytes of a chapter's title: its length is one byte
_AUDIOBOOK = 2  # iTunes's kind of media


def audiobook(store: Store, editions: Sequence[Transcript]) -> bytes:
    """Raises NotFoundError, DamagedError; ModuleNotFoundError: the package `av` is not installed."""
    last = len(editions) - 1
    sounds = [
        _decoded(source.mp3(store, each), each) + (_PAUSE if number < last else b"")
        for number, each in enumerate(editions)
    ]
    return _tagged(_encoded(sounds, editions), editions)


def _decoded(mp3: bytes, of: Transcript) -> bytes:
    """PCM, 16 bits, mono, _RATE. Raises DamagedError: no sound in it."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    pcm = bytearray()
    try:
        with av.open(io.BytesIO(mp3), "r", format="mp3") as container:
            for frame in container.decode(audio=0):
                pcm += b"".join(map(_bytes, resampler.resample(frame)))
        pcm += b"".join(map(_bytes, resampler.resample(None)))
    except av.FFmpegError as error:
        raise DamagedError(f"{of.mp3} is no sound that can be read ({error})") from error
    return bytes(pcm)


def _bytes(frame: Any) -> bytes:
    """Without what fills up its buffer."""
    return bytes(frame.planes[0])[: frame.samples * _SAMPLE]


def _encoded(sounds: Sequence[bytes], editions: Sequence[Transcript]) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="ipod", container_options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("aac", rate=_RATE, layout="mono", bit_rate=_BIT_RATE)
        stream.codec_context.flags |= 1 << 23  # AV_CODEC_FLAG_BITEXACT: no version of the encoder in it
        stream.metadata["language"] = iso_639_2(editions[0].locale)
        container.set_chapters(_chapters(sounds, editions))
        for frame in _frames(b"".join(sounds)):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _chapters(sounds: Sequence[bytes], editions: Sequence[Transcript]) -> list[Any]:
    """As av takes them: of each story, or of each of its scenes. Times in samples."""
    lengths = [len(sound) // _SAMPLE for sound in sounds]
    begins = [0, *accumulate(lengths)]
    titled = [
        (begin + scene.start_ms * _RATE // 1000, scene.title)
        for begin, each in zip(begins, editions, strict=False)
        for scene in each.chapters or (Chapter(each.title, 0, each.duration_ms),)
    ]
    ends = [*(begin for begin, _ in titled[1:]), begins[-1]]
    return [
        {
            "id": number,
            "start": start,
            "end": end,
            "time_base": Fraction(1, _RATE),
            "metadata": {"title": title.encode()[:_LONGEST_TITLE].decode(errors="ignore")},
        }
        for number, ((start, title), end) in enumerate(zip(titled, ends, strict=True))
    ]


def _frames(pcm: bytes) -> Iterator[av.AudioFrame]:
    import av

    for start in range(0, len(pcm), _FRAME * _SAMPLE):
        part = pcm[start : start + _FRAME * _SAMPLE]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(part) // _SAMPLE)
        frame.planes[0].update(part.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate = _RATE
        frame.pts = start // _SAMPLE
        frame.time_base = Fraction(1, _RATE)
        yield frame


def _tagged(m4b: bytes, editions: Sequence[Transcript]) -> bytes:
    from mutagen.mp4 import MP4, MP4Cover

    first = editions[0]
    picture = artwork(first)
    kind = MP4Cover.FORMAT_PNG if picture.media_type == "image/png" else MP4Cover.FORMAT_JPEG
    title = first.title if len(editions) == 1 else words(first.locale).name
    tags = {
        "\xa9nam": [title],
        "\xa9alb": [title],
        "\xa9ART": ["AI"],
        "\xa9gen": ["Audiobook"],
        "\xa9cmt": [" ".join(dict.fromkeys(each.note for each in editions))],
        "stik": [_AUDIOBOOK],
        "covr": [MP4Cover(picture.data, kind)],
    }
    file = io.BytesIO(m4b)
    tagged = MP4(file)
    tagged.update(tags)
    tagged.save(file)
    return file.getvalue()

"""One mp3 of a whole story, joined from mp3s frame by frame: for voices that hand over mp3 and no PCM.

Nothing is decoded or encoded again, so it needs the standard library only, and no loudness is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from pipeline.engines import mpeg
from pipeline.errors import EngineError
from pipeline.types import Narration, Recording

_ENGINE = "joined"
_LEAD_IN_MS = 200
_PAUSE_MS = 350
_TAIL_MS = 300
_DECODER_DELAY = 529  # samples that every Layer III decoder is late by
# Samples that the encoder is late by, where the mp3 does not state them: LAME's. With them starts_ms is right
# to a millisecond after libsndfile and FFmpeg (lame.py measured 576 + 529 in both).
# Which encoder Amazon Polly uses cannot be measured without an account; the largest that is known, 1105
# samples with its decoder's counted in, would put marks off by 22 ms at 24 kHz.
ENCODER_DELAY = 576


class JoinedMp3:
    """Segments as they were spoken, with silent frames before, between and after. Same in, same out.

    No Xing or Info frame is written: players that skip it and players that play it would differ by a frame.
    Players compute the length from the bitrate, which is right where all segments share it, as Polly's do.
    """

    fingerprint = "joined/mp3/1"

    def prepare(self) -> None:
        """Nothing to load."""

    def join(self, narrations: Sequence[Narration]) -> Recording:
        """starts_ms: in the sound of a decoder that skips nothing. Raises EngineError (bad-audio)."""
        if not narrations:
            raise EngineError("there is nothing to join: speak a segment first", engine=_ENGINE)
        streams = [_read(narration) for narration in narrations]
        shared = _shared(streams)
        parts = _lay_out(streams, shared)
        # Each stream follows its own silence: parts are silence, stream, silence, stream ... silence.
        before = [0, *accumulate(map(len, parts))][1::2]
        delays = [_late(stream) for stream in streams]
        return Recording(
            audio=b"".join(frame.data for part in parts for frame in part),
            duration_ms=shared.milliseconds(sum(map(len, parts)) * shared.samples),
            starts_ms=tuple(
                shared.milliseconds(frames * shared.samples + late)
                for frames, late in zip(before, delays, strict=False)
            ),
        )


def _read(narration: Narration) -> mpeg.Stream:
    if narration.media_type != mpeg.MPEG:
        raise _bad(f"a narration is {narration.media_type}, not {mpeg.MPEG}: choose another encoder")
    stream = mpeg.read(narration.audio, _ENGINE)
    if stream.frames[0].borrowed:
        raise _bad("the mp3 of a narration begins in the middle of another: speak it again")
    return stream


def _shared(streams: Sequence[mpeg.Stream]) -> mpeg.Format:
    formats = {stream.format for stream in streams}
    if len(formats) > 1:
        listed = ", ".join(sorted(f"{each.rate} Hz with {each.channels} channel(s)" for each in formats))
        raise _bad(f"the narrations of a story differ ({listed}): speak them with one engine")
    return formats.pop()


def _late(stream: mpeg.Stream) -> int:
    """Samples from a stream's first frame to its t=0 in the decoded sound."""
    return (ENCODER_DELAY if stream.delay is None else stream.delay) + _DECODER_DELAY


def _lay_out(streams: Sequence[mpeg.Stream], shared: mpeg.Format) -> list[tuple[mpeg.Frame, ...]]:
    quiet = streams[0].frames[0].silent()
    late_ms = shared.milliseconds(ENCODER_DELAY + _DECODER_DELAY)
    frame_ms = shared.samples * 1000 / shared.rate

    def silence(ms: int) -> tuple[mpeg.Frame, ...]:
        return (quiet,) * max(1, round(ms / frame_ms))

    # What follows a silence is late by its delay, which is silence too.
    parts = [silence(_LEAD_IN_MS - late_ms)]
    for stream in streams:
        parts += [stream.frames, silence(_PAUSE_MS - late_ms)]
    parts[-1] = silence(_TAIL_MS)
    return parts


def _bad(message: str) -> EngineError:
    return EngineError(message, engine=_ENGINE, problem="bad-audio")

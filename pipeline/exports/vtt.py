"""WebVTT: a cue for each sentence, with the time of each word inside it (W3C WebVTT, 4.2.2 and 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.exports.provenance.claim import TRAINED, source_uri
from pipeline.exports.transcript import Sentence, Transcript
from pipeline.exports.words import words

MEDIA_TYPE = "text/vtt"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def vtt(transcript: Transcript) -> bytes:
    """The times are those of the whole mp3."""
    cues = [_cue(number, sentence) for number, sentence in enumerate(transcript.sentences, 1)]
    return "\n\n".join(("WEBVTT", _comment(transcript), *cues, "")).rstrip("\n").encode() + b"\n"


def _comment(transcript: Transcript) -> str:
    engines = f"{words(transcript.locale).engines} {transcript.engines}"
    source = f"digitalSourceType: {source_uri(TRAINED)}"
    lines = (f"{transcript.title} [{transcript.locale}]", transcript.note, engines, source)
    return "\n".join(("NOTE", *(line.translate(_ESCAPES) for line in lines)))  # "-->" would end a comment


def _cue(number: int, sentence: Sentence) -> str:
    times = f"{_clock(sentence.begin_ms)} --> {_clock(sentence.end_ms)}"
    return f"{number}\n{times}\n{''.join(_words(sentence))}"


def _words(sentence: Sentence) -> Iterator[str]:
    for piece in sentence.pieces:
        if piece.begin_ms is not None and piece.begin_ms > sentence.begin_ms:
            yield f"<{_clock(piece.begin_ms)}>"
        yield piece.text.translate(_ESCAPES)


def _clock(ms: int) -> str:
    seconds, thousandths = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}"

"""Amazon Polly: a voice from the cloud, as mp3, with a mark for each word.

Two requests for a segment, both billed: the sound, then the speech marks. One after the other, so that a
failure of the first costs no second; several segments may run in parallel.
"""

from __future__ import annotations

import time
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.engines import mpeg
from pipeline.engines.aws import marks, ssml
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors
from pipeline.engines.aws.voices import PollyVoice, Table, read_table
from pipeline.errors import ConfigError, EngineError, RequestError, UnavailableError
from pipeline.types import Narration, Voice

_ENGINE = "polly"
_RATE = "24000"  # Hz: the rate of neural voices
# The developer guide's quotas of SynthesizeSpeech.
_MAX_BILLED = 3_000
_MAX_CHARACTERS = 6_000
# A connection that drips keeps every read within its timeout, so the whole body has a limit of its own. It is
# read in small chunks, since a read waits until its chunk is full; ten minutes of sound are 28,000 chunks.
_BODY_S = 60.0
_CHUNK = 128
_CUT_MS = 599_000  # "limited to 10 minutes, after which any remaining speech is cut off", without an error


class PollySpeech:
    """Voice.id is Polly's own ("Joanna"). Thread-safe, as boto3's clients are.

    engine: Polly's ("neural", "standard", "generative"). table: a file of voices that replaces the shipped
    table, where it exists. parallel: segments at once. By default two, which are about six requests a second
    (of a third of a second each) where a new account has eight.
    """

    media_type = mpeg.MPEG

    def __init__(
        self, clients: Clients, engine: str = "neural", table: Path | None = None, parallel: int = 2
    ) -> None:
        self._clients = clients
        self._parallel = parallel
        self._engine = engine
        self._path = table

    @property
    def fingerprint(self) -> str:
        return f"polly/{self._engine}/1"

    @property
    def parallel(self) -> int:
        return self._parallel

    @cached_property
    def _table(self) -> Table:
        return read_table(self._path)

    def voices(self) -> tuple[Voice, ...]:
        """The voice of each locale, where it has the engine; `synthesize` takes any other of the language."""
        chosen = ((locale, self._table.get(name)) for locale, name in self._table.locales.items())
        return tuple(
            Voice(voice.id, locale, _ENGINE)
            for locale, voice in chosen
            if voice and self._engine in voice.engines
        )

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """mp3, mono, 24 kHz. Raises EngineError; RequestError and ConfigError before any call."""
        speaker = self._speaker(voice)
        document = _document(text, voice.pace)
        audio = self._call(document, speaker, OutputFormat="mp3", SampleRate=_RATE)
        duration_ms = mpeg.read(audio, _ENGINE).duration_ms
        if duration_ms >= _CUT_MS:
            raise _cut_short()
        word_marks = marks.read(self._call(document, speaker, OutputFormat="json", SpeechMarkTypes=["word"]))
        if any(mark.time_ms >= duration_ms for mark in word_marks):
            raise _cut_short()
        return Narration(audio, mpeg.MPEG, duration_ms, marks.align(text, document, word_marks, duration_ms))

    def _speaker(self, voice: Voice) -> PollyVoice:
        known = self._table.get(voice.id)
        if known is None or not known.speaks(voice.locale):
            raise RequestError(
                f"Polly has no voice {voice.id!r} for {voice.locale}; {self._choice(voice.locale)}",
                problem="unknown-voice",
            )
        if self._engine not in known.engines:
            raise ConfigError(
                f"Polly's voice {known.id} has no {self._engine} engine, only {', '.join(known.engines)}; "
                f"{self._choice(voice.locale)}",
                problem="voice-lacks-engine",
            )
        return known

    def _choice(self, locale: str) -> str:
        names = [voice.id for voice in self._table.speaking(locale, self._engine)]
        return (
            f"its {self._engine} voices are {', '.join(names)}" if names else "it has none for that language"
        )

    def _call(self, document: ssml.Document, speaker: PollyVoice, **output: Any) -> bytes:
        """The whole reply. Engine is always set: the service's default is standard."""
        with mapped_errors(_ENGINE, "Amazon Polly"):
            reply = self._clients.get("polly").synthesize_speech(
                Engine=self._engine,
                VoiceId=speaker.id,
                LanguageCode=speaker.language,
                TextType="ssml",
                Text=document.ssml,
                **output,
            )
            with closing(reply["AudioStream"]) as stream:
                return _whole(stream)


def _whole(stream: Any) -> bytes:
    deadline = time.monotonic() + _BODY_S
    body = bytearray()
    for chunk in stream.iter_chunks(_CHUNK):
        body += chunk
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"the answer of Amazon Polly took longer than {_BODY_S:.0f} s: run it again in a while",
                engine=_ENGINE,
            )
    return bytes(body)


def _document(text: str, pace: float) -> ssml.Document:
    if not marks.words(text):
        raise EngineError(f"there is no word to say in {text!r}", engine=_ENGINE, problem="nothing-to-say")
    document = ssml.document(text, pace)
    if document.billed > _MAX_BILLED or len(document.ssml) > _MAX_CHARACTERS:
        raise EngineError(
            f"a segment of {document.billed} characters is too long for Polly, which takes {_MAX_BILLED}: "
            "tell it in shorter sentences",
            engine=_ENGINE,
            problem="too-long-to-say",
        )
    return document


def _cut_short() -> EngineError:
    return EngineError(
        "Polly cut a segment short, as it does after ten minutes: tell it in shorter sentences",
        engine=_ENGINE,
        problem="cut-short",
    )

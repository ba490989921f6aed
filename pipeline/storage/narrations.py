"""Narrations in the store: a sentence's sound with its marks, its cost and their checksums inside it."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.errors import EngineError, NotFoundError
from pipeline.ports import SpeechEngine, Store
from pipeline.storage import keys, sound_file
from pipeline.storage.editions import USUAL_PACE
from pipeline.storage.integrity import Body, CorruptError
from pipeline.storage.memo import entry, memo, seal, since, unseal
from pipeline.types import Narration, SpeechMark, Usage, Voice

# Marks of a sentence of 60 words take about 4 kB.
_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True)
class StoredNarration:
    """A narration whose sound stays in the store. audio: its key there."""

    audio: str
    duration_ms: int
    marks: tuple[SpeechMark, ...]


class Narrations:
    """The narrations of one store.

    In older stores an entry is JSON that names its sound, audio/<2>/<sha256>.wav, in a file of its own: those
    are read as they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._has_older: bool | None = None

    def keep(self, engine: SpeechEngine, text: str, voice: Voice) -> Narration:
        """What was spoken of `text`, or what the engine speaks now, kept. Raises EngineError, StoreError."""
        older = self._older(engine, text, voice)
        if older:
            return older
        key = _key(engine, text, voice)

        def call() -> tuple[Body, bytes]:
            started = time.perf_counter()
            narration = engine.synthesize(text, voice)
            seconds = narration.duration_ms / 1000
            usage = Usage(1, characters=len(text), audio_seconds=seconds, seconds=since(started))
            answer = {
                "media_type": narration.media_type,
                "duration_ms": narration.duration_ms,
                "marks": [asdict(mark) for mark in narration.marks],
                "sha256": hashlib.sha256(narration.audio).hexdigest(),
            }
            return entry("speak", engine.fingerprint, usage, answer), narration.audio

        body, audio = memo(self._store, key, call, _encode, decode)
        return _narration(body["answer"], audio, key)

    def _older(self, engine: SpeechEngine, text: str, voice: Voice) -> Narration | None:
        """None where it is not there, or damaged."""
        if self._has_older is None:
            self._has_older = next(iter(self._store.list("audio/")), None) is not None
        if not self._has_older:
            return None
        try:
            answer = unseal(self._store.get(_key(engine, text, voice, "json")))["answer"]
            audio = self._store.get(answer["audio"])
        except (NotFoundError, CorruptError):
            return None
        if hashlib.sha256(audio).hexdigest() not in answer["audio"]:
            return None
        return _narration(answer, audio, answer["audio"])


def find(store: Store, engine: SpeechEngine, text: str, voice: Voice) -> StoredNarration | None:
    """What was spoken of `text`, without its sound; None where it was not, or is damaged. Speaks nothing."""
    key = _key(engine, text, voice)
    with suppress(NotFoundError, CorruptError):
        answer = unseal(head_note(store, key))["answer"]
        return StoredNarration(key, answer["duration_ms"], _marks(answer))
    with suppress(NotFoundError, CorruptError):  # of an older store
        answer = unseal(store.get(_key(engine, text, voice, "json")))["answer"]
        return StoredNarration(answer["audio"], answer["duration_ms"], _marks(answer))
    return None


def head_note(store: Store, key: str) -> bytes:
    """The sealed entry inside the sound at `key`; the sound itself is not read. Raises NotFoundError,
    CorruptError.
    """
    try:
        note, end = sound_file.note_of(store.head(key, _HEAD))
        return note if end <= _HEAD else sound_file.unpack(store.get(key))[1]
    except ValueError as error:
        raise CorruptError(str(error)) from error


def _key(engine: SpeechEngine, text: str, voice: Voice, extension: str = "") -> str:
    spoken_by = asdict(voice)
    if voice.pace == USUAL_PACE:  # a later setting: entries from before it keep their keys
        del spoken_by["pace"]
    sent = {"text": text, "voice": spoken_by}
    return keys.call("speak", engine.fingerprint, sent, extension or sound_file.EXTENSIONS[engine.media_type])


def _encode(value: tuple[Body, bytes]) -> bytes:
    body, audio = value
    try:
        return sound_file.pack(audio, body["answer"]["media_type"], seal(body))
    except ValueError as error:
        raise EngineError(f"the voice gave {error}", engine=body["engine"], problem="bad-audio") from error


def decode(data: bytes) -> tuple[Body, bytes]:
    """The entry in a packed sound, and the sound alone. Raises CorruptError."""
    try:
        audio, note = sound_file.unpack(data)
    except ValueError as error:
        raise CorruptError(str(error)) from error
    body = unseal(note)
    if hashlib.sha256(audio).hexdigest() != body["answer"]["sha256"]:
        raise CorruptError("the sound is damaged")
    # A note's frame has sizes and flags of its own, which players read.
    if sound_file.pack(audio, body["answer"]["media_type"], note) != data:
        raise CorruptError("the note's frame is damaged")
    return body, audio


def _narration(answer: dict[str, Any], audio: bytes, key: str) -> Narration:
    return Narration(audio, answer["media_type"], answer["duration_ms"], _marks(answer), key)


def _marks(answer: dict[str, Any]) -> tuple[SpeechMark, ...]:
    return tuple(SpeechMark(**mark) for mark in answer["marks"])

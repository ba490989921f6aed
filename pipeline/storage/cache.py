"""Hash what is sent, keep what was paid for: engines that remember, with the engines' own Protocols.

cache/<verb>/<2>/<digest>.json holds one answer: who gave it, what it cost, and its own checksum.
Spoken audio lies beside it under its own content's digest, audio/<2>/<sha256>.wav, written first, so
that two makers of the same segment never mix one's sound with the other's marks.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from pipeline.errors import EngineError, NotFoundError, StoreError
from pipeline.ports import OnText, SpeechEngine, Store, TextEngine, TranslationEngine, heard, ignore
from pipeline.storage import keys
from pipeline.storage.digest import canonical, digest
from pipeline.types import Completion, Narration, Prompt, SpeechMark, Usage, Voice

Body = dict[str, Any]


class CorruptError(ValueError):
    """An entry whose bytes are not what was written. Never leaves this module: it is made again."""


@dataclass(frozen=True, slots=True)
class Paid:
    """One remembered call, as the ledger reads it. of: the prompt's name, or the verb."""

    verb: str
    of: str
    engine: str
    usage: Usage


def memo(
    store: Store, key: str, call: Callable[[], Body], check: Callable[[Body], None] = lambda _: None
) -> Body:
    """Get -> call -> put_if_absent -> get again: the first write wins, for every maker.

    A corrupt entry is copied to quarantine/ and made again. A call that raises leaves nothing.
    `check` raises CorruptError where what the body points at is gone or damaged. Raises StoreError.
    """
    try:
        return _read(store, key, check)
    except NotFoundError:
        store.put_if_absent(key, seal(call()))
    except CorruptError:
        _set_aside(store, key)
        store.put(key, seal(call()))
    try:
        return _read(store, key, check)
    except CorruptError as error:
        raise StoreError(
            f"{key} does not read back as it was just written ({error}): check the store's disk"
        ) from error


def seal(body: Body) -> bytes:
    """The body with its checksum."""
    return canonical({"sha256": digest(body), "body": body})


def unseal(data: bytes) -> Body:
    """Raises CorruptError."""
    try:
        envelope = json.loads(data)
        body: Body = envelope["body"]
        sound = envelope["sha256"] == digest(body)
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptError(str(error)) from error
    if not sound:
        raise CorruptError("checksum does not match")
    return body


def ledger(store: Store) -> Iterator[Paid]:
    """Every remembered call. Corrupt entries are left out: they will be made, and counted, again."""
    for key in store.list("cache/"):
        with suppress(CorruptError):
            if found := paid(key, store.get(key)):
                yield found


def paid(key: str, data: bytes) -> Paid | None:
    """What an entry was paid for; None where `key` is no remembered call's. Raises CorruptError."""
    if not key.startswith("cache/"):
        return None
    body = unseal(data)
    return Paid(key.split("/")[1], body["of"], body["engine"], Usage(**body["usage"]))


@dataclass(frozen=True, slots=True)
class CachedText:
    engine: TextEngine
    store: Store

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def parallel(self) -> int:
        return self.engine.parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        heard = False

        def hear(piece: str) -> None:
            nonlocal heard
            heard = True
            on_text(piece)

        def call() -> Body:
            started = time.perf_counter()
            made = self.engine.complete(prompt, hear)
            usage = Usage(1, made.prompt_tokens, made.completion_tokens, seconds=_since(started))
            return _body(prompt.name, self.fingerprint, usage, asdict(made))

        answer = memo(self.store, _text_key(self.fingerprint, prompt), call)["answer"]
        if not heard:
            on_text(answer["text"])
        return Completion(**answer)


def remembered(store: Store, engine: TextEngine, prompt: Prompt) -> Usage | None:
    """What this completion took when it was made; None where it was not yet, or is damaged. Asks nobody."""
    body = _kept(store, engine, prompt)
    return Usage(**body["usage"]) if body else None


def recalled(store: Store, engine: TextEngine, prompt: Prompt) -> Completion | None:
    """This completion, if it is remembered. Asks nobody."""
    body = _kept(store, engine, prompt)
    return Completion(**body["answer"]) if body else None


@dataclass(frozen=True, slots=True)
class CachedTranslation:
    engine: TranslationEngine
    store: Store

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        told: list[str] = []

        def hear(text: str) -> None:
            told.append(text)
            on_text(text)

        def call() -> Body:
            started = time.perf_counter()
            made = self.engine.translate(texts, source, target, hear)
            if len(made) != len(texts):
                raise EngineError(
                    f"the translator gave {len(made)} texts for {len(texts)}: run it again",
                    engine=self.fingerprint,
                    problem="bad-translation",
                )
            usage = Usage(1, characters=sum(map(len, texts)), seconds=_since(started))
            return _body("translate", self.fingerprint, usage, list(made))

        sent = {"texts": list(texts), "source": source, "target": target}
        answer = memo(self.store, keys.call("translate", self.fingerprint, sent), call)["answer"]
        return tuple(answer) if told else heard(answer, on_text)


@dataclass(frozen=True, slots=True)
class CachedSpeech:
    engine: SpeechEngine
    store: Store

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def parallel(self) -> int:
        return self.engine.parallel

    def voices(self) -> tuple[Voice, ...]:
        return self.engine.voices()

    def synthesize(self, text: str, voice: Voice) -> Narration:
        def call() -> Body:
            started = time.perf_counter()
            made = self.engine.synthesize(text, voice)
            seconds = made.duration_ms / 1000
            usage = Usage(1, characters=len(text), audio_seconds=seconds, seconds=_since(started))
            where = keys.audio(made)
            self.store.put(where, made.audio)
            return _body(
                "speak", self.fingerprint, usage, {**asdict(replace(made, audio=b"")), "audio": where}
            )

        key = _speech_key(self.fingerprint, text, voice)
        answer = memo(self.store, key, call, self._check)["answer"]
        marks = tuple(SpeechMark(**mark) for mark in answer["marks"])
        return Narration(self.store.get(answer["audio"]), answer["media_type"], answer["duration_ms"], marks)

    def _check(self, body: Body) -> None:
        key = body["answer"]["audio"]
        try:
            data = self.store.get(key)
        except NotFoundError as error:
            raise CorruptError(f"{key} is gone") from error
        if hashlib.sha256(data).hexdigest() not in key:
            raise CorruptError(f"{key} is damaged")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A remembered narration, its sound left where it lies. audio: the store's key."""

    audio: str
    duration_ms: int
    marks: tuple[SpeechMark, ...]


def spoken(store: Store, engine: SpeechEngine, text: str, voice: Voice) -> Spoken | None:
    """What was spoken of `text`, without speaking it; None where it was not yet, or is damaged."""
    try:
        answer = unseal(store.get(_speech_key(engine.fingerprint, text, voice)))["answer"]
    except (NotFoundError, CorruptError):
        return None
    marks = tuple(SpeechMark(**mark) for mark in answer["marks"])
    return Spoken(answer["audio"], answer["duration_ms"], marks)


class Detection(Protocol):
    """A paid question: which language is this text in?"""

    @property
    def fingerprint(self) -> str: ...

    def __call__(self, text: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class CachedDetection:
    engine: Detection
    store: Store

    def __call__(self, text: str) -> str | None:
        def call() -> Body:
            started = time.perf_counter()
            told = self.engine(text)
            usage = Usage(1, characters=len(text), seconds=_since(started))
            return _body("detect", self.engine.fingerprint, usage, told)

        answer: str | None = memo(self.store, keys.call("detect", self.engine.fingerprint, text), call)[
            "answer"
        ]
        return answer


def _kept(store: Store, engine: TextEngine, prompt: Prompt) -> Body | None:
    try:
        return unseal(store.get(_text_key(engine.fingerprint, prompt)))
    except (NotFoundError, CorruptError):
        return None


def _text_key(fingerprint: str, prompt: Prompt) -> str:
    told = asdict(prompt)
    if not prompt.dry:  # it came later: what was remembered before it is found as ever
        del told["dry"]
    return keys.call("complete", fingerprint, told)


def _speech_key(fingerprint: str, text: str, voice: Voice) -> str:
    return keys.call("speak", fingerprint, {"text": text, "voice": asdict(voice)})


def _read(store: Store, key: str, check: Callable[[Body], None]) -> Body:
    body = unseal(store.get(key))
    check(body)
    return body


def _set_aside(store: Store, key: str) -> None:
    data = store.get(key)
    store.put_if_absent(keys.quarantine(key, data), data)


def _body(of: str, engine: str, usage: Usage, answer: Any) -> Body:
    return {"of": of, "engine": engine, "usage": asdict(usage), "answer": answer}


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)

"""The cached engines over fakes, with calls counted between cache and fake.

The golden digests are coreutils' over JSON written out by hand (printf '%s' '…' | sha256sum; here with
line breaks, there in one line):

complete  {"engine":"fake/text/1","sent":{"attempt":0,"choices":[],"examples":[["Hi","Ho"]],"grammar":"",
          "max_tokens":300,"name":"story@1","seed":7,"system":"You tell stories.","temperature":0.8,
          "top_p":0.95,"user":"Idea: un été"},"verb":"complete"}
translate {"engine":"fake/translation/1","sent":{"source":"en","target":"fr","texts":["Good night."]},
          "verb":"translate"}
speak     {"engine":"fake/speech/1","sent":{"text":"Oui.","voice":{"engine":"fake-speech","id":"fake",
          "locale":"fr"}},"verb":"speak"}
entry     {"answer":["[fr] Good night."],"engine":"fake/translation/1","of":"translate","usage":
          {"audio_seconds":0.0,"calls":1,"characters":11,"completion_tokens":0,"prompt_tokens":0,"seconds":0.0}}
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation, MemoryStore
from pipeline.errors import EngineError, StoreError
from pipeline.ports import OnText, Store, ignore
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.storage.ledger import payments, rows
from pipeline.storage.memo import seal
from pipeline.storage.narrations import StoredNarration, find
from pipeline.types import Completion, Narration, Prompt, SpeechMark, Usage, Voice
from tests.counting import Calls, CountingSpeech, CountingText, CountingTranslation

PROMPT = Prompt("story@1", "You tell stories.", "Idea: un été", (("Hi", "Ho"),), seed=7)
VOICE = Voice("fake", "fr", "fake-speech")
TEXTS = ("Good night.",)


@pytest.fixture
def store() -> Store:
    return MemoryStore()


@dataclass
class Verb:
    """A cached engine. ask: the same call each time; calls: those that reach the engine."""

    calls: Calls
    ask: Callable[[], object]
    name: str


@pytest.fixture(params=["complete", "translate", "speak"])
def verb(request: pytest.FixtureRequest, store: Store) -> Verb:
    if request.param == "complete":
        text = CountingText(FakeText())
        return Verb(text.calls, partial(CachedText(text, store).complete, PROMPT), request.param)
    if request.param == "translate":
        translation = CountingTranslation(FakeTranslation())
        ask = partial(CachedTranslation(translation, store).translate, TEXTS, "en", "fr")
        return Verb(translation.calls, ask, request.param)
    speech = CountingSpeech(FakeSpeech())
    return Verb(speech.calls, partial(CachedSpeech(speech, store).synthesize, "Oui.", VOICE), request.param)


# Calls are counted.


def test_same_call_is_paid_for_once(verb: Verb) -> None:
    first = verb.ask()
    assert verb.ask() == first
    assert verb.ask() == first
    assert len(verb.calls) == 1


def test_cached_result_equals_the_engines_result(store: Store) -> None:
    for _ in range(2):
        assert CachedText(FakeText(), store).complete(PROMPT) == FakeText().complete(PROMPT)
        narration = CachedSpeech(FakeSpeech(), store).synthesize("Oui.", VOICE)
        assert narration == replace(FakeSpeech().synthesize("Oui.", VOICE), key=narration.key)
        assert CachedTranslation(FakeTranslation(), store).translate(TEXTS, "en", "fr") == (
            "[fr] Good night.",
        )


def test_cache_is_shared_between_processes(tmp_path: Path) -> None:
    CachedText(FakeText(), FileStore(tmp_path)).complete(PROMPT)
    later = CountingText(FakeText())
    CachedText(later, FileStore(tmp_path)).complete(PROMPT)
    assert len(later.calls) == 0


_OTHER = Prompt(
    "story@2", "x", "x", max_tokens=1, temperature=0.0, top_p=1.0, seed=8, grammar='root ::= "x"',
    choices=("yes", "no"), attempt=1, dry=0.8,
)  # fmt: skip


@pytest.mark.parametrize("part", [part.name for part in fields(Prompt)])
def test_each_field_of_a_prompt_is_part_of_the_key(part: str) -> None:
    engine = CountingText(FakeText())
    cached = CachedText(engine, MemoryStore())
    cached.complete(PROMPT)
    cached.complete(replace(PROMPT, **{part: getattr(_OTHER, part)}))
    assert len(engine.calls) == 2


def test_another_model_text_voice_or_language_is_another_call() -> None:
    kept = MemoryStore()
    text, speech = CountingText(FakeText()), CountingSpeech(FakeSpeech())
    translation = CountingTranslation(FakeTranslation())
    CachedText(text, kept).complete(PROMPT)
    text.version = "/finetuned"
    CachedText(text, kept).complete(PROMPT)
    assert len(text.calls) == 2
    for line, voice in (("Oui.", VOICE), ("Non.", VOICE), ("Oui.", Voice("fake", "en", "fake-speech"))):
        CachedSpeech(speech, kept).synthesize(line, voice)
    assert len(speech.calls) == 3
    translator = CachedTranslation(translation, kept)
    for source, target in (("en", "fr"), ("de", "fr"), ("en", "de")):
        translator.translate(("a",), source, target)
    for texts in (("b",), ("a", "")):
        translator.translate(texts, "en", "fr")
    assert len(translation.calls) == 5


# A change of these would make every existing cache useless: all calls would be paid for again.
GOLDEN = {
    "complete": "ff207e52458c0cf6b33a24f36e9d974d8853e006b028007dd47b2eb6eb6d6627",
    "translate": "7e4ba4c5aea32a463ca8cfa398153661c48945aa8e9bf298467452b346c6acba",
    "speak": "cfb61609dd19a7adb3bd1f38d2fd64a6c47e972b7d6cde7b8a9bbfc6266418a8",
}
GOLDEN_ENTRY = "70951691921b8aaae49cbaa2fad78231daa6bf1edf446a988848e210981db8be"


def test_key_of_a_call_is_its_golden_digest(verb: Verb, store: Store) -> None:
    verb.ask()
    digest = GOLDEN[verb.name]
    extension = "wav" if verb.name == "speak" else "json"
    assert list(store.list("")) == [f"cache/{verb.name}/{digest[:2]}/{digest}.{extension}"]


def test_an_entry_carries_the_golden_checksum_of_its_body() -> None:
    counts = {"calls": 1, "prompt_tokens": 0, "completion_tokens": 0, "characters": 11}
    usage = {**counts, "audio_seconds": 0.0, "seconds": 0.0}
    body = {"of": "translate", "engine": "fake/translation/1", "usage": usage, "answer": ["[fr] Good night."]}
    assert json.loads(seal(body))["sha256"] == GOLDEN_ENTRY


# Failures.


@pytest.mark.parametrize("error", [EngineError("down"), KeyboardInterrupt(), MemoryError()])
def test_a_call_that_fails_leaves_nothing_and_is_made_again(
    verb: Verb, store: Store, error: BaseException
) -> None:
    verb.calls.fail = error
    with pytest.raises(type(error)):
        verb.ask()
    assert list(store.list("")) == []
    verb.ask()
    assert len(verb.calls) == 2


def flipped(data: bytes, at: int) -> bytes:
    """With a bit of that byte flipped; at: from the end where it is negative."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "wrong checksum": lambda data: re.sub(rb'"sha256":"[0-9a-f]{64}"}', b'"sha256":"%064d"}' % 0, data),
    "changed body": lambda data: data.replace(b'"engine":"fake', b'"engine":"fork'),
    "flipped bit": lambda data: flipped(data, len(data) // 2),
    "no JSON": lambda _: b"\x00\xff not JSON",
    "another JSON": lambda _: b"[1, 2]",
    "null": lambda _: b"null",
    "no body": lambda _: b'{"sha256": "0"}',
    "lone surrogate": lambda _: b'{"sha256": "0", "body": "\\ud800"}',
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_corrupt_entry_is_quarantined_and_made_again_once(verb: Verb, store: Store, damage: str) -> None:
    first = verb.ask()
    (key,) = store.list("cache/")
    damaged = DAMAGE[damage](store.get(key))
    store.put(key, damaged)
    for _ in range(3):
        assert verb.ask() == first
    assert len(verb.calls) == 2
    (aside,) = store.list("quarantine/")
    assert aside.startswith(f"quarantine/{key}")
    assert store.get(aside) == damaged


@pytest.mark.parametrize("at", [-1, 60, 700])
def test_flipped_bit_in_marks_or_audio_is_detected_and_narrated_again_once(at: int) -> None:
    store, engine = MemoryStore(), CountingSpeech(FakeSpeech())
    cached = CachedSpeech(engine, store)
    first = cached.synthesize("Oui.", VOICE)
    store.put(first.key, flipped(store.get(first.key), at))
    for _ in range(3):
        assert cached.synthesize("Oui.", VOICE) == first
    assert len(engine.calls) == 2
    assert len(list(store.list("quarantine/"))) == 1


def test_a_voice_that_gives_no_wav_is_an_engine_error() -> None:
    class Broken(FakeSpeech):
        def synthesize(self, text: str, voice: Voice) -> Narration:
            return replace(super().synthesize(text, voice), audio=b"no sound")

    store = MemoryStore()
    with pytest.raises(EngineError, match="not a WAV file"):
        CachedSpeech(Broken(), store).synthesize("Oui.", VOICE)
    assert list(store.list("")) == []


def test_narrations_in_the_former_format_are_read_and_not_paid_for_again() -> None:
    """The former format: JSON that names an audio file of its own."""
    store, engine = MemoryStore(), CountingSpeech(FakeSpeech())
    narration = FakeSpeech().synthesize("Oui.", VOICE)
    name = hashlib.sha256(narration.audio).hexdigest()
    sound = f"audio/{name[:2]}/{name}.wav"
    answer = {**asdict(replace(narration, audio=b"")), "audio": sound}
    del answer["key"]
    usage = asdict(Usage(1, characters=4))
    body = {"of": "speak", "engine": "fake/speech/1", "usage": usage, "answer": answer}
    digest = GOLDEN["speak"]
    store.put(f"cache/speak/{digest[:2]}/{digest}.json", seal(body))
    store.put(sound, narration.audio)
    cached = CachedSpeech(engine, store)
    stored = StoredNarration(sound, narration.duration_ms, narration.marks)
    assert find(store, cached, "Oui.", VOICE) == stored
    assert cached.synthesize("Oui.", VOICE) == replace(narration, key=sound)
    assert len(engine.calls) == 0
    assert [payment.usage.characters for payment in payments(store)] == [4]
    store.put(sound, b"damaged")
    assert cached.synthesize("Oui.", VOICE).key.endswith(f"{digest}.wav")
    assert len(engine.calls) == 1


def test_corrupt_entry_stays_quarantined_when_the_new_call_fails(verb: Verb, store: Store) -> None:
    verb.ask()
    (key,) = store.list("cache/")
    store.put(key, b"damaged")
    verb.calls.fail = EngineError("down")
    with pytest.raises(EngineError):
        verb.ask()
    verb.ask()
    verb.ask()
    assert len(verb.calls) == 3
    assert len(list(store.list("quarantine/"))) == 1


class Forgetful(MemoryStore):
    """A store that returns other bytes than it was given."""

    def get(self, key: str) -> bytes:
        return super().get(key)[:-5]


def test_store_that_returns_other_bytes_is_a_store_error() -> None:
    cached = CachedText(FakeText(), Forgetful())
    cached.complete(PROMPT)
    with pytest.raises(StoreError, match="does not read back"):
        cached.complete(PROMPT)


# Two makers at once.


@dataclass
class Moody:
    """Gives another result to each thread, as a real model does, once all threads have called."""

    together: threading.Barrier
    threads: list[int] = field(default_factory=list)
    fingerprint: str = "moody/1"
    parallel: int = 2
    media_type: str = "audio/wav"

    def _turn(self) -> int:
        self.together.wait(timeout=30)
        turn = threading.get_ident()
        self.threads.append(turn)
        return turn

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        return Completion(f"story {self._turn()}", 1, 1, "end")

    def voices(self) -> tuple[Voice, ...]:
        return (VOICE,)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        turn = self._turn()
        sound = FakeSpeech().synthesize("a" * (turn % 50 + 1), VOICE)
        return replace(sound, marks=(SpeechMark(turn % 50, 0, 3, "Oui"),))


@pytest.mark.parametrize("makers", [2, 6])
def test_first_write_wins_among_concurrent_calls(store: Store, makers: int) -> None:
    engine = Moody(threading.Barrier(makers))
    with ThreadPoolExecutor(makers) as pool:
        futures = [pool.submit(CachedText(engine, store).complete, PROMPT) for _ in range(makers)]
        completions = [future.result() for future in futures]
    assert len(set(engine.threads)) == makers
    assert len({completion.text for completion in completions}) == 1
    assert CachedText(engine, store).complete(PROMPT) == completions[0]


def test_concurrent_narrations_never_mix_audio_and_marks(store: Store) -> None:
    engine = Moody(threading.Barrier(2))
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(CachedSpeech(engine, store).synthesize, "Oui.", VOICE) for _ in range(2)]
        narrations = [future.result() for future in futures]
    assert narrations[0] == narrations[1]
    (mark,) = narrations[0].marks
    assert narrations[0].audio == FakeSpeech().synthesize("a" * (mark.time_ms + 1), VOICE).audio


# Listening.


def test_new_text_is_streamed_and_cached_text_comes_whole() -> None:
    cached = CachedText(FakeText(), MemoryStore())
    first: list[str] = []
    again: list[str] = []
    completion = cached.complete(PROMPT, first.append)
    cached.complete(PROMPT, again.append)
    assert len(first) > 10
    assert "".join(first) == completion.text
    assert again == [completion.text]


# The ledger.


def test_ledger_sums_what_was_spent(store: Store) -> None:
    text, speech = CachedText(FakeText(), store), CachedSpeech(FakeSpeech(), store)
    completions = [text.complete(replace(PROMPT, seed=seed)) for seed in (1, 2, 2, 1)][:2]
    spoken = [speech.synthesize(line, VOICE) for line in ("Oui.", "Non merci.", "Oui.")][:2]
    CachedTranslation(FakeTranslation(), store).translate(("Good", "night"), "en", "fr")
    sums = {row.of: row.usage for row in rows(payments(store), {"prices": []})}
    assert set(sums) == {"story@1", "speak", "translate"}
    assert sums["story@1"].calls == 2
    assert sums["story@1"].prompt_tokens == sum(completion.prompt_tokens for completion in completions)
    written = sum(completion.completion_tokens for completion in completions)
    assert sums["story@1"].completion_tokens == written
    assert (sums["speak"].calls, sums["speak"].characters) == (2, 4 + 10)
    spoken_s = sum(narration.duration_ms for narration in spoken) / 1000
    assert sums["speak"].audio_seconds == pytest.approx(spoken_s)
    assert replace(sums["translate"], seconds=0.0) == Usage(1, characters=9)


def test_usage_holds_the_seconds_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]

    class Slow(FakeText):
        def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
            now[0] += 2.5
            return super().complete(prompt, on_text)

    for module in ("cache", "memo"):
        monkeypatch.setattr(f"pipeline.storage.{module}.time", SimpleNamespace(perf_counter=lambda: now[0]))
    store = MemoryStore()
    for _ in range(2):
        CachedText(Slow(), store).complete(PROMPT)
    assert [payment.usage.seconds for payment in payments(store)] == [2.5]


def test_corrupt_entry_is_absent_from_the_ledger(verb: Verb, store: Store) -> None:
    verb.ask()
    (key,) = store.list("cache/")
    store.put(key, b"damaged")
    assert list(payments(store)) == []
    verb.ask()
    assert [paid.verb for paid in payments(store)] == [verb.name]

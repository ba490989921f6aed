"""Deterministic engines and a memory store: for tests, dry runs and the `fake` profile. No downloads.

They reply at once, the same every time, and pass the checks; their output is labelled fake.
"""

from __future__ import annotations

import io
import re
import threading
import wave
from collections.abc import Iterable, Iterator, Sequence

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import OnText, ignore, pass_on
from pipeline.storage.digest import number
from pipeline.story.text import WORD, words
from pipeline.types import Completion, Narration, Prompt, Recording, SpeechMark, Voice

_RATE = 8000
_MS_PER_CHARACTER = 60
_VOICES = {"fake": 200, "low": 100}  # Hz
_LOCALES = ("en", "fr", "nl", "ar", "it", "es", "de", "pt")
# An MPEG-2 Layer III frame, mono, 24 kHz, 64 kbit/s: 192 bytes and 24 ms. All-zero side information
# decodes as silence (ISO/IEC 13818-3).
_FRAME = bytes.fromhex("fff384c0") + bytes(188)
_FRAME_MS = 24

_PLOT = """Hero: {hero}, who is told of in the idea
Wish: to find the way
Problem: the path is long and dark
Help: {friend} brings a lantern
Title: {hero} and the Little Lantern
1. {hero} was small and brave, and this is a tale about {topic}.
2. Every day {hero} wished for a little bit of adventure.
3. One evening {hero} walked too far and lost the way home.
4. {hero} tried every path, but each one led back to the pond.
5. It was quiet, and {hero} felt rather small and alone.
6. Then {friend} the firefly came by with a tiny lantern.
7. "Follow my light, and we will count the steps," said {friend}.
8. They counted a hundred steps, and there was the garden gate.
9. {hero} danced for joy, and {friend} blinked three times.
10. That night the lantern glowed softly beside the bed."""
# Of made-up names, for the new lines of scenes: no two lines have the same ones.
_BEGINNINGS, _ENDINGS = (
    "ba de fi go ha ju ki lo ma ne pi ro sa te vu wi".split(),
    "bo da fu ka li mo na pu ra so ti va".split(),
)


class FakeText:
    """Writes one plot with words of the idea in it, or the first choice of a prompt with choices."""

    fingerprint = "fake/text/1"
    parallel = 4

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        text = prompt.choices[0] if prompt.choices else _scene(prompt) or _story(prompt.user)
        for piece in re.findall(r"\S+\s*", text):
            on_text(piece)
        return Completion(text, len(prompt.user.split()), len(text.split()), "end")


class FakeTranslation:
    """Marks each text with its target: "[fr] Good night." Labelled fake in every profile."""

    fingerprint = "fake/translation/1"
    in_turns = False

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        return pass_on((f"[{target}] {text}" for text in texts), on_text)


class FakeLanguage:
    """Reads the mark that FakeTranslation sets; everything else is English."""

    def confidence(self, text: str, language: str) -> float:
        return 1.0 if self.detect(text) == language else 0.0

    def detect(self, text: str) -> str | None:
        match = re.match(r"\[([a-z]{2})", text)
        return match.group(1) if match else "en"


class FakeSpeech:
    """A quiet tone of 60 ms a character at the usual pace, with a mark for each word."""

    fingerprint = "fake/speech/1"
    media_type = "audio/wav"
    parallel = 1

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice("fake", locale, "fake-speech") for locale in _LOCALES)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        if voice.locale not in _LOCALES or voice.id not in _VOICES:
            raise RequestError(
                f"the fake engine has no voice {voice.id} for {voice.locale}", problem="unknown-voice"
            )
        each = _MS_PER_CHARACTER / voice.pace
        marks = tuple(
            SpeechMark(round(match.start() * each), match.start(), match.end(), match.group())
            for match in WORD.finditer(text)
        )
        duration = round(max(1, len(text)) * each)
        return Narration(_tone(duration, _VOICES[voice.id]), "audio/wav", duration, marks)


class FakeEncoder:
    """Joins durations, not sounds: silent mp3 frames, as long as the narrations."""

    fingerprint = "fake/encoder/1"

    def prepare(self) -> None:
        """Nothing to load."""

    def join(self, narrations: Sequence[Narration]) -> Recording:
        starts, total = [], 0
        for narration in narrations:
            starts.append(total)
            total += narration.duration_ms
        frames = -(-total // _FRAME_MS)
        return Recording(_FRAME * frames, frames * _FRAME_MS, tuple(starts))


class MemoryStore:
    """A Store in a dictionary. Thread-safe."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes:
        try:
            return self._data[key]
        except KeyError as error:
            raise NotFoundError(f"nothing is stored as {key}") from error

    def head(self, key: str, size: int) -> bytes:
        return self.get(key)[:size]

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._data[key] = data

    def put_if_absent(self, key: str, data: bytes) -> bool:
        with self._lock:
            if key in self._data:
                return False
            self._data[key] = data
            return True

    def delete(self, keys: Iterable[str]) -> None:
        with self._lock:
            for key in keys:
                self._data.pop(key, None)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        with self._lock:
            keys = sorted(key for key in self._data if key.startswith(prefix) and key > after)
        yield from keys

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        return f"memory:{key}?expires={expires_in}"


def _story(user: str) -> str:
    fields = dict(re.findall(r"^([A-Z][a-z]+)\b[^:\n]*: (.+)$", user, re.MULTILINE))
    hero, friend = (fields.get(part, "Pip").split(" (")[0] for part in ("Hero", "Friend"))
    # Its last two words: a whole idea may hold what no story may ("I <3 my cat", "de beer die slaapt").
    idea = words(fields.get("Idea", "")) or ["nothing"]
    topic = " ".join([word for word in idea if len(word) > 2][-2:] or idea[-1:])
    return _PLOT.format(hero=hero, friend=friend, topic=topic)


def _scene(prompt: Prompt) -> str:
    """As many new lines as the grammar asks for; "" where it is not for a line of a scene."""
    match = re.search(r"\nThe (?:next|last) line: (.+)$", prompt.user)
    if not match:
        return ""
    line = match.group(1)
    count = prompt.grammar.splitlines()[0].count('. " line')
    return "\n".join(f"{place}. {_detail(line, place)}" for place in range(1, count + 1))


def _detail(line: str, place: int) -> str:
    """A line that no other line of a plan has, nearly surely."""
    draws = [number(32, "detail", line, place, which) for which in range(8)]
    count = len(_BEGINNINGS)
    names = [
        f"{_BEGINNINGS[draw % count]}{_ENDINGS[draw // count % len(_ENDINGS)]}".title() for draw in draws
    ]
    return f"{', '.join(names[:-1])} and {names[-1]} nodded."


def _tone(duration_ms: int, hertz: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        half = _RATE // hertz // 2
        square = b"\x00\x04" * half + b"\x00\xfc" * half
        samples = duration_ms * _RATE // 1000
        sound.writeframes((square * (samples // (2 * half) + 1))[: samples * 2])
    return file.getvalue()

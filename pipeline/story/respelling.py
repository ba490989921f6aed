"""A name said as its family says it: a voice is given a respelling, its marks are of the text as written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.ports import SpeechEngine
from pipeline.story import heroes
from pipeline.types import Hero, Narration, SpeechMark, Voice

# (start, end) in what is spoken, and in the text.
Places = tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class RespelledSpeech:
    """A SpeechEngine. Its fingerprint says that something is respelled, and not what."""

    engine: SpeechEngine
    hero: Hero

    @property
    def fingerprint(self) -> str:
        return f"{self.engine.fingerprint}/respelled-1"

    @property
    def parallel(self) -> int:
        return self.engine.parallel

    @property
    def media_type(self) -> str:
        return self.engine.media_type

    def voices(self) -> tuple[Voice, ...]:
        return self.engine.voices()

    def synthesize(self, text: str, voice: Voice) -> Narration:
        spoken, places = respelled(text, self.hero)
        narration = self.engine.synthesize(spoken, voice)
        return replace(narration, marks=as_written(text, narration.marks, places))


def respelled(text: str, hero: Hero) -> tuple[str, Places]:
    """What is spoken of `text`, and where its respellings stand."""
    parts, places, last, shift = [], [], 0, 0
    for start, end in heroes.places(text, hero.name):
        parts += [text[last:start], hero.sounds]
        places.append((start + shift, start + shift + len(hero.sounds), start, end))
        shift += len(hero.sounds) - (end - start)
        last = end
    return "".join([*parts, text[last:]]), tuple(places)


def as_written(text: str, marks: tuple[SpeechMark, ...], places: Places) -> tuple[SpeechMark, ...]:
    """Marks of what was spoken as marks of `text`: several words of a respelling become the name's one."""
    written: list[SpeechMark] = []
    for mark in marks:
        start, end = _before(mark.start, places, first=True), _before(mark.end, places, first=False)
        if written and start < written[-1].end:
            before = written.pop()
            start, end, mark = before.start, max(before.end, end), before
        written.append(SpeechMark(mark.time_ms, start, end, text[start:end]))
    return tuple(written)


def _before(offset: int, places: Places, first: bool) -> int:
    """The offset in the text. Inside of a respelling: where the name begins, or, not `first`, ends."""
    shift = 0
    for start, end, written_start, written_end in places:
        if offset <= start and (first is False or offset < start):
            break
        if start <= offset < end or (not first and start < offset <= end):
            return written_start if first else written_end
        shift = written_end - end
    return offset + shift

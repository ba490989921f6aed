"""speak: a narration for each segment of a committed text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.app import App, Chain
from pipeline.ports import Progress
from pipeline.steps.translate import translate
from pipeline.storage.records import CommittedText
from pipeline.types import Narration


def speak(
    app: App,
    story_id: str,
    edition: str,
    progress: Progress,
    text: CommittedText | None = None,
    ahead: Sequence[tuple[str, Narration]] = (),
) -> tuple[Narration, ...]:
    """One narration a segment, in order.

    text: the committed text of `edition`, where the caller has it; else it is read, or made. ahead: its first
    sentences, where they were spoken already.
    Raises EngineError, and what translate() raises.
    """
    story = (text or translate(app, story_id, edition, progress)).story
    pairs = zip(ahead, story.segments, strict=False)
    narrations = [narration for (sentence, narration), segment in pairs if sentence == segment]
    with progress.step("speak", len(story.segments), "sentence") as advance:
        advance(len(narrations))
        for narration in _narrations(app.chain(edition), story.segments[len(narrations) :]):
            progress.spoke(len(narrations), narration)
            narrations.append(narration)
            advance(1)
    return tuple(narrations)


def _narrations(chain: Chain, texts: Sequence[str]) -> Iterator[Narration]:
    """In order, as many at once as the voice serves; where one fails, what has not begun is not begun."""

    def synthesize(text: str) -> Narration:
        return chain.speech.synthesize(text, chain.voice)

    if chain.speech.parallel == 1:  # no thread, so that Ctrl-C ends it at once
        yield from map(synthesize, texts)
        return
    with ThreadPoolExecutor(chain.speech.parallel) as pool:
        yield from pool.map(synthesize, texts)

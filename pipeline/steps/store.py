"""store: one tagged mp3, then the manifest that names everything. The manifest is the commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.app import App, Chain
from pipeline.errors import NotFoundError
from pipeline.ports import Progress
from pipeline.steps import committed, id3
from pipeline.steps.generate import generate
from pipeline.steps.speak import speak
from pipeline.steps.translate import translate
from pipeline.storage import editions, keys
from pipeline.storage.digest import content
from pipeline.storage.integrity import keep
from pipeline.storage.records import CommittedText, dump
from pipeline.story import edits
from pipeline.types import (
    Content,
    Manifest,
    ManifestSegment,
    Narration,
    Recording,
    Story,
    StoryRequest,
    Usage,
)


def store(
    app: App,
    story_id: str,
    edition: str,
    progress: Progress,
    source: CommittedText | None = None,
    text: CommittedText | None = None,
    narrations: Sequence[Narration] | None = None,
) -> Manifest:
    """The committed manifest of the edition: the first one that was committed stays.

    source: the English text; text: the edition's; narrations: one a segment of it. What the caller
    does not have is read, or made. Raises what the steps before raise, and StoreError.
    """
    source = source or generate(app, story_id, progress)
    text = text or translate(app, story_id, edition, progress, source)
    if narrations is None:
        narrations = speak(app, story_id, edition, progress, text)
    request = committed.request(app.store, story_id).request
    with progress.step("store", 1, "mp3") as advance:
        mp3, manifest = build(app, request, source, text, app.chain(edition), narrations)
        keep(app.store, manifest.mp3, mp3)
        manifest = _commit(app, manifest)
        advance(1)
    return manifest


def _commit(app: App, manifest: Manifest) -> Manifest:
    """The first manifest stays, unless it, or a sound that it names, is damaged or gone: then this one
    replaces it.
    """
    edition = editions.of(manifest)
    key = keys.manifest(manifest.story_id, edition)
    if app.store.put_if_absent(key, dump(manifest)):
        return manifest
    try:
        return committed.whole(app, manifest.story_id, edition)
    except NotFoundError:
        keep(app.store, key, dump(manifest))
        return manifest


def build(
    app: App,
    request: StoryRequest,
    source: CommittedText,
    text: CommittedText,
    chain: Chain,
    narrations: Sequence[Narration],
) -> tuple[bytes, Manifest]:
    """The tagged mp3 and the manifest that names it; nothing is stored yet."""
    recording = app.encoder.join(narrations)
    engines = _engines(app, source, text, chain)
    labels = _labels(chain, source, text)
    mp3 = _tagged(recording, text.story, engines, labels)
    spoken = editions.parse(chain.edition)
    usage = {"generate": source.usage, "speak": _speech_usage(narrations, text.story)}
    checks = source.checks
    key = keys.mp3(text.story.id, chain.edition, mp3)
    if chain.translation is not None:
        usage["translate"] = text.usage
        checks += text.checks
    manifest = Manifest(
        story_id=text.story.id,
        locale=chain.locale,
        title=text.story.title,
        context=request.context,
        idea=source.idea,
        variant=request.variant,
        segments=_segments(text.story, narrations, recording.starts_ms),
        mp3=key,
        duration_ms=recording.duration_ms,
        labels=labels,
        engines=engines,
        checks=checks,
        usage=usage,
        voice=spoken.voice,
        pace=spoken.pace,
        files={key: content(mp3), **_contents((source, text), narrations)},
        revises=source.revises,
        audience=request.audience,
        length=request.length,
        scenes=text.story.scenes,
    )
    return mp3, manifest


def _tagged(recording: Recording, story: Story, engines: dict[str, str], labels: tuple[str, ...]) -> bytes:
    return id3.tag(
        recording.audio,
        title=story.title,
        language=story.locale,
        segments=tuple(zip(recording.starts_ms, story.segments, strict=True)),
        comment="; ".join((f"Made by AI with {', '.join(engines.values())}", *labels)),
        engines=engines,
        scenes=id3.chapters(
            story.title, [recording.starts_ms[first] for first in story.scenes], recording.duration_ms
        ),
    )


def _engines(app: App, source: CommittedText, text: CommittedText, chain: Chain) -> dict[str, str]:
    translation = {} if chain.translation is None else {"translation": text.engine}
    return {
        "text": source.engine,
        **translation,
        "speech": f"{chain.speech.fingerprint} ({chain.voice.id}{_pace(chain)})",
        "encoder": app.encoder.fingerprint,
    }


def _pace(chain: Chain) -> str:
    return "" if chain.voice.pace == editions.USUAL_PACE else f", pace {chain.voice.pace:g}"


def _labels(chain: Chain, source: CommittedText, text: CommittedText) -> tuple[str, ...]:
    labels = chain.labels_of(text.engine) if chain.translation else chain.labels
    added = {
        "experimental": chain.experimental,
        edits.LABEL: edits.is_edited((*source.checks, *text.checks)),
    }
    return (*labels, *(label for label, holds in added.items() if holds))


def _speech_usage(narrations: Sequence[Narration], story: Story) -> Usage:
    seconds = sum(narration.duration_ms for narration in narrations) / 1000
    return Usage(len(narrations), characters=sum(map(len, story.segments)), audio_seconds=round(seconds, 3))


def _contents(texts: Iterable[CommittedText], narrations: Iterable[Narration]) -> dict[str, Content]:
    return {
        **{keys.text(text.story.id, text.story.locale): text.content for text in texts if text.content},
        **{narration.key: content(narration.audio) for narration in narrations},
    }


def _segments(
    story: Story, narrations: Sequence[Narration], starts: tuple[int, ...]
) -> tuple[ManifestSegment, ...]:
    parts = zip(story.segments, narrations, starts, strict=True)
    return tuple(
        ManifestSegment(text, narration.key, start, narration.duration_ms, narration.marks)
        for text, narration, start in parts
    )

"""A story in a locale, as it is published: the tagged mp3, and the manifest that names everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import keys, tags
from pipeline.app import App, Chain
from pipeline.records import Told
from pipeline.types import Manifest, ManifestSegment, Narration, Recording, Story, StoryRequest, Usage


@dataclass(frozen=True, slots=True)
class Edition:
    """mp3: the bytes that lie, or are to lie, at manifest.mp3."""

    manifest: Manifest
    mp3: bytes


def make(
    app: App, request: StoryRequest, source: Told, told: Told, way: Chain, narrations: Sequence[Narration]
) -> Edition:
    """Nothing is stored yet. source: the English text; told: the one that is spoken, maybe the same."""
    recording = app.encoder.join(narrations)
    engines = _engines(app, source, told, way)
    mp3 = _tagged(recording, told.story, engines, _labels(way))
    usage = {"generate": source.usage, "speak": _spoken(narrations, told.story)}
    checks = source.checks
    if way.translation is not None:
        usage["translate"] = told.usage
        checks += told.checks
    manifest = Manifest(
        story_id=told.story.id,
        locale=way.locale,
        title=told.story.title,
        context=request.context,
        idea=source.idea,
        variant=request.variant,
        segments=_segments(told.story, narrations, recording.starts_ms),
        mp3=keys.mp3(told.story.id, way.locale, mp3),
        duration_ms=recording.duration_ms,
        labels=_labels(way),
        engines=engines,
        checks=checks,
        usage=usage,
    )
    return Edition(manifest, mp3)


def _tagged(recording: Recording, story: Story, engines: dict[str, str], labels: tuple[str, ...]) -> bytes:
    return tags.tag(
        recording.audio,
        title=story.title,
        language=story.locale,
        segments=tuple(zip(recording.starts_ms, story.segments, strict=True)),
        comment="; ".join((f"Made by AI with {', '.join(engines.values())}", *labels)),
        engines=engines,
    )


def _engines(app: App, source: Told, told: Told, way: Chain) -> dict[str, str]:
    translation = {} if way.translation is None else {"translation": told.engine}
    return {
        "text": source.engine,
        **translation,
        "speech": f"{way.speech.fingerprint} ({way.voice.id})",
        "encoder": app.encoder.fingerprint,
    }


def _labels(way: Chain) -> tuple[str, ...]:
    return (*way.labels, "experimental") if way.experimental else way.labels


def _spoken(narrations: Sequence[Narration], story: Story) -> Usage:
    seconds = sum(narration.duration_ms for narration in narrations) / 1000
    return Usage(len(narrations), characters=sum(map(len, story.segments)), audio_seconds=round(seconds, 3))


def _segments(
    story: Story, narrations: Sequence[Narration], starts: tuple[int, ...]
) -> tuple[ManifestSegment, ...]:
    parts = zip(story.segments, narrations, starts, strict=True)
    return tuple(
        ManifestSegment(text, keys.audio(one), start, one.duration_ms, one.marks)
        for text, one, start in parts
    )

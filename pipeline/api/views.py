"""What is there of a story in a locale, as a reader sees it: from nothing yet to every marked word.

URLs are signed when a view is made, and never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.api import problems
from pipeline.app import App
from pipeline.errors import NotFoundError
from pipeline.steps import status
from pipeline.storage import keys
from pipeline.storage.narrations import StoredNarration, find
from pipeline.storage.records import CommittedText, load_manifest, load_text
from pipeline.types import Manifest, SpeechMark

View = dict[str, Any]


def view(app: App, story_id: str, locale: str) -> View:
    """The manifest's story where it is done; else how far it is, with the text and sound that are ready.

    Raises NotFoundError: nobody asked for it.
    """
    key = keys.manifest(story_id, locale)
    try:
        manifest = load_manifest(app.store.get(key), key)
    except NotFoundError:
        return _in_the_making(app, story_id, locale)
    return _done(app, manifest)


def failure(app: App, story_id: str, locale: str) -> problems.Problem | None:
    """Why it was not made; None where it was, or may still be."""
    if _exists(app, keys.manifest(story_id, locale)):
        return None
    told = status.read(app.store, story_id, locale)
    return problems.of_failure(told) if told.state == status.FAILED else None


def _done(app: App, manifest: Manifest) -> View:
    url = app.store.url
    filename = f"{manifest.title}.mp3"
    return {
        "id": manifest.story_id,
        "locale": manifest.locale,
        "status": status.DONE,
        "title": manifest.title,
        "story": " ".join(segment.text for segment in manifest.segments),
        "mp3Url": url(manifest.mp3),
        "downloadUrl": url(manifest.mp3, filename=filename),
        "durationMs": manifest.duration_ms,
        "segments": [
            {
                "text": one.text,
                "audioUrl": url(one.audio),
                "startMs": one.start_ms,
                "durationMs": one.duration_ms,
                "marks": _marks(one.marks),
            }
            for one in manifest.segments
        ],
        "context": manifest.context,
        "variant": manifest.variant,
        "locales": _locales(app, manifest.story_id),
        "labels": list(manifest.labels),
        "engines": dict(manifest.engines),
        "checks": [
            {"name": one.name, "passed": one.passed, "figure": one.figure, "bound": one.bound}
            for one in manifest.checks
        ],
    }


def _in_the_making(app: App, story_id: str, locale: str) -> View:
    told = status.read(app.store, story_id, locale)
    seen: View = {"id": story_id, "locale": locale, "status": told.state, "locales": _locales(app, story_id)}
    if told.state == status.FAILED:
        problem = problems.of_failure(told)
        again = problem.status in {429, 502, 503, 500}
        seen |= {"problem": problem.slug, "detail": problem.detail, "retryable": again}
    else:
        seen["progress"] = {"done": told.done, "total": told.total}
    text = _text(app, story_id, locale)
    if text is not None:
        seen |= {"title": text.story.title, "story": text.story.text}
        seen["segments"] = _segments(app, locale, text.story.segments)
    return seen


def _text(app: App, story_id: str, locale: str) -> CommittedText | None:
    translated = app.chains[locale].translation is not None
    key = keys.text(story_id, locale if translated else keys.WRITTEN_IN)
    try:
        return load_text(app.store.get(key), key)
    except NotFoundError:
        return None


def _segments(app: App, locale: str, texts: Sequence[str]) -> list[View]:
    """They are spoken in order: after the first silent one nothing more is looked for."""
    seen: list[View] = [{"text": text} for text in texts]
    way = app.chains[locale]
    for one in seen:
        sound = find(app.store, way.speech, one["text"], way.voice)
        if sound is None:
            break
        one |= _spoken(app, sound)
    return seen


def _spoken(app: App, sound: StoredNarration) -> View:
    return {
        "audioUrl": app.store.url(sound.audio),
        "durationMs": sound.duration_ms,
        "marks": _marks(sound.marks),
    }


def _marks(marks: Sequence[SpeechMark]) -> list[View]:
    return [
        {"timeMs": mark.time_ms, "start": mark.start, "end": mark.end, "value": mark.value} for mark in marks
    ]


def _locales(app: App, story_id: str) -> list[str]:
    """In which it is complete."""
    found = (key.split("/") for key in app.store.list(f"stories/{story_id}/"))
    return [parts[2] for parts in found if parts[-1] == "manifest.json"]


def _exists(app: App, key: str) -> bool:
    try:
        app.store.get(key)
    except NotFoundError:
        return False
    return True

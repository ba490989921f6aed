"""An edition as a reader sees it: its status, then its text, then each spoken segment.

URLs are signed when a view is made, and never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.api import covers, problems
from pipeline.api.runner import Outlook
from pipeline.app import App, Chain
from pipeline.errors import DamagedError, NotFoundError
from pipeline.steps import committed, status
from pipeline.steps.status import Status
from pipeline.storage import editions, keys
from pipeline.storage.cards import Card
from pipeline.storage.narrations import StoredNarration, find
from pipeline.storage.records import CommittedText
from pipeline.story.offers import YOUNG, Offer, audience_of
from pipeline.types import USUAL_LENGTH, Early, Manifest, ManifestSegment, SpeechMark

View = dict[str, Any]


def view(app: App, story_id: str, edition: str, outlook: Outlook | None = None) -> View:
    """A models.StoryView: of the manifest, else of the status with the text and audio that are ready.

    outlook: what its maker expects, where that is known.

    Raises NotFoundError: it was never requested.
    """
    manifest = _manifest(app, story_id, edition)
    return _in_progress(app, story_id, edition, outlook) if manifest is None else _complete(app, manifest)


def state(app: App, story_id: str, edition: str) -> Status:
    """How far it is. Raises NotFoundError: it was never requested. KeyError: no such locale."""
    app.chain(edition)
    if _manifest(app, story_id, edition) is not None:
        return Status(status.DONE, 0)
    return _status(app, story_id, edition)


def failure(app: App, story_id: str, edition: str) -> problems.Problem | None:
    """Why the story failed; None where it is complete, or still in progress."""
    if _manifest(app, story_id, edition) is not None:
        return None
    current = _status(app, story_id, edition)
    return problems.of_failure(current) if current.state == status.FAILED else None


def spoken_by(voice: str, pace: float) -> View:
    """Nothing for the locale's own voice at its usual pace."""
    return {"voice": voice, "pace": pace} if voice else {}


def _revises(story_id: str) -> View:
    """Nothing for a story that nobody edited."""
    return {"revises": story_id} if story_id else {}


def card_view(app: App, card: Card) -> View:
    """A models.Card: a line of the list of published editions."""
    return {
        "id": card.id,
        "locale": card.locale,
        "title": card.title,
        "durationMs": card.duration_ms,
        "labels": list(card.labels),
        **spoken_by(card.voice, card.pace),
        **covers.card_view(app, card),
    }


def locale_view(chain: Chain) -> View:
    """A models.LocaleView: a language with its voices."""
    return {
        "locale": chain.locale,
        "quality": chain.quality,
        "labels": list(chain.labels),
        "experimental": chain.experimental,
        "translation": chain.translation.fingerprint if chain.translation else None,
        "voices": [
            {
                "name": choice.name,
                "about": choice.about,
                "quality": choice.quality,
                "labels": list(choice.labels),
                "paced": choice.paced,
            }
            for choice in chain.voices
        ],
    }


def offer_view(offer: Offer) -> View:
    """A part of a models.Locales: lengths and audiences."""
    return {
        "lengths": [
            {"name": each.name, "words": each.words, "minutes": each.minutes} for each in offer.lengths
        ],
        "audiences": [{"name": each.name, "ages": each.ages} for each in offer.audiences],
    }


def _order(manifest: Manifest) -> View:
    """Nothing for the defaults."""
    audience = audience_of(manifest.audience)
    order = {"length": manifest.length, "audience": audience.name if audience else manifest.audience}
    return {name: value for name, value in order.items() if value not in (USUAL_LENGTH, YOUNG)}


def _complete(app: App, manifest: Manifest) -> View:
    return {
        "id": manifest.story_id,
        "locale": manifest.locale,
        "status": status.DONE,
        **spoken_by(manifest.voice, manifest.pace),
        "title": manifest.title,
        "story": " ".join(segment.text for segment in manifest.segments),
        "mp3Url": app.store.url(manifest.mp3),
        "downloadUrl": app.store.url(manifest.mp3, filename=f"{manifest.title}.mp3"),
        "durationMs": manifest.duration_ms,
        "segments": [
            {"text": segment.text, **_audio(app, segment), "startMs": segment.start_ms}
            for segment in manifest.segments
        ],
        **_private(app),
        "context": manifest.context,
        "variant": manifest.variant,
        **_revises(manifest.revises),
        **_order(manifest),
        "locales": _locales(app, manifest.story_id),
        "labels": list(manifest.labels),
        "engines": dict(manifest.engines),
        "checks": [asdict(check) for check in manifest.checks],
        **covers.view(app, manifest),
    }


def _in_progress(app: App, story_id: str, edition: str, outlook: Outlook | None) -> View:
    current = _status(app, story_id, edition)
    locale, voice, pace = editions.parse(edition)
    view: View = {
        "id": story_id,
        "locale": locale,
        "status": current.state,
        **spoken_by(voice, pace),
        "locales": _locales(app, story_id),
        **_private(app),
    }
    if current.state == status.FAILED:
        problem = problems.of_failure(current)
        retryable = problem.status in {429, 500, 502, 503}
        view |= {"problem": problem.slug, "detail": problem.detail, "retryable": retryable}
    else:
        view["progress"] = {"done": current.done, "total": current.total, **_expected(current, outlook)}
    text = _text(app, story_id, edition)
    if text is not None:
        view |= {"title": text.story.title, "story": text.story.text, **_revises(text.revises)}
        view["segments"] = _segments(app, edition, text.story.segments)
    elif current.early:
        view |= _early(app, edition, current.early)
    return view


def _private(app: App) -> View:
    """Nothing for a usual story."""
    return {"private": True, "expires": app.private.expires} if app.private else {}


def _expected(current: Status, outlook: Outlook | None) -> View:
    """A part of a models.ProgressView."""
    if outlook is None:
        return {}
    expected = {
        "ahead": outlook.ahead if current.state == status.QUEUED else None,
        "firstWordSeconds": outlook.first_word,
        "wholeSeconds": outlook.whole,
        "soundRate": outlook.sound_rate,
    }
    return {name: round(value, 1) for name, value in expected.items() if value is not None}


def _early(app: App, edition: str, early: Early) -> View:
    """Of a text that is not committed: a draft is to be read; what is translated of it, and scenes that
    passed, may be heard too.
    """
    chain = app.chain(edition)
    if chain.translation is None and early.passed:
        return {"title": early.title, "segments": _segments(app, edition, early.sentences[: early.passed])}
    if chain.translation is None:
        return {"early": {"hero": early.hero, "title": early.title, "sentences": list(early.sentences)}}
    if early.locale != chain.locale:
        return {"early": {"hero": early.hero}}
    return {"title": early.title, "segments": _segments(app, edition, early.sentences)}


def _manifest(app: App, story_id: str, edition: str) -> Manifest | None:
    """None where something is to be made, or to be mended."""
    try:
        return committed.served(app, story_id, edition)
    except NotFoundError:
        return None


def _status(app: App, story_id: str, edition: str) -> Status:
    """Of an edition that is not complete. Raises NotFoundError: never requested."""
    interrupted = Status(status.FAILED, 0, problem="interrupted", kind="UnavailableError")
    try:
        current = status.read(app.store, story_id, edition, locks=app.locks)
    except NotFoundError:
        # Made without a status, as by the command, and damaged since: the next request mends it.
        app.store.get(keys.manifest(story_id, edition))
        return interrupted
    is_left = current.state == status.QUEUED and not current.expires_at
    return interrupted if is_left and _is_made(app, story_id, edition) else current


def _is_made(app: App, story_id: str, edition: str) -> bool:
    """Whether it was complete at some time: no server takes it up again by itself."""
    key = keys.manifest(story_id, edition)
    return next(app.store.list(key), None) == key


def _text(app: App, story_id: str, edition: str) -> CommittedText | None:
    chain = app.chain(edition)
    try:
        return committed.text(app.store, story_id, chain.locale if chain.translation else keys.WRITTEN_IN)
    except (NotFoundError, DamagedError):
        return None


def _segments(app: App, edition: str, texts: Sequence[str]) -> list[View]:
    """Segments are spoken in order: none is looked up after the first that is not spoken yet."""
    chain = app.chain(edition)
    segments: list[View] = [{"text": text} for text in texts]
    for segment in segments:
        narration = find(app.store, chain.speech, segment["text"], chain.voice)
        if narration is None:
            break
        segment |= _audio(app, narration)
    return segments


def _audio(app: App, narration: StoredNarration | ManifestSegment) -> View:
    return {
        "audioUrl": app.store.url(narration.audio),
        "durationMs": narration.duration_ms,
        "marks": [_mark(mark) for mark in narration.marks],
    }


def _mark(mark: SpeechMark) -> View:
    return {"timeMs": mark.time_ms, "start": mark.start, "end": mark.end, "value": mark.value}


def _locales(app: App, story_id: str) -> list[str]:
    """The locales in which it is complete, by their own voices."""
    parts = (key.split("/") for key in app.store.list(f"stories/{story_id}/"))
    names = (edition for _, _, edition, *name in parts if name == ["manifest.json"])
    return [name for name in names if name == editions.locale(name)]

"""A story as a reader sees it; what is expected is what the steps committed."""

from __future__ import annotations

import json

import pytest

from pipeline.api import views
from pipeline.app import App
from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError, NotFoundError, StoreError
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.steps.run import run
from pipeline.steps.translate import translate
from pipeline.storage import keys
from tests.making import Listener, fake_app

ALL = {"id", "locale", "status", "title", "story", "mp3Url", "downloadUrl", "durationMs", "segments"}
ALL |= {"context", "variant", "locales", "labels", "engines", "checks"}


@pytest.fixture
def app() -> App:
    return fake_app(MemoryStore())


def made(app: App, *locales: str) -> str:
    story_id = accept(app, "l'été d'un escargot", 5)
    for locale in locales:
        run(app, story_id, locale, Listener())
    return story_id


def test_a_finished_story_is_its_manifest_with_signed_addresses(app: App) -> None:
    story_id = made(app, "fr")
    seen = views.view(app, story_id, "fr")
    kept = json.loads(app.store.get(keys.manifest(story_id, "fr")))
    assert seen.keys() == ALL
    assert seen["title"] == kept["title"]
    assert seen["mp3Url"] == app.store.url(kept["mp3"])
    assert seen["durationMs"] == kept["duration_ms"]
    assert [one["text"] for one in seen["segments"]] == [one["text"] for one in kept["segments"]]
    assert [one["audioUrl"] for one in seen["segments"]] == [
        app.store.url(one["audio"]) for one in kept["segments"]
    ]
    assert (seen["context"], seen["variant"]) == ("l'été d'un escargot", 5)
    assert seen["labels"] == ["fake"]
    assert seen["engines"].keys() == {"text", "translation", "speech", "encoder"}
    assert all(one["passed"] for one in seen["checks"])
    json.dumps(seen)


def test_the_languages_are_those_in_which_it_is_complete(app: App) -> None:
    story_id = made(app, "en", "it")
    translate(app, story_id, "fr", Listener())
    assert views.view(app, story_id, "en")["locales"] == ["en", "it"]


def test_a_text_is_shown_once_it_is_committed_and_its_sounds_once_they_are_spoken(app: App) -> None:
    story_id = accept(app, "a shy snail")
    status.queue(app.store, story_id, "fr")
    assert views.view(app, story_id, "fr").keys() == {"id", "locale", "status", "locales", "progress"}
    generate(app, story_id, Listener())
    assert "title" not in views.view(app, story_id, "fr")
    story = translate(app, story_id, "fr", Listener()).story
    seen = views.view(app, story_id, "fr")
    assert (seen["title"], seen["story"]) == (story.title, story.text)
    assert [one.keys() for one in seen["segments"]] == [{"text"}] * len(story.segments)
    way = app.chains["fr"]
    sound = way.speech.synthesize(story.segments[0], way.voice)
    first, second, *_ = views.view(app, story_id, "fr")["segments"]
    assert first["audioUrl"] == app.store.url(sound.key)
    assert first["durationMs"] == sound.duration_ms
    assert [one["value"] for one in first["marks"]] == [mark.value for mark in sound.marks]
    assert second.keys() == {"text"}


def test_a_failed_story_keeps_what_was_ready(app: App) -> None:
    story_id = accept(app, "a shy snail")
    generate(app, story_id, Listener())
    status.fail(app.store, story_id, "en", EngineError("broken"))
    seen = views.view(app, story_id, "en")
    assert (seen["status"], seen["retryable"]) == ("failed", True)
    assert seen["title"]


def test_a_failure_counts_only_where_there_is_no_story(app: App) -> None:
    story_id = made(app, "en")
    status.fail(app.store, story_id, "en", EngineError("too late"))
    assert views.failure(app, story_id, "en") is None
    status.fail(app.store, story_id, "it", EngineError("broken"))
    told = views.failure(app, story_id, "it")
    assert told
    assert told.status == 502
    status.queue(app.store, story_id, "it")
    assert views.failure(app, story_id, "it") is None


def test_what_nobody_asked_for_is_not_there(app: App) -> None:
    with pytest.raises(NotFoundError):
        views.view(app, made(app, "en"), "fr")


def test_a_damaged_manifest_is_told_as_damaged_not_as_absent(app: App) -> None:
    story_id = made(app, "en")
    app.store.put(keys.manifest(story_id, "en"), b"{")
    with pytest.raises(StoreError) as caught:
        views.view(app, story_id, "en")
    assert caught.value.problem == "damaged-record"

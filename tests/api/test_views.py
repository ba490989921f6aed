"""A story as a reader sees it, beside what the steps committed."""

from __future__ import annotations

import json
import time

import pytest

from pipeline.api import models, views
from pipeline.api.runner import Outlook
from pipeline.api.views import View
from pipeline.app import App
from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError, NotFoundError
from pipeline.steps import status
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.steps.run import run
from pipeline.steps.translate import translate
from pipeline.storage import keys
from pipeline.types import Early
from tests.making import Listener, fake_app

ALL = {"id", "locale", "status", "title", "story", "mp3Url", "downloadUrl", "durationMs", "segments"}
ALL |= {"context", "variant", "locales", "labels", "engines", "checks"}
ALL |= {"coverUrl", "coverNightUrl", "coverPngUrl", "coverText"}


@pytest.fixture
def app() -> App:
    return fake_app(MemoryStore())


def story_of(app: App, *locales: str) -> str:
    story_id = accept(app, "l'été d'un escargot", 5)
    for locale in locales:
        run(app, story_id, locale, Listener())
    return story_id


def test_a_complete_story_is_its_manifest_with_signed_urls(app: App) -> None:
    story_id = story_of(app, "fr")
    view = views.view(app, story_id, "fr")
    manifest = json.loads(app.store.get(keys.manifest(story_id, "fr")))
    assert view.keys() == ALL
    assert view["title"] == manifest["title"]
    assert view["mp3Url"] == app.store.url(manifest["mp3"])
    assert view["durationMs"] == manifest["duration_ms"]
    for shown, segment in zip(view["segments"], manifest["segments"], strict=True):
        assert shown["text"] == segment["text"]
        assert shown["audioUrl"] == app.store.url(segment["audio"])
    assert (view["context"], view["variant"]) == ("l'été d'un escargot", 5)
    assert view["labels"] == ["fake"]
    assert view["engines"].keys() == {"text", "translation", "speech", "encoder"}
    assert all(check["passed"] for check in view["checks"])
    json.dumps(view)


def test_text_appears_once_committed_and_audio_once_spoken(app: App) -> None:
    story_id = accept(app, "a shy snail")
    status.queue(app.store, story_id, "fr")
    assert views.view(app, story_id, "fr").keys() == {"id", "locale", "status", "locales", "progress"}
    generate(app, story_id, Listener())
    assert "title" not in views.view(app, story_id, "fr")
    story = translate(app, story_id, "fr", Listener()).story
    view = views.view(app, story_id, "fr")
    assert (view["title"], view["story"]) == (story.title, story.text)
    assert view["segments"] == [{"text": text} for text in story.segments]
    chain = app.chains["fr"]
    sound = chain.speech.synthesize(story.segments[0], chain.voice)
    first, second, *_ = views.view(app, story_id, "fr")["segments"]
    assert first["audioUrl"] == app.store.url(sound.key)
    assert first["durationMs"] == sound.duration_ms
    assert [mark["value"] for mark in first["marks"]] == [mark.value for mark in sound.marks]
    assert second.keys() == {"text"}


def test_a_failed_story_shows_what_was_ready(app: App) -> None:
    story_id = accept(app, "a shy snail")
    generate(app, story_id, Listener())
    status.fail(app.store, story_id, "en", EngineError("broken"))
    view = views.view(app, story_id, "en")
    assert (view["status"], view["retryable"]) == ("failed", True)
    assert view["title"]


def test_a_failure_counts_only_where_there_is_no_manifest(app: App) -> None:
    story_id = story_of(app, "en")
    status.fail(app.store, story_id, "en", EngineError("too late"))
    assert views.failure(app, story_id, "en") is None
    status.fail(app.store, story_id, "it", EngineError("broken"))
    problem = views.failure(app, story_id, "it")
    assert problem
    assert problem.status == 502
    status.queue(app.store, story_id, "it")
    assert views.failure(app, story_id, "it") is None


@pytest.mark.parametrize("status_file", [True, False])
def test_a_story_with_a_damaged_manifest_may_be_asked_for_again(app: App, status_file: bool) -> None:
    story_id = story_of(app, "en")
    if status_file:
        status.write(app.store, story_id, "en", status.Status(status.SPEAKING, 0))
    app.store.put(keys.manifest(story_id, "en"), b"{")
    view = views.view(app, story_id, "en")
    assert (view["status"], view["retryable"]) == ("failed", True)
    run(app, story_id, "en", Listener())
    assert views.view(app, story_id, "en")["status"] == "done"


def test_a_story_that_was_never_requested_is_not_found(app: App) -> None:
    with pytest.raises(NotFoundError):
        views.view(app, "0" * 32, "en")


def at_work(app: App, story_id: str, edition: str, state: str, early: Early) -> View:
    now = status.Status(state, time.time() + 60, early=early)
    status.write(app.store, story_id, edition, now)
    return views.view(app, story_id, edition, Outlook(1, 4.04, 9.0, None))


def test_a_draft_is_there_to_read_in_english_and_its_hero_in_every_language(app: App) -> None:
    story_id = accept(app, "a shy snail")
    draft = Early("en", "Pip", "Pip and the Sea", ("One.", "Two."))
    english = at_work(app, story_id, "en", status.WRITING, draft)
    assert english["early"] == {"hero": "Pip", "title": "Pip and the Sea", "sentences": ["One.", "Two."]}
    assert "segments" not in english
    assert "title" not in english
    assert english["progress"] == {"done": 0, "total": 0, "firstWordSeconds": 4.0, "wholeSeconds": 9.0}
    assert at_work(app, story_id, "fr", status.WRITING, draft)["early"] == {"hero": "Pip"}
    queued = at_work(app, story_id, "fr", status.QUEUED, draft)
    assert queued["progress"]["ahead"] == 1


def test_a_scene_that_passed_is_there_to_hear_while_the_next_is_written(app: App) -> None:
    story_id = accept(app, "a shy snail", length="good-night")
    chain = app.chain("en")
    chain.speech.synthesize("One.", chain.voice)
    written = Early("en", "Pip", "Pip and the Sea", ("One.", "Two.", "Thr"), passed=2)
    view = at_work(app, story_id, "en", status.WRITING, written)
    assert (view["status"], view["title"]) == ("writing", "Pip and the Sea")
    assert [segment["text"] for segment in view["segments"]] == ["One.", "Two."]
    assert ["audioUrl" in segment for segment in view["segments"]] == [True, False]
    models.StoryView.model_validate(view)
    # In another language nothing of it is translated before it is whole.
    assert at_work(app, story_id, "fr", status.WRITING, written)["early"] == {"hero": "Pip"}


@pytest.mark.parametrize("audience", ["tiny", "grown-up pirates"])
def test_a_story_says_its_length_and_its_audience_where_they_are_not_the_usual(
    app: App, audience: str
) -> None:
    story_id = accept(app, "a shy snail", audience=audience, length="good-night")
    run(app, story_id, "en", Listener())
    view = views.view(app, story_id, "en")
    assert (view["length"], view["audience"]) == ("good-night", audience)
    models.StoryView.model_validate(view)


def test_a_translated_sentence_is_there_to_hear_before_the_whole_is_committed(app: App) -> None:
    story_id = accept(app, "a shy snail")
    generate(app, story_id, Listener())
    chain = app.chain("fr")
    chain.speech.synthesize("[fr] One.", chain.voice)
    view = at_work(
        app, story_id, "fr", status.TRANSLATING, Early("fr", "", "[fr] Pip", ("[fr] One.", "[fr] Two."))
    )
    assert (view["title"], len(view["segments"])) == ("[fr] Pip", 2)
    assert ["audioUrl" in segment for segment in view["segments"]] == [True, False]
    assert "story" not in view
    assert "early" not in view
    models.StoryView.model_validate(view)
